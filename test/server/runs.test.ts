/** `bench run --runs`: repetitions, what lies between them, and what they say together. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OkRecord, RequestRecord } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { aggregateRuns } from '../../src/core/metrics/repetitions.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { allEnded, findFreePort, readPids, tinyServer } from './support.ts'

function answer(run: number, n: number, sentAt: number, ms: number): OkRecord {
  return {
    n,
    id: `${run}-${n}`,
    scenario: 'c1',
    phase: 'measure',
    run,
    item: `${n}`,
    outcome: 'ok',
    dueAt: sentAt,
    sentAt,
    headersAt: sentAt + 1,
    endAt: sentAt + ms,
    status: 200,
    events: { us: [ms * 1000], kind: 't' },
    outputTokens: 1,
    tokenSource: 'server',
  }
}

function summarize(records: readonly RequestRecord[]) {
  const summarizer = createSummarizer()
  for (const record of records) summarizer.add(record)
  return summarizer.summary([{ name: 'c1', title: '1 stream' }])[0]!
}

describe('what repetitions come to', () => {
  // Ten requests of 100 ms in the first second, ten of 200 ms in two seconds an hour later.
  const first = Array.from({ length: 10 }, (_, n) => answer(1, n, n * 100, 100))
  const second = Array.from({ length: 10 }, (_, n) => answer(2, n, 3_600_000 + n * 200, 200))

  it('pools all requests, leaves the pause out of rates, and counts each run once in the aggregate', () => {
    const summary = summarize([...first, ...second])
    expect(summary.counts.requests).toBe(20)
    expect(summary.window).toEqual({ name: 'measure', startAt: 0, endAt: 3_602_000, pausedMs: 3_599_000 })
    expect(summary.metrics.req_s).toMatchObject({ value: 20 / 3 })
    expect(summary.metrics.ttft).toMatchObject({ distribution: { count: 20, mean: 150 } })
    expect(summary.runs!.map(({ run, counts }) => [run, counts.requests])).toEqual([
      [1, 10],
      [2, 10],
    ])
    expect(summary.runs![1]!.metrics.req_s).toMatchObject({ value: 5 })
    const { mean, values, deviation, low, high } = summary.aggregate!.req_s!.value!
    expect([mean, values]).toEqual([7.5, [10, 5]])
    expect(deviation).toBeCloseTo(Math.sqrt(12.5), 12)
    // Student's t for one degree of freedom: 12.7062.
    expect(high! - mean).toBeCloseTo(12.706204736 * 2.5, 6)
    expect(mean - low!).toBeCloseTo(high! - mean, 9)
  })

  it('is the same in whatever order runs are read, and without histograms of each', () => {
    const mixed = first.flatMap((record, index) => [second[index]!, record])
    expect(summarize(mixed).aggregate).toEqual(summarize([...first, ...second]).aggregate)
    expect(JSON.stringify(summarize(mixed).runs)).not.toContain('histogram')
  })

  it('has no interval from a single value, and names what a run lacks', () => {
    const { runs } = summarize([...first, ...second])
    const lacking = {
      ...runs![1]!,
      metrics: { req_s: { kind: 'absent', unit: 'requests/s', reason: 'none' } },
    } as const
    expect(aggregateRuns([runs![0]!, lacking]).req_s!.value).toEqual({ values: [10, null], mean: 10 })
    expect(aggregateRuns([lacking])).toEqual({})
  })

  it('is absent where there are no repetitions', () => {
    const single = summarize(first.map(({ run: _, ...record }) => record))
    expect(single.runs).toBeUndefined()
    expect(single.aggregate).toBeUndefined()
  })
})

describe('bench run --runs', () => {
  it('measures all scenarios again and again, each warmed up, never with the same prompt, and reports the same', async () => {
    const mock = await startMock('--ttft', '5ms', '--itl', '1ms')
    await withFolder(async (cwd) => {
      const args = ['--concurrency', '1,2', '--requests', '4', '--warmup', '1', '--output-tokens', '4', '--out', 'mine']
      const limits = ['--runs', '3', '--cooldown', '50ms', '--gate', 'errors<1%']
      const run = await runBench(['run', '--url', mock.url, ...args, ...limits, '--json'], { cwd })
      expect(run).toMatchObject({ code: 0 })
      const folder = join(cwd, 'mine')
      expect(findProblems(folder)).toEqual([])
      const { manifest, summary, records } = readRunFolder(folder)
      const parts = records.map(({ run: repetition, scenario, phase }) => `${repetition} ${scenario} ${phase}`)
      expect([...new Set(parts)]).toEqual(
        [1, 2, 3].flatMap((one) =>
          ['c1', 'c2'].flatMap((name) => ['warmup', 'measure'].map((phase) => `${one} ${name}-in128~32-out4 ${phase}`)),
        ),
      )
      expect(records).toHaveLength(3 * 2 * 5)
      expect(new Set(records.map(({ item }) => item)).size).toBe(records.length)
      expect(manifest.scenarios[0]!.windows!.map((window) => [window.run, window.name])).toEqual(
        [1, 2, 3].flatMap((one) => [
          [one, 'warmup'],
          [one, 'measure'],
        ]),
      )
      expect(summary.scenarios.map(({ counts, runs }) => [counts.requests, runs?.length])).toEqual([
        [12, 3],
        [12, 3],
      ])
      expect(summary.gates).toHaveLength(2)
      const report = await runBench(['report', 'mine', '--json'], { cwd })
      expect(JSON.parse(report.stdout)).toEqual(JSON.parse(run.stdout))
      expect((await runBench(['report', 'mine'], { cwd })).stdout).toMatch(/over 3 runs/)
      expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toMatch(/over 3 runs/)
    })
    await mock.close()
  }, 60_000)

  it('--restart measures a fresh server each time, with a cold start each', async () => {
    await withFolder(async (cwd) => {
      const port = await findFreePort()
      const pids = join(cwd, 'pids')
      const server = ['--url', `http://127.0.0.1:${port}`, '--start', tinyServer(port, { pids }), '--restart']
      const load = ['--concurrency', '1', '--requests', '3', '--runs', '2', '--cooldown', '0', '--out', 'mine']
      expect(await runBench(['run', ...server, ...load], { cwd })).toMatchObject({ code: 0 })
      expect(new Set(readPids(pids)).size).toBe(2)
      await allEnded(readPids(pids))
      const { manifest, records } = readRunFolder(join(cwd, 'mine'))
      expect(manifest.server!.coldStarts.map(({ run }) => run)).toEqual([1, 2])
      expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true)
      expect(readFileSync(join(cwd, 'mine/server-2.log'), 'utf8')).toBe('listening\n')
    })
  }, 60_000)

  it.each([
    [['--runs', '0'], /--runs: "0" is not/],
    [['--cooldown', '5s'], /--cooldown .*--runs/],
    [['--runs', '2', '--restart'], /--restart .*--start and --runs/],
    [['--start', 'true'], /--start .*--url/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await runBench(['run', ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })
})
