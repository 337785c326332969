/** The plugin beside real processes. What it counts is counted by the processes themselves as well. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Sampler } from 'inferbench'
import { afterEach, describe, expect, it } from 'vitest'
import type { ProcessSample, Usage } from '../../plugins/process/watch.ts'
import plugin from '../../plugins/process.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { startProcess } from '../support/command.ts'
import { findPort } from '../support/port.ts'
import { createContext, readSamples } from './context.ts'

const worker = fileURLToPath(new URL('./fixtures/worker.mjs', import.meta.url))
const runtime = 'Deno' in globalThis ? ['run', '-A', worker] : [worker]

const clean: (() => unknown)[] = []
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end()
})

interface Worker {
  readonly url: string
  readonly pid: number
  readonly port: number
  tell(what: string): Promise<void>
  end(): Promise<unknown>
}

async function startWorker(port = 0): Promise<Worker> {
  const running = startProcess(process.execPath, [...runtime, `${port}`])
  const end = (): Promise<unknown> => {
    running.child.kill('SIGTERM')
    return running.finished
  }
  clean.push(end)
  const [, listening] = await running.until(/port (\d+)/)
  const url = `http://127.0.0.1:${listening}`
  return {
    url,
    pid: running.child.pid!,
    port: Number(listening),
    end,
    async tell(what) {
      await (await fetch(`${url}/${what}`, { headers: { connection: 'close' } })).text()
    },
  }
}

/** A clock that tests move on, so that nothing has to be waited for. */
async function movableClock() {
  const { clock } = await loadPlatform()
  let aheadMs = 0
  return {
    clock: { ...clock, now: () => clock.now() + aheadMs, epoch: () => clock.epoch() + aheadMs },
    move: (ms: number) => {
      aheadMs += ms
    },
  }
}

interface Watch {
  readonly sampler: Sampler
  /** With everything, as every two seconds. */
  look(): Promise<ProcessSample>
}

async function watch(url: string, serverPid?: () => number | undefined): Promise<Watch> {
  const { clock, move } = await movableClock()
  const context = await createContext({ url, platform: { clock }, ...(serverPid && { serverPid }) })
  const sampler = await plugin.sample!(context)
  clean.push(() => sampler.close())
  return {
    sampler,
    async look() {
      move(600_000)
      return (await readSamples(sampler))[0] as ProcessSample
    },
  }
}

function serverOf(sample: ProcessSample): Usage {
  if (sample.server === undefined) expect.fail(`no server: ${sample.noServer}`)
  return sample.server
}

const MIB = 2 ** 20

describe.skipIf(!existsSync('/proc/self/stat'))('on Linux', () => {
  it('works here', async () => {
    expect(await plugin.check!(await loadPlatform())).toBeUndefined()
  })

  it('finds a server by its port, and sees its CPU, memory and files', async () => {
    const server = await startWorker()
    const { sampler, look } = await watch(server.url)
    expect(sampler.source).toMatch(new RegExp(`^/proc: the server is \\S.* \\(process ${server.pid}\\)$`))
    const before = serverOf(await look())
    expect(before).toMatchObject({ processes: 1 })
    await server.tell('burn/300')
    await server.tell('allocate/96')
    await server.tell('open/50')
    const after = serverOf(await look())
    // Ticks of 10 ms, of each of the two kinds.
    expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(280)
    expect(after.memoryBytes - before.memoryBytes).toBeGreaterThan(64 * MIB)
    expect(after.files! - before.files!).toBeGreaterThanOrEqual(50)
    expect(after.threads).toBeGreaterThanOrEqual(1)
  })

  it('sees children as they come, and what those used that were gone before anybody looked', async () => {
    const server = await startWorker()
    const { look } = await watch(server.url)
    const before = serverOf(await look())
    await server.tell('spawn')
    await server.tell('fork/300')
    const after = serverOf(await look())
    expect(after.processes).toBe(2)
    expect(after.proportionalBytes).toBeGreaterThan(0)
    expect(after.proportionalBytes).toBeLessThanOrEqual(after.memoryBytes)
    expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(280)
  })

  it('sees the whole of the group that the run started', async () => {
    const port = await findPort()
    const command = [process.execPath, ...runtime, `${port}`].map((word) => `'${word}'`).join(' ')
    const shell = spawn('sh', ['-c', `sleep 1000 & ${command}; true`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    clean.push(() => process.kill(-shell.pid!, 'SIGKILL'))
    await new Promise((resolve) => shell.stdout.once('data', resolve))
    const { sampler, look } = await watch(`http://localhost:${port}`, () => shell.pid)
    expect(sampler.source).toContain(`(process ${shell.pid} and 2 more)`)
    expect(serverOf(await look()).processes).toBe(3)
  })

  it('looks past a command that passes on to a server elsewhere', async () => {
    const server = await startWorker()
    const other = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
    clean.push(() => other.kill('SIGKILL'))
    const { sampler } = await watch(server.url, () => other.pid)
    expect(sampler.source).toContain(`(process ${server.pid})`)
  })

  it('goes on with the server that is started anew, and its counters never go back', async () => {
    let current: Worker | undefined = await startWorker()
    const { port } = current
    const { look } = await watch(current.url, () => current?.pid)
    await current.tell('burn/200')
    const first = serverOf(await look())
    await current.end()
    current = undefined
    expect(await look()).toMatchObject({ noServer: 'it is not running' })
    const between = await look()
    expect(between.noServer).toBeUndefined()
    expect(between.client.memoryBytes).toBeGreaterThan(0)
    current = await startWorker(port)
    const second = serverOf(await look())
    expect(second.processes).toBe(1)
    expect(second.cpuMs).toBeGreaterThanOrEqual(first.cpuMs)
    await current.tell('burn/200')
    expect(serverOf(await look()).cpuMs - second.cpuMs).toBeGreaterThanOrEqual(180)
  })

  it('finds a server again that somebody else restarted', async () => {
    const server = await startWorker()
    const { look } = await watch(server.url)
    serverOf(await look())
    await server.end()
    const gone = await look()
    expect(gone.server).toBeUndefined()
    expect(gone.noServer).toMatch(/no process of this machine itself listens on port/)
    await startWorker(server.port)
    expect(serverOf(await look()).processes).toBe(1)
  })

  it('shows the client, whatever there is to say of the server', async () => {
    const { look, sampler } = await watch('http://192.0.2.77:8000')
    expect(sampler.source).toContain('192.0.2.77 is not known to be this machine')
    const used = (): number => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    }
    const before = await look()
    const usedBefore = used()
    while (used() < usedBefore + 300) Math.sqrt(2)
    const after = await look()
    expect(after.client.cpuMs - before.client.cpuMs).toBeGreaterThanOrEqual(280)
    expect(after.client.memoryBytes).toBeGreaterThan(10 * MIB)
    expect(after.client.files).toBeGreaterThan(2)
    expect(after.client.threads).toBeGreaterThan(1)
    expect(after.clientWait).toBeGreaterThanOrEqual(0)
    expect(after.machine?.cores).toBeGreaterThan(0)
  })

  it('knows a server that is the client itself', async () => {
    const served = await (await loadPlatform()).serve!(() => new Response('x'), { port: 0 })
    clean.push(() => served.close())
    expect((await watch(served.url)).sampler.source).toContain('it runs within this very process')
  })

  it('takes the process that the user names', async () => {
    const server = await startWorker()
    const context = await createContext({ url: 'http://192.0.2.77:8000', options: { pid: server.pid } })
    const sampler = await plugin.sample!(context)
    expect(sampler.source).toContain(`(process ${server.pid})`)
    const lost = await plugin.sample!(await createContext({ url: server.url, options: { pid: 2 ** 22 + 1 } }))
    expect(lost.source).toContain(`there is no process ${2 ** 22 + 1} to be seen`)
  })
})
