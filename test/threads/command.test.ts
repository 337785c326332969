/** Real threads, through the command: same records, one clear line when a thread is lost, no secret left, nobody left behind. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import type { RequestRecord } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, runBench, startBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

let mock: Awaited<ReturnType<typeof startMock>>
beforeAll(async () => {
  mock = await startMock('--ttft', '1ms', '--itl', '1ms')
})
afterAll(() => mock.close())

const load = ['--seed', '7', '--output-tokens', '6', '--prompt-tokens', '16', '--warmup', '4', '--out', 'mine']

/** What does not depend on when, sorted. */
function strip(records: readonly RequestRecord[]): object[] {
  return [...records]
    .sort((a, b) => (a.scenario + a.phase).localeCompare(b.scenario + b.phase) || a.n - b.n)
    .map((record) => {
      if (record.outcome !== 'ok') throw new Error(`${record.n}: ${record.outcome}`)
      const { scenario, phase, n, item, askedInputTokens, maxTokens, inputTokens, outputTokens, finish } = record
      const kinds = [...record.events.kind].sort().join('')
      return { scenario, phase, n, item, askedInputTokens, maxTokens, inputTokens, outputTokens, finish, kinds }
    })
}

describe('records', { timeout: 90_000 }, () => {
  it.each([
    ['a closed loop', ['--concurrency', '1,5', '--requests', '25'], ['1', '3']],
    ['an open schedule with a cap', ['--rate', '150', '--requests', '30', '--max-in-flight', '3'], ['2']],
    ['whole answers', ['--no-stream', '--concurrency', '4', '--requests', '20'], ['2']],
    ['completions', ['--endpoint', 'completions', '--concurrency', '3', '--requests', '20'], ['2']],
  ])('are the same with any number of threads: %s', async (_, args, counts) => {
    const seen: object[][] = []
    for (const threads of ['0', ...counts])
      await withFolder(async (cwd) => {
        const all = ['run', '--url', mock.url, ...load, ...args, '--threads', threads]
        const { code, stderr } = await runBench(all, { cwd })
        expect(code, stderr).toBe(0)
        expect(findProblems(join(cwd, 'mine'))).toEqual([])
        seen.push(strip(readRunFolder(join(cwd, 'mine')).records))
      })
    for (const one of seen) expect(one).toEqual(seen[0])
  })

  it('come with what each thread used, the main thread last', async () => {
    await withFolder(async (cwd) => {
      const args = ['--concurrency', '4', '--duration', '1500ms', '--threads', '2']
      const { code, stderr } = await runBench(['run', '--url', mock.url, ...load, ...args], { cwd })
      expect(code, stderr).toBe(0)
      const { client } = readRunFolder(join(cwd, 'mine'))
      expect(client.length).toBeGreaterThan(3)
      const told = client.filter(({ cpu }) => cpu !== undefined)
      // Bun and Deno tell of a single thread on Linux alone. The first line may come before the first word of a thread.
      if (process.platform === 'linux') expect(told.length).toBeGreaterThanOrEqual(client.length - 2)
      for (const { cpu, spin } of told) {
        expect(cpu).toHaveLength(3)
        expect(spin).toHaveLength(3)
      }
    })
  })
})

/** An adapter that does `what` in a thread, once it has encoded so many calls there. */
function spoil(cwd: string, what: string, after: number): string {
  const path = join(cwd, 'mine.mjs')
  writeFileSync(
    path,
    `import { isMainThread } from 'node:worker_threads'
import openai from 'inferbench/adapters/openai'
let count = 0
export default {
  ...openai,
  name: 'mine',
  encode(call, target) {
    if (!isMainThread && ++count > ${after}) { ${what} }
    return openai.encode(call, target)
  },
}
`,
  )
  return path
}

describe('a thread that is lost', () => {
  const run = async (cwd: string, adapter: string, threads: string): Promise<Finished> => {
    const args = ['--concurrency', '16', '--requests', '100000', '--output-tokens', '1', '--threads', threads]
    return await runBench(['run', '--url', mock.url, '--adapter', adapter, ...args, '--warmup', '0', '--out', 'mine'], {
      cwd,
    })
  }

  it.each([
    ['by an error', `throw new Error('no more calls\\nand a second line')`, '2', /no more calls$/m],
    ['by an error in the only one', `throw new Error('no more calls')`, '1', /no more calls$/m],
    ['by an unhandled rejection', `Promise.reject(new Error('no more calls'))`, '2', /no more calls$/m],
    ['by its own leaving', 'process.exit(3)', '2', /it ended by itself$/m],
  ])('%s ends the run with one line, and what was measured is kept', async (_, what, threads, line) => {
    await withFolder(async (cwd) => {
      const { code, stderr } = await run(cwd, spoil(cwd, what, 1000), threads)
      expect(code, stderr).toBe(1)
      expect(stderr).toMatch(/^bench: a load thread was lost: /m)
      expect(stderr).toMatch(line)
      expect(stderr).not.toMatch(/^\s+at /m)
      const { summary, records } = readRunFolder(join(cwd, 'mine'))
      expect(summary.stopped).toMatch(/a load thread was lost/)
      expect(records.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(20)
      expect(new Set(records.map(({ n }) => n)).size).toBe(records.length)
    })
  })

  it('before anything was sent ends it just so', async () => {
    await withFolder(async (cwd) => {
      const { code, stderr } = await run(cwd, spoil(cwd, `throw new Error('not one call')`, 0), '2')
      expect(code).toBe(1)
      expect(stderr).toMatch(/^bench: a load thread was lost: not one call$/m)
      expect(stderr).not.toMatch(/^\s+at /m)
    })
  })

  it('an adapter that cannot be loaded there is the error that it is here', async () => {
    await withFolder(async (cwd) => {
      const path = join(cwd, 'mine.mjs')
      writeFileSync(
        path,
        `import { isMainThread } from 'node:worker_threads'
import openai from 'inferbench/adapters/openai'
if (!isMainThread) throw new Error('not here')
export default openai
`,
      )
      const { code, stderr } = await run(cwd, path, '2')
      expect(code).toBe(2)
      expect(stderr).toMatch(/^bench: cannot load ".*mine\.mjs": not here$/m)
    })
  })
})

describe('the key', () => {
  it('reaches the server through threads, and no file, output or argument', async () => {
    const secret = 'sk-canary-thread-1'
    const keys: (string | undefined)[] = []
    let arrived = (): void => {}
    const first = new Promise<void>((resolve) => {
      arrived = resolve
    })
    let release = (): void => {}
    const looked = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = createServer(async (request, response) => {
      if (request.method === 'GET') {
        response.end('{"data":[{"id":"m"}]}')
        return
      }
      keys.push(request.headers.authorization)
      arrived()
      await looked
      response.setHeader('content-type', 'text/event-stream')
      response.end(
        `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: secret }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await withFolder(async (cwd) => {
        const adapter = spoil(cwd, 'throw new Error(JSON.stringify(target.headers))', 60)
        const args = ['--adapter', adapter, '--concurrency', '2', '--requests', '5000', '--warmup', '0']
        const bench = startBench(
          ['run', '--url', url, '--threads', '2', '--api-key-env', 'CANARY', '--out', 'mine', ...args],
          { cwd, env: { CANARY: secret } },
        )
        await Promise.race([first, bench.finished])
        if (process.platform === 'linux' && bench.child.exitCode === null)
          expect(readFileSync(`/proc/${bench.child.pid}/cmdline`, 'utf8')).not.toContain(secret)
        release()
        const { stdout, stderr } = await bench.finished
        expect(stderr).toMatch(/a load thread was lost/)
        const files = readdirSync(join(cwd, 'mine'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
        expect([stdout, stderr, ...files].filter((text) => text.includes(secret))).toEqual([])
        for (const key of keys) expect(key).toBe(`Bearer ${secret}`)
      })
    } finally {
      release()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
