/** `bench compare` of two servers: measured in turn, each into a run folder of its own, by the same questions. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTurns, orderTurns } from '../../src/core/engine/turns.ts'
import { runBench, startBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { allEnded, findFreePort, readPids, tinyServer } from './support.ts'

let quick: { readonly url: string; close(): Promise<void> }
let slow: typeof quick
beforeAll(async () => {
  ;[quick, slow] = await Promise.all([
    startMock('--ttft', '2ms', '--itl', '1ms'),
    startMock('--ttft', '300ms', '--itl', '30ms'),
  ])
})
afterAll(() => Promise.all([quick.close(), slow.close()]))

const LOAD = ['--concurrency', '2', '--requests', '6', '--output-tokens', '4']

/** The measured windows of both sides, by time. */
function listTurns(folder: string): readonly string[] {
  return ['before', 'after']
    .flatMap((role) => {
      const { manifest } = readRunFolder(join(folder, role))
      const { originEpochMs } = manifest.clock
      return manifest.scenarios[0]!.windows!.flatMap(({ name, run, startAt, endAt }) =>
        name === 'measure'
          ? [{ turn: `${role} ${run}`, from: originEpochMs + startAt, to: originEpochMs + endAt }]
          : [],
      )
    })
    .sort((a, b) => a.from - b.from)
    .map(({ turn, from }, index, all) => {
      expect(index === 0 || from >= all[index - 1]!.to).toBe(true)
      return turn
    })
}

describe('turns', () => {
  it('come in an order that is the same from either end, where their number is even', () => {
    expect(orderTurns(3)).toEqual([0, 1, 1, 0, 0, 1])
    expect(orderTurns(4)).toEqual([...orderTurns(4)].reverse())
  })

  it('are taken one at a time, in order', async () => {
    const check = fc.asyncProperty(fc.integer({ min: 1, max: 5 }), async (rounds) => {
      const order = orderTurns(rounds)
      const turns = createTurns(order, 0, new AbortController().signal)
      const taken: number[] = []
      let running = 0
      const run = async (side: number): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          await turns.begin(side)
          expect(++running).toBe(1)
          taken.push(side)
          await Promise.resolve()
          running--
          turns.end()
        }
      }
      await Promise.all([run(1), run(0)])
      expect(taken).toEqual(order)
    })
    await fc.assert(check)
  })

  it('keep nobody waiting who has to stop', async () => {
    const stopping = new AbortController()
    const turns = createTurns([0, 1], 3_600_000, stopping.signal)
    await turns.begin(0)
    const waiting = turns.begin(1)
    stopping.abort()
    await waiting
  })
})

describe('bench compare of two servers', () => {
  it('starts one, measures it and ends it, then the other, and alternates', () =>
    withFolder(async (cwd) => {
      const port = await findFreePort()
      const pids = join(cwd, 'pids')
      const start = tinyServer(port, { pids })
      const args = ['--url', `http://127.0.0.1:${port}`, '--start', start, '--start', start, '--out', 'ab']
      const more = ['--runs', '2', '--cooldown', '0', '--label', 'old', '--label', 'new', '--format', 'json']
      const { code, stdout, stderr } = await runBench(['compare', ...args, ...LOAD, ...more], { cwd })
      expect(code, stderr).toBe(0)
      expect(listTurns(join(cwd, 'ab'))).toEqual(['before 1', 'after 1', 'after 2', 'before 2'])
      const [before, after] = ['before', 'after'].map((role) => readRunFolder(join(cwd, 'ab', role)))
      expect(before!.manifest.seed).toBe(after!.manifest.seed)
      expect(before!.records.map(({ item }) => item).sort()).toEqual(after!.records.map(({ item }) => item).sort())
      for (const role of ['before', 'after']) {
        expect(findProblems(join(cwd, 'ab', role))).toEqual([])
        expect(readFileSync(join(cwd, 'ab', role, 'server-2.log'), 'utf8')).toBe('listening\n')
      }
      expect(before!.manifest.server!.coldStarts.map(({ run }) => run)).toEqual([1, 2])
      expect(new Set(readPids(pids)).size).toBe(4)
      await allEnded(readPids(pids))
      const comparison = JSON.parse(stdout)
      expect(comparison).toEqual(JSON.parse(readFileSync(join(cwd, 'ab/comparison.json'), 'utf8')))
      expect([comparison.before, comparison.after]).toEqual(['ab/before (old)', 'ab/after (new)'])
      const changes = comparison.loads[0].changes as { figure: { field: string }; interval_pct?: number[] }[]
      for (const field of ['latency_p50_ms', 'cold_start_ms']) {
        const [low, high] = changes.find(({ figure }) => figure.field === field)!.interval_pct!
        expect(low).toBeLessThan(high!)
      }
      // Its folders are runs as any other, and together a folder of results.
      expect((await runBench(['compare', 'ab/before', 'ab/after'], { cwd })).code).toBe(0)
      const scored = await runBench(['score', 'ab', '--by-cold-start', '--format', 'json'], { cwd })
      expect([scored.code, scored.stderr]).toEqual([0, ''])
      expect(JSON.parse(scored.stdout)['cold-start'].entries).toHaveLength(2)
    }))

  it('measures two that run already, and fails when the second is worse', () =>
    withFolder(async (cwd) => {
      const urls = ['--url', quick.url, '--url', slow.url, '--out', 'ab', '--fail-on-regression', '50']
      const { code, stdout, stderr } = await runBench(['compare', ...urls, ...LOAD], { cwd })
      expect([code, stdout]).toEqual([3, expect.stringMatching(/TTFT p50, ms .* WORSE/)])
      expect(stderr).toMatch(/worse: 2 streams: TTFT p50/)
      expect(stderr).toMatch(/--runs 4 repeats them in turn/)
      const again = await runBench(['compare', ...urls, ...LOAD], { cwd })
      expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('already holds a run')])
    }))

  it('--compat has the rules of old tools, and gates are those of each side', () =>
    withFolder(async (cwd) => {
      const urls = ['--url', quick.url, '--url', slow.url]
      const [probador, sagellm, gated] = await Promise.all([
        runBench(['compare', ...urls, ...LOAD, '--compat', 'probador', '--out', 'a'], { cwd }),
        runBench(['compare', ...urls, ...LOAD, '--compat', 'sagellm', '--out', 'b'], { cwd }),
        runBench(['compare', ...urls, ...LOAD, '--gate', 'ttft.p50<200ms', '--out', 'c'], { cwd }),
      ])
      expect([probador.code, probador.stdout]).toEqual([1, expect.stringMatching(/^latency_p50_ms: .* EXCEEDED$/m)])
      expect([sagellm.code, JSON.parse(sagellm.stdout).overall_status]).toEqual([2, 'critical'])
      expect([gated.code, gated.stderr]).toEqual([3, expect.stringMatching(/gate ttft\.p50<200ms/)])
    }))

  it('says which server failed, and leaves none behind', () =>
    withFolder(async (cwd) => {
      const port = await findFreePort()
      const pids = join(cwd, 'pids')
      const url = ['--url', `http://127.0.0.1:${port}`]
      const starts = ['--start', tinyServer(port, { pids }), '--start', tinyServer(port, { failWith: 'out of memory' })]
      const { code, stdout, stderr } = await runBench(['compare', ...url, ...starts, ...LOAD, '--out', 'ab'], { cwd })
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/^bench: after: the server .*out of memory/m)
      await allEnded(readPids(pids))
      expect(readRunFolder(join(cwd, 'ab/before')).records.length).toBeGreaterThan(0)
    }))

  it('ends both at Ctrl-C', () =>
    withFolder(async (cwd) => {
      const urls = ['--url', quick.url, '--url', slow.url, '--duration', '1h', '--concurrency', '1', '--out', 'ab']
      const running = startBench(['compare', ...urls], { cwd })
      await running.until(/before, 1 stream.*measuring/)
      process.kill(running.child.pid!, 'SIGINT')
      const { code, stderr } = await running.finished
      expect([code, stderr]).toEqual([130, expect.stringMatching(/interrupted; what was measured is in ab\n$/)])
      expect(existsSync(join(cwd, 'ab/before/summary.json'))).toBe(true)
    }))

  it.each([
    [['--start', 'a'], /--start is given once; .*--url twice/],
    [['--url', 'http://localhost'], /two servers: give --start twice, or --url twice/],
    [['--start', 'a', '--start', 'b'], /--start starts a server, .*add --url/],
    [['--url', 'a', '--url', 'b', '--url', 'c'], /--url is given 3 times/],
    [['--url', 'a', '--url', 'b', '--label', 'x'], /--label is given once/],
    [['--url', 'a', '--url', 'b', '--label', 'x', '--label', 'y=z'], /--label: "y=z"/],
    [['a', 'b', '--concurrency', '4'], /--concurrency is about servers/],
    [['--url', 'a', '--url', 'b', '--set-baseline'], /--set-baseline/],
    [['--url', 'a', '--url', 'b', '--cooldown', '1s'], /--cooldown .*--runs/],
    [['--url', 'a', '--url', 'b', '--concurency', '1'], /did you mean --concurrency/],
    [['--url', 'a', '--url', 'b', '--junit', 'x'], /no flag --junit/],
    [['a'], /needs two results .* or two servers/],
    [
      ['--url', 'http://127.0.0.1:1', '--url', 'http://127.0.0.1:1', '--ready-timeout', '100ms'],
      /before: .*is not ready/,
    ],
  ])('%j: one line', async (args, message) => {
    const { code, stdout, stderr } = await runBench(['compare', ...args])
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(message)
    expect([stdout, code]).toEqual(['', args.includes('--ready-timeout') ? 1 : 2])
  })
})
