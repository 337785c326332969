import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, type Running, startBench, startMock, withFolder } from '../support/command.ts'
import { readLines, readRunFolder } from '../support/run-folder.ts'

let mock: { readonly url: string; close(): Promise<void> }
beforeAll(async () => {
  mock = await startMock('--ttft', '20ms', '--itl', '5ms')
})
afterAll(() => mock.close())

const long = (...args: readonly string[]) => [
  'run',
  '--url',
  mock.url,
  '--duration',
  '5m',
  '--concurrency',
  '4',
  '--warmup',
  '0',
  '--out',
  'mine',
  ...args,
]

/** Deno's `node:child_process` says of a process that was sent a signal and then exited by itself that the signal killed it. */
function exitCode({ code, signal }: Finished): number | null {
  return 'Deno' in globalThis && code === null && signal !== null ? 130 : code
}

/** Not `child.kill`, which on Deno sends one signal and no more. */
function press({ child }: Running, signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): void {
  try {
    process.kill(child.pid!, signal)
  } catch {
    // It is gone already.
  }
}

describe('signals', () => {
  it('the first stops, drains, and writes and shows what there is', async () => {
    await withFolder(async (cwd) => {
      const bench = startBench(long('--output-tokens', '16'), { cwd })
      await bench.until(/measuring/)
      press(bench)
      // A launcher passes the same keypress on: it must not count as the second one.
      press(bench)
      const finished = await bench.finished
      expect(exitCode(finished)).toBe(130)
      const { stdout, stderr } = finished
      expect(stdout).toMatch(/TTFT/)
      expect(stderr).toMatch(/stopping/)
      const { summary, records } = readRunFolder(join(cwd, 'mine'))
      expect(summary.stopped).toMatch(/interrupted/)
      expect(records.length).toBeGreaterThan(0)
      expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true)
    })
  })

  it('SIGTERM does the same, and open requests are recorded as aborted when the drain ends', async () => {
    await withFolder(async (cwd) => {
      const bench = startBench(long('--output-tokens', '4000', '--drain', '0'), { cwd })
      await bench.until(/measuring/)
      press(bench, 'SIGTERM')
      expect(exitCode(await bench.finished)).toBe(130)
      const { records } = readRunFolder(join(cwd, 'mine'))
      expect(records.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted', 'aborted', 'aborted'])
    })
  })

  it('the second leaves at once, and the log is intact', async () => {
    await withFolder(async (cwd) => {
      const bench = startBench(long('--output-tokens', '4000', '--drain', '5m'), { cwd })
      await bench.until(/measuring/)
      press(bench)
      await bench.until(/stopping/)
      // Not a test of timing: signals are repeated until one is late enough to be a second keypress.
      const again = setInterval(() => press(bench), 100)
      const finished = await bench.finished.finally(() => clearInterval(again))
      expect(exitCode(finished)).toBe(130)
      expect(readdirSync(join(cwd, 'mine'))).toContain('manifest.json')
      expect(() => readLines(join(cwd, 'mine/records.jsonl'))).not.toThrow()
    })
  })

  it('before anything was measured it says so', async () => {
    let asked = (): void => {}
    const firstQuestion = new Promise<void>((resolve) => {
      asked = resolve
    })
    const server = createServer((_, response) => {
      asked()
      response.writeHead(503).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await withFolder(async (cwd) => {
      const bench = startBench(['run', '--url', `http://127.0.0.1:${port}`, '--ready-timeout', '5m'], { cwd })
      await firstQuestion
      press(bench)
      const finished = await bench.finished
      expect([exitCode(finished), finished.stdout]).toEqual([130, ''])
      expect(finished.stderr).toMatch(/interrupted before anything was measured/)
      expect(readdirSync(cwd)).toEqual([])
    })
    server.close()
  })
})
