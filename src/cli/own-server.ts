/** The server that `bench run` starts when no URL is named: a mock, or the CPU backend with a model of the user's. */
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions } from '../core/options/mod.ts'
import type { Platform, Served } from '../core/platform.ts'
import { type MockOptions, mockProfiles } from '../mock/mod.ts'
import { serveMock } from '../mock/serve.ts'
import { startServerProcess } from '../platform/server-process.ts'
import type { CpuOptions } from './cpu-engine.ts'

export interface OwnServer extends Served {
  /** The user's options, with those that this server decides. */
  readonly options: CheckedOptions
  /** What a person should know: what is measured. */
  readonly said: string
}

/** Throws `BenchError('unsupported')` where the runtime can neither start a process nor listen, or lacks a library. */
export async function startOwnServer(options: CheckedOptions, platform: Platform): Promise<OwnServer> {
  return options.adapter === 'cpu' ? await startOwnCpu(options, platform) : await startOwnMock(options, platform)
}

async function startOwnMock(options: CheckedOptions, platform: Platform): Promise<OwnServer> {
  const { adapter, model } = options
  const profile = mockProfiles.find((name) => name === adapter)
  const mockOptions: MockOptions = {
    ...(profile === undefined ? {} : { profile }),
    ...(model === undefined ? {} : { model }),
  }
  const served =
    platform.startModule === undefined
      ? await serveMock(platform, mockOptions)
      : await startServerProcess(platform, moduleBeside('mock-process'), mockOptions, 'a mock server of our own')
  const said = 'no --url given: measuring a mock server of our own'
  return { ...served, said, options: { adapter: 'mock', ...options, url: served.url } }
}

async function startOwnCpu(options: CheckedOptions, platform: Platform): Promise<OwnServer> {
  const { model: path, ...others } = options
  if (path === undefined) {
    throw new BenchError(
      'usage',
      '--adapter cpu needs --model FILE.gguf, or the --url of a "bench cpu" that is running',
    )
  }
  const { checkCpu, defaultSlots } = await import('./cpu-engine.ts')
  const isOpen = [options.rate, options.stages, options.replay].some((load) => load !== undefined)
  const { concurrency = [defaultSlots] } = options
  // A place for each request in flight: else the first thing that is measured is our own queue.
  const cpuOptions: CpuOptions = { model: path, slots: Math.max(...concurrency) }
  // Here rather than in the other process, so that the line is ours and the exit code right.
  checkCpu(cpuOptions)
  const served = await startServerProcess(
    platform,
    moduleBeside('cpu-process'),
    cpuOptions,
    'the CPU backend',
    'commands',
  )
  const said = `measuring ${path} on this machine's CPU, in a process of its own`
  // The model's own name is what the server lists.
  return { ...served, said, options: { ...(isOpen ? {} : { concurrency }), ...others, url: served.url } }
}

function moduleBeside(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
}
