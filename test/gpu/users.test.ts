import { spawn } from 'node:child_process'
import type { PluginContext, Sample } from 'inferbench'
import { afterEach, describe, expect, it } from 'vitest'
import gpu, { openGpus } from '../../plugins/gpu.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { createTestContext } from '../conformance/plugin-source.ts'
import { createStandIns, type StandIns } from './stand-in.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const LISTEN = "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })"

/** A process that listens, as a server does. */
async function startListener(): Promise<{ readonly pid: number; readonly baseUrl: string }> {
  const child = spawn('node', ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  cleanups.push(() => child.kill('SIGKILL'))
  const port = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())))
  return { pid: child.pid!, baseUrl: `http://127.0.0.1:${port}` }
}

const uuidOf = (index: number): string => `GPU-00000000-0000-0000-0000-00000000000${index}`
const row = (index: number, pid: number, memory: string): string =>
  `2026/07/14 08:12:53.500, ${uuidOf(index)}, ${pid}, ${memory}`

async function standIn(rows: readonly string[]): Promise<StandIns> {
  const standIns = await createStandIns({ nvidia: 'h200-x8-590.csv' })
  cleanups.push(standIns.remove)
  standIns.setProcesses(rows)
  return standIns
}

function contextFor({ platform }: StandIns, given: Partial<PluginContext> = {}, baseUrl?: string): PluginContext {
  const { context } = createTestContext(platform, {}, { platform, ...given })
  return baseUrl === undefined ? context : { ...context, target: { ...context.target, baseUrl } }
}

const { os } = (await loadPlatform()).machine

// Only /proc says whose a process is.
describe.skipIf(!/^linux/i.test(String(os)))('the GPUs of a server', () => {
  it('are those on which its processes hold memory', async () => {
    const [{ pid, baseUrl }, other] = [await startListener(), await startListener()]
    const standIns = await standIn([row(2, pid, '60000'), row(5, pid, '60000'), row(6, other.pid, '500')])
    // By its port, and as what the run started.
    for (const serverPid of [() => undefined, () => pid]) {
      const { source, used } = await openGpus(contextFor(standIns, { serverPid }, baseUrl))
      cleanups.push(source.close)
      expect(used).toEqual({ gpus: [2, 5], why: 'its processes hold memory there' })
    }
  })

  it('are shared with whoever else computes there', async () => {
    const [server, other] = [await startListener(), await startListener()]
    // The last one is in another namespace: nobody can say whose it is.
    const standIns = await standIn([row(2, server.pid, '60000'), row(2, other.pid, '370'), row(2, 4_194_303, '370')])
    const sampler = await gpu.sample!(contextFor(standIns, { options: { every: 40 } }, server.baseUrl))
    cleanups.push(() => sampler.close())
    const samples: Sample[] = []
    while (!samples.some(({ processes }) => processes !== undefined)) {
      const read = await sampler.read(0, new AbortController().signal)
      samples.push(...([read ?? []].flat() as Sample[]))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const line = samples.find(({ processes }) => processes !== undefined)
    expect(line?.processes).toEqual([
      { gpu: 2, pid: server.pid, memoryMib: 60_000, server: true },
      { gpu: 2, pid: other.pid, memoryMib: 370, server: false },
      { gpu: 2, pid: 4_194_303, memoryMib: 370 },
    ])
    expect(sampler.source).toMatch(
      /^nvidia-smi 590\.48\.01, every 40 ms; GPU 2 of 8 \(its processes hold memory there\)$/,
    )
  })

  it('are all where its processes are not known, and those that the user names', async () => {
    const standIns = await standIn([])
    const opened = await openGpus(contextFor(standIns))
    cleanups.push(opened.source.close)
    expect(opened.used).toEqual({
      gpus: [0, 1, 2, 3, 4, 5, 6, 7],
      why: 'all: the processes of the server are not known',
    })
    const named = await openGpus(contextFor(standIns, { options: { devices: `3, ${uuidOf(1).toUpperCase()}` } }))
    cleanups.push(named.source.close)
    expect(named.used).toEqual({ gpus: [1, 3], why: 'named by the user' })
    await expect(openGpus(contextFor(standIns, { options: { devices: '0,9' } }))).rejects.toThrow(
      'devices: there is no GPU "9"; there are 0, 1, 2, 3, 4, 5, 6, 7; or write all',
    )
  })

  it('are not this machine’s where the server is elsewhere, but by the user’s word', async () => {
    const standIns = await standIn([])
    const elsewhere = 'http://gpu-box.example:8000'
    await expect(openGpus(contextFor(standIns, {}, elsewhere))).rejects.toThrow(
      /^gpu-box\.example is not known to be this machine/,
    )
    const said = await openGpus(contextFor(standIns, { options: { devices: 'all' } }, elsewhere))
    cleanups.push(said.source.close)
    expect(said.used.gpus).toHaveLength(8)
  })
})
