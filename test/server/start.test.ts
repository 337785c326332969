/** `bench run --start`: the life of a server that the run starts for itself, with real processes. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { runBench, startBench, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { allEnded, findFreePort, isRunning, isWritten, readPids, tinyServer } from './support.ts'

const LIMIT_MS = 60_000

function arguments_(port: number, command: string, ...more: readonly string[]): string[] {
  const url = `http://127.0.0.1:${port}`
  return ['run', '--url', url, '--start', command, '--concurrency', '2', '--requests', '6', '--out', 'mine', ...more]
}

describe('a run that starts its server', () => {
  it(
    'waits for it, measures it, keeps its log, knows its cold start, and ends it with its children',
    async () => {
      await withFolder(async (cwd) => {
        const port = await findFreePort()
        const pids = join(cwd, 'pids')
        const key = 'sk-canary-0123456789'
        const token = 'hf_inherited_0123456789'
        const server = tinyServer(port, { readyAfterMs: 300, child: true, pids, say: `key ${key}` })
        const command = `echo "token $HF_TOKEN"; SERVER_API_KEY=${key} ${server}`
        const finished = await runBench(arguments_(port, command), { cwd, env: { HF_TOKEN: token } })
        expect(finished).toMatchObject({ code: 0 })
        expect(readPids(pids)).toHaveLength(2)
        await allEnded(readPids(pids))

        const folder = join(cwd, 'mine')
        expect(findProblems(folder)).toEqual([])
        const log = readFileSync(join(folder, 'server.log'), 'utf8')
        expect(log).toBe('token [hidden]\nkey [hidden]\nlistening\n')
        const { manifest, summary } = readRunFolder(folder)
        expect(summary.scenarios[0]!.counts.byOutcome).toEqual({ ok: 6 })
        const { command: written, probes, coldStarts } = manifest.server!
        expect(written).toContain('SERVER_API_KEY=[hidden]')
        expect(probes).toEqual(['GET /health'])
        expect(coldStarts).toHaveLength(1)
        const { coldStartMs, resolutionMs } = coldStarts[0]!
        // It says not ready for so long itself.
        expect(coldStartMs).toBeGreaterThan(300)
        expect(resolutionMs).toBeGreaterThan(0)
        expect(resolutionMs).toBeLessThan(coldStartMs)
        expect(finished.stdout).toMatch(/server ready [\d.]+ m?s after its start/)
        for (const name of readdirSync(folder)) {
          if (name.includes('.')) expect(readFileSync(join(folder, name), 'utf8')).not.toContain(key)
        }
        expect(finished.stdout + finished.stderr).not.toContain(key)
      })
    },
    LIMIT_MS,
  )

  it(
    'refuses a port on which somebody listens already, and starts nothing',
    async () => {
      const busy = createServer((_, response) => response.end('{}'))
      await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
      const { port } = busy.address() as { readonly port: number }
      await withFolder(async (cwd) => {
        const started = join(cwd, 'started')
        const { code, stdout, stderr } = await runBench(arguments_(port, `touch ${started}`), { cwd })
        expect([code, stdout]).toEqual([2, ''])
        expect(stderr).toMatch(/^bench: http:\/\/127\.0\.0\.1:\d+ is busy: [^\n]+\n$/)
        expect(existsSync(started)).toBe(false)
      })
      await new Promise((resolve) => busy.close(resolve))
    },
    LIMIT_MS,
  )

  it(
    'says at once why a server ended before it was ready',
    async () => {
      await withFolder(async (cwd) => {
        const port = await findFreePort()
        const command = tinyServer(port, { say: 'loading weights', failWith: 'CUDA error: no device' })
        const { code, stdout, stderr } = await runBench(arguments_(port, command), { cwd })
        expect([code, stdout]).toEqual([1, ''])
        const last = stderr.trimEnd().split('\n').at(-1)
        expect(last).toMatch(
          /^bench: the server ended with code 3 before it was ready; its last lines .*loading weights.*/,
        )
        expect(last).toContain('CUDA error: no device')
        expect(readFileSync(join(cwd, 'mine/server.log'), 'utf8')).toContain('CUDA error: no device')
      })
    },
    LIMIT_MS,
  )

  it.each([
    ['inferbench-no-such-command', /code 127 .*not found/],
    ['true', /code 0 .*wrote nothing.*must stay/],
  ])(
    'a command that is no server: %s',
    async (command, message) => {
      await withFolder(async (cwd) => {
        const { code, stderr } = await runBench(arguments_(await findFreePort(), command), { cwd })
        expect(code).toBe(1)
        expect(stderr).toMatch(message)
      })
    },
    LIMIT_MS,
  )

  it(
    'gives up on a server that is never ready, and ends it',
    async () => {
      await withFolder(async (cwd) => {
        const port = await findFreePort()
        const pids = join(cwd, 'pids')
        const command = tinyServer(port, { readyAfterMs: 1e9, pids })
        const { code, stderr } = await runBench(arguments_(port, command, '--ready-timeout', '8s'), { cwd })
        expect(code).toBe(1)
        expect(stderr).toMatch(/is not ready: .*503.*server\.log/)
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )

  it(
    'sees a server die while it is measured, and quotes its log',
    async () => {
      await withFolder(async (cwd) => {
        const port = await findFreePort()
        const command = tinyServer(port, { dieAfter: 5 })
        const args = arguments_(port, command, '--requests', '100000', '--warmup', '0')
        args.splice(args.indexOf('6') - 1, 2)
        const { code, stderr } = await runBench([...args, '--api-key-env', 'CANARY'], {
          cwd,
          env: { CANARY: 'sk-canary-0123456789' },
        })
        expect(code).toBe(1)
        expect(stderr).toMatch(/the server ended with code 9 during the run; .*out of memory, and a key: \[hidden\]/)
        const { summary, records } = readRunFolder(join(cwd, 'mine'))
        expect(records.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThanOrEqual(4)
        expect(summary.stopped).toMatch(/ended with code 9/)
        expect(findProblems(join(cwd, 'mine'))).toEqual([])
      })
    },
    LIMIT_MS,
  )
})

describe('whatever ends the run ends the server', () => {
  const endless = (port: number, pids: string, ...more: readonly string[]) => {
    const args = arguments_(port, tinyServer(port, { child: true, pids }), '--duration', '5m', ...more)
    args.splice(args.indexOf('--requests'), 2)
    return args
  }

  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    '%s',
    async (signal) => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        const bench = startBench(endless(await findFreePort(), pids), { cwd })
        await bench.until(/measuring/)
        expect(readPids(pids).every(isRunning)).toBe(true)
        process.kill(bench.child.pid!, signal)
        await bench.finished
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )

  it(
    'SIGKILL while the server is not ready yet',
    async () => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        const port = await findFreePort()
        const bench = startBench(arguments_(port, tinyServer(port, { readyAfterMs: 1e9, child: true, pids })), { cwd })
        await bench.until(/waiting up to/)
        await isWritten(pids)
        process.kill(bench.child.pid!, 'SIGKILL')
        await bench.finished
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )

  it(
    'a server that ignores SIGTERM',
    async () => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        const port = await findFreePort()
        const bench = startBench(arguments_(port, tinyServer(port, { child: true, stubborn: true, pids })), { cwd })
        expect(await bench.finished).toMatchObject({ code: 0 })
        await allEnded(readPids(pids))
        expect(readFileSync(join(cwd, 'mine/server.log'), 'utf8')).toContain('not yet')
      })
    },
    LIMIT_MS,
  )

  it.runIf(process.platform === 'linux').each(['SIGKILL', 'SIGINT'] as const)(
    '%s, where a process of the server has left its group and ignores SIGTERM',
    async (signal) => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        const port = await findFreePort()
        const args = arguments_(port, tinyServer(port, { leaves: true, stubborn: true, pids }), '--duration', '5m')
        args.splice(args.indexOf('--requests'), 2)
        const bench = startBench(args, { cwd })
        await bench.until(/measuring/)
        expect(readPids(pids)).toHaveLength(2)
        process.kill(bench.child.pid!, signal)
        await bench.finished
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )

  it.runIf(process.platform === 'linux')(
    'a server that becomes a daemon',
    async () => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        const port = await findFreePort()
        // It is there before the command ends.
        const command = `${tinyServer(port, { daemon: true, pids })}; until test -s '${pids}'; do sleep 0.05; done`
        const { code, stderr } = await runBench(arguments_(port, command), { cwd })
        expect(code).toBe(1)
        expect(stderr).toMatch(/ended with code 0 .*the command must stay until the server ends/)
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )

  it(
    'an error in the middle',
    async () => {
      await withFolder(async (cwd) => {
        const pids = join(cwd, 'pids')
        writeFileSync(
          join(cwd, 'bad.mjs'),
          `import openai from 'inferbench/adapters/openai'
        let calls = 0
        const fail = () => { throw new Error('boom') }
        export default { ...openai, encode(call, target) {
          if (++calls === 20) setTimeout(fail, 0)
          return openai.encode(call, target)
        } }`,
        )
        const { code, stderr } = await runBench(
          endless(await findFreePort(), pids, '--adapter', './bad.mjs', '--threads', '0'),
          { cwd },
        )
        expect(code).toBe(1)
        expect(stderr).toMatch(/boom/)
        await allEnded(readPids(pids))
      })
    },
    LIMIT_MS,
  )
})
