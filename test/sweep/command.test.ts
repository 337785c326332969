/** `bench sweep` as a process, against servers whose edge is known. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Summary } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { allEnded, findFreePort, readPids, tinyServer } from '../server/support.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

const QUICK = ['--ttft', '5ms', '--itl', '1ms']
const SMALL = ['--prompt-tokens', '8', '--output-tokens', '4', '--out', 'mine']

describe('bench sweep --slo', () => {
  it('finds how much a server takes that turns the rest away, and its folder reports the same', async () => {
    // Four run and one waits; more in flight are refused, however quick the machine is.
    const limits = [
      '--slots',
      '4',
      '--queue',
      '1',
      '--prefill-tokens-per-second',
      '4000',
      '--decode-tokens-per-second',
      '4000',
    ]
    const mock = await startMock(...QUICK, ...limits)
    await withFolder(async (cwd) => {
      const args = ['--url', mock.url, '--to', '8', '--slo', 'e2e=1m', '--requests', '80', '--precision', '10']
      const run = await runBench(['sweep', ...args, ...SMALL, '--json'], { cwd })
      expect([run.code, run.stderr]).toEqual([0, expect.not.stringMatching(/^bench:/m)])
      const { sweep, scenarios } = JSON.parse(run.stdout) as Summary
      const { load, low, high, complete } = sweep!.answer!
      expect(complete).toBe(true)
      expect(load).toBeGreaterThanOrEqual(4)
      expect(load).toBeLessThanOrEqual(5)
      expect(low).toBeGreaterThanOrEqual(1)
      expect(low!).toBeLessThanOrEqual(load!)
      expect(high!).toBeGreaterThan(load!)
      expect(high!).toBeLessThanOrEqual(8)
      expect(sweep!.levels.map(({ scenario }) => scenario)).toEqual(scenarios.map(({ scenario }) => scenario))
      expect(sweep!.levels.find((level) => level.load === load)!.runs).toBeGreaterThanOrEqual(2)

      const folder = join(cwd, 'mine')
      expect(findProblems(folder)).toEqual([])
      const { manifest, records } = readRunFolder(folder)
      expect(manifest.scenarios.map(({ name }) => name)).toEqual(scenarios.map(({ scenario }) => scenario))
      expect(new Set(records.map(({ item }) => item)).size).toBe(records.length)
      const report = await runBench(['report', 'mine', '--json'], { cwd })
      expect(JSON.parse(report.stdout)).toEqual(JSON.parse(run.stdout))
      const table = await runBench(['report', 'mine'], { cwd })
      expect(table.stdout).toMatch(/requests\/s over mean latency[\s\S]*highest load that meets e2e<=60000ms/)
      expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toMatch(/## Sweep[\s\S]*\| 4 streams \|/)
    })
    await mock.close()
  }, 60_000)

  it('exits with 3 when no load meets the limits, as its report does', async () => {
    const mock = await startMock(...QUICK)
    await withFolder(async (cwd) => {
      const args = ['--url', mock.url, '--by', 'rate', '--from', '50', '--to', '200', '--slo', 'ttft=1ms']
      const run = await runBench(['sweep', ...args, '--requests', '30', '--warmup', '1', ...SMALL], { cwd })
      expect(run.code).toBe(3)
      expect(run.stdout).toMatch(/no load meets ttft<=1ms for 95 % of requests/)
      expect((await runBench(['report', 'mine'], { cwd })).code).toBe(3)
    })
    await mock.close()
  }, 60_000)

  it('starts the server, and ends it', async () => {
    await withFolder(async (cwd) => {
      const port = await findFreePort()
      const pids = join(cwd, 'pids')
      const server = ['--url', `http://127.0.0.1:${port}`, '--start', tinyServer(port, { pids })]
      const load = ['--concurrency', '1,2', '--requests', '80', '--slo', 'e2e=1m', '--out', 'mine']
      const run = await runBench(['sweep', ...server, ...load], { cwd })
      expect([run.code, run.stderr]).toEqual([0, expect.not.stringMatching(/^bench:/m)])
      await allEnded(readPids(pids))
      expect(readRunFolder(join(cwd, 'mine')).summary.sweep!.answer).toMatchObject({ load: 2, low: 2 })
    })
  }, 60_000)
})

describe('bench sweep without limits', () => {
  it('climbs until a load is saturated, or with --no-early-stop to the end', async () => {
    // One runs at a time: eight in flight wait eight times as long.
    const one = ['--slots', '1', '--prefill-tokens-per-second', '2000', '--decode-tokens-per-second', '1000']
    const mock = await startMock(...QUICK, ...one)
    await withFolder(async (cwd) => {
      const args = ['--url', mock.url, '--concurrency', '1,8,16', '--requests', '20', '--json']
      const stopped = await runBench(['sweep', ...args, ...SMALL], { cwd })
      expect(stopped.code).toBe(0)
      const { sweep } = JSON.parse(stopped.stdout) as Summary
      expect(sweep!.levels.map(({ load, saturated }) => [load, saturated])).toEqual([
        [1, false],
        [8, true],
      ])
      expect(sweep).toMatchObject({ optimal: 1, knee: 1, pareto: [1] })
      const whole = await runBench(['sweep', ...args, '--no-early-stop', ...SMALL.slice(0, -1), 'whole'], { cwd })
      expect((JSON.parse(whole.stdout) as Summary).sweep!.levels.map(({ load }) => load)).toEqual([1, 8, 16])
    })
    await mock.close()
  }, 60_000)
})

describe('wrong usage of bench sweep', () => {
  it.each([
    [['--presicion', '5'], /no flag --presicion; did you mean --precision/],
    [['--concurrency-levels', '1,2'], /did you mean --concurrency\?/],
    [['--saturation-threshold', '3'], /did you mean --saturation\?/],
    [['--runs', '3'], /no flag --runs/],
    [['--precision', '5'], /--precision .*--slo/],
    [['--slo', 'ttft=1s', '--factor', '3'], /--factor .*--no-search/],
    [['--concurrency', '4'], /--concurrency 4 is one load/],
    [['--concurrency', '1,2', '--to', '8'], /--to contradicts --concurrency/],
    [['--concurrency', '1,2', '--by', 'rate'], /--by rate contradicts --concurrency/],
    [['--by', 'users'], /"users" is neither streams nor rate/],
    [['--from', '8', '--to', '4'], /--to 4 is not above --from 8/],
    [['--to', '64', '--requests', '16'], /16 requests \(--requests\) never keep so many/],
    [['--share', '101', '--slo', 'ttft=1s'], /"101" is not a percentage from 1 to 100/],
    [['--url', 'http://127.0.0.1:9', '--prompt-tokens', '8,16'], /one length of prompts/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await runBench(['sweep', ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })
})
