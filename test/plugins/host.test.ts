/** The host of plugins, in whole runs against a real server: what is read and when, and what happens when it goes wrong. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricPlugin, Platform, RunPlan, RunResult, Sample, Sampler } from 'inferbench'
import { BenchError } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportFolder } from '../../src/core/engine/report.ts'
import { run } from '../../src/core/engine/run.ts'
import { parseGate } from '../../src/core/metrics/gates.ts'
import { createMetricRegistry } from '../../src/core/metrics/registry.ts'
import { renderJson } from '../../src/core/report/json.ts'
import { withFolder } from '../support/command.ts'
import { loadTestPlatform, makePlan, makeScenario } from '../support/plan.ts'
import { serveTicks, type TickServer, ticker } from '../support/ticks.ts'

let platform: Platform
let server: TickServer
beforeAll(async () => {
  platform = await loadTestPlatform()
  server = await serveTicks()
})
afterAll(() => server.close())

const MEASURED = 12
const WARMED = 5

function plan(plugins: readonly MetricPlugin[], changes: Partial<RunPlan> = {}): RunPlan {
  const scenario = makeScenario({ requests: MEASURED, warmup: { kind: 'requests', requests: WARMED } })
  return makePlan(server.url, { plugins, scenarios: [scenario], ...changes })
}

function watch(plugins: readonly MetricPlugin[], changes: Partial<RunPlan> = {}): Promise<RunResult> {
  return run(plan(plugins, changes), platform)
}

function sampling(id: string, sampler: Partial<Sampler>, more: Partial<MetricPlugin> = {}): MetricPlugin {
  return {
    id,
    summary: 'one of the test',
    definitions: [],
    sample: async () => ({ source: id, everyMs: 10, read: async (at) => ({ at }), close: async () => {}, ...sampler }),
    ...more,
  }
}

const ticksOf = (result: RunResult, phase?: string): unknown => {
  const figures = result.summary.plugins?.[0]?.scenarios[0]
  const metrics = phase === undefined ? figures?.metrics : figures?.phases?.[phase]
  const ticks = metrics?.ticks
  return ticks?.kind === 'scalar' ? ticks.value : ticks
}

describe('edges', () => {
  it('differ a counter by exactly what each window sent', async () => {
    const result = await watch([ticker])
    expect(ticksOf(result)).toBe(MEASURED)
    expect(ticksOf(result, 'warmup')).toBe(WARMED)
  })

  it('do so with scenarios and repetitions', async () => {
    const scenarios = [makeScenario({ name: 'a', requests: 7 }), makeScenario({ name: 'b', requests: 9 })] as const
    const result = await watch([ticker], { scenarios, repeat: { runs: 3, cooldownMs: 0, restart: false } })
    const counts = result.summary.plugins![0]!.scenarios.map(({ metrics }) => metrics.ticks)
    expect(counts).toMatchObject([{ value: 21 }, { value: 27 }])
  })

  it('see an idle server before and after, where that is asked for', async () => {
    const result = await watch([{ ...ticker, idleMs: 120 }])
    expect(result.manifest.idle?.map(({ name }) => name)).toEqual(['before', 'after'])
    for (const { startAt, endAt } of result.manifest.idle!) expect(endAt - startAt).toBeGreaterThanOrEqual(119)
    expect([ticksOf(result, 'before'), ticksOf(result), ticksOf(result, 'after')]).toEqual([0, MEASURED, 0])
    const none = await watch([{ ...ticker, idleMs: 120 }], { idleMs: 0 })
    expect(none.manifest.idle).toBeUndefined()
  })
})

describe('a report', () => {
  it('gives what the run gave, to the last digit', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      const gates = [parseGate('ticks<5', createMetricRegistry([ticker]))]
      const result = await watch([ticker], { out, gates, idleMs: 60 })
      expect(result.summary.gates).toMatchObject([{ status: 'missed', value: MEASURED }])
      const report = await reportFolder(platform.files!, out, [ticker])
      expect(renderJson(report.summary)).toBe(readFileSync(join(out, 'summary.json'), 'utf8'))
      expect(report.summary.plugins).toMatchObject([{ plugin: 'ticker', source: `${server.url}/ticks` }])
    }))
})

describe('a plugin that goes wrong', () => {
  const opens = (sample: MetricPlugin['sample']): MetricPlugin => ({ ...ticker, sample: sample! })

  it.each<[string, MetricPlugin, RegExp]>([
    [
      'throws at once',
      opens(() => {
        throw new Error('at once')
      }),
      /^at once$/,
    ],
    ['rejects', opens(() => Promise.reject(new BenchError('unreachable', 'no such source'))), /^no such source$/],
    ['throws what is no error', opens(() => Promise.reject(Object.create(null))), /cannot be told/],
    ['gives no sampler', opens(async () => ({}) as Sampler), /gave no sampler/],
    [
      'reads nothing but failures',
      sampling('x', { read: () => Promise.reject(new Error('it is broken')) }),
      /^it is broken$/,
    ],
    [
      'throws when it is read',
      sampling('x', {
        read: () => {
          throw new Error('at once')
        },
      }),
      /^at once$/,
    ],
    ['has no instants', sampling('x', { read: async () => ({}) as Sample }), /no instant/],
    ['has instants that are no numbers', sampling('x', { read: async () => ({ at: Number.NaN }) }), /no instant/],
    ['is in the future', sampling('x', { read: async () => ({ at: 1e9 }) }), /in the future/],
    ['gives what is no JSON', sampling('x', { read: async (at) => ({ at, big: 1n }) }), /no JSON/],
  ])('%s: a reason, and the run goes on', async (_, plugin, reason) => {
    const result = await watch([plugin])
    expect(result.failure).toBeUndefined()
    expect(result.summary.scenarios[0]!.counts.byOutcome).toEqual({ ok: MEASURED })
    expect(result.summary.plugins![0]!.absent).toMatch(reason)
  })

  it('hangs: is asked once, keeps nobody waiting for long, and is closed', async () => {
    let asked = 0
    let closed = 0
    const hangs = sampling('hangs', {
      read: () => {
        asked++
        return new Promise(() => {})
      },
      close: async () => {
        closed++
      },
    })
    const result = await watch([hangs, ticker])
    expect(asked).toBe(1)
    expect(closed).toBe(1)
    expect(result.summary.plugins!.map(({ plugin }) => plugin)).toEqual(['hangs', 'ticker'])
    expect(result.summary.plugins![0]!.absent).toMatch(/^no reading within/)
    expect(result.summary.plugins![1]!.scenarios[0]!.metrics.ticks).toMatchObject({ value: MEASURED })
  })
})
