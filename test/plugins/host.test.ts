/** The host of plugins, in whole runs against a real server: what is read and when, and what happens when it goes wrong. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricPlugin, Observation, Platform, RunPlan, RunResult, Sample, Sampler } from 'inferbench'
import { BenchError } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportFolder } from '../../src/core/engine/report.ts'
import { run } from '../../src/core/engine/run.ts'
import { parseGate } from '../../src/core/metrics/gates.ts'
import { createMetricRegistry } from '../../src/core/metrics/registry.ts'
import { renderJson } from '../../src/core/report/json.ts'
import { renderTable } from '../../src/core/report/table.ts'
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

describe('a plugin that lies in its figures', () => {
  const gives = (observation: unknown): MetricPlugin => ({ ...ticker, summarize: () => observation as Observation })
  const sound = { kind: 'scalar', unit: '1', value: 3 }

  it.each<[string, MetricPlugin, RegExp, unknown]>([
    [
      'throws',
      {
        ...ticker,
        summarize: () => {
          throw new Error('divided by zero')
        },
      },
      /^its figures failed: divided by zero$/,
      { kind: 'absent', unit: '1', reason: 'its figures failed: divided by zero' },
    ],
    ['gives nothing', gives(undefined), /^its figures failed/, { kind: 'absent' }],
    [
      'gives NaN',
      gives({ metrics: { ticks: { ...sound, value: Number.NaN } } }),
      /^ticks: .* be read$/,
      { kind: 'absent' },
    ],
    [
      'gives another unit',
      gives({ metrics: { ticks: { ...sound, unit: 'W' } } }),
      /W in the place of 1/,
      { kind: 'absent' },
    ],
    [
      'gives another kind',
      gives({ metrics: { tick_level: { ...sound, unit: 'W' }, ticks: sound } }),
      /^tick_level: .* scalar, and it is a distribution$/,
      sound,
    ],
    [
      'gives what it did not define',
      gives({ metrics: { ticks: sound, tocks: sound } }),
      /"tocks" is none of its metrics/,
      sound,
    ],
    [
      'finds what has no limit of its own',
      gives({ metrics: { ticks: sound }, findings: [{ code: 'errors', figure: 100, message: 'all' }] }),
      /no limit of its own/,
      sound,
    ],
    [
      'throws from a getter',
      gives({
        get metrics() {
          throw new Error('got')
        },
      }),
      /^its figures failed: got$/,
      { kind: 'absent' },
    ],
  ])('%s: a named fault, and every other figure stands', async (_, plugin, fault, expected) => {
    const result = await watch([plugin])
    const [figures] = result.summary.plugins![0]!.scenarios
    expect(figures!.fault).toMatch(fault)
    expect(figures!.metrics.ticks).toMatchObject(expected as object)
    expect(result.summary.scenarios[0]!.counts.byOutcome).toEqual({ ok: MEASURED })
    expect(result.summary.verdict.reasons.map(({ code }) => code)).not.toContain('errors')
  })
})

describe('findings', () => {
  const finds = (figure: number): MetricPlugin => ({
    ...ticker,
    limits: [{ ...ticker.limits![0]!, suspect: 10, invalid: 20, explains: ['few-answers'] }],
    summarize: (series, window) => ({
      ...ticker.summarize!(series, window),
      findings: [{ code: 'many-ticks', figure, message: `${figure} ticks` }],
    }),
  })

  it('make a run SUSPECT or INVALID, and explain what follows from them', async () => {
    const one = makeScenario({ requests: 5 })
    const { verdict } = (await watch([finds(15)], { scenarios: [one] })).summary
    const reasonOf = (wanted: string) => verdict.reasons.find(({ code }) => code === wanted)
    const place = { figure: 15, limit: 10, scenario: 'test' }
    expect(reasonOf('many-ticks')).toMatchObject({ ...place, severity: 'suspect', remedy: 'another server' })
    expect(reasonOf('few-answers')).toMatchObject({ follows: 'many-ticks' })
    expect((await watch([finds(25)])).summary.verdict.status).toBe('INVALID')
  })

  it('are judged by the limits of the user', async () => {
    const { verdict } = (await watch([finds(15)], { limits: { 'many-ticks': { suspect: 16 } } })).summary
    expect(verdict.reasons.map(({ code }) => code)).not.toContain('many-ticks')
  })

  it('are about all repetitions together, and explain each', async () => {
    const repeat = { runs: 2, cooldownMs: 0, restart: false }
    const { verdict } = (await watch([finds(15)], { repeat, scenarios: [makeScenario({ requests: 5 })] })).summary
    expect(verdict.reasons.filter(({ code }) => code === 'many-ticks')).toHaveLength(1)
    expect(verdict.reasons.filter(({ follows }) => follows === 'many-ticks').map(({ run: n }) => n)).toEqual([1, 2])
  })
})

describe('what a plugin is given', () => {
  it('gets pages with the key of the run at the origin of the server alone, and with its own user part', async () => {
    const elsewhere = await serveTicks()
    const asked: unknown[] = []
    try {
      const asks = sampling(
        'asks',
        {},
        {
          async sample({ get }) {
            const address = new URL(elsewhere.url)
            address.username = 'me'
            address.password = 'p@ss'
            const reply = await get(`${server.url}/ticks`)
            await get(`${elsewhere.url}/metrics`)
            await get(`${address.href}secret`)
            asked.push(reply.status, reply.headers.get('content-type'), reply.endAt >= reply.sentAt)
            throw new Error('enough')
          },
        },
      )
      const { target } = plan([])
      const key = 'sk-the-key-of-the-run'
      const secrets = { target: { ...target, apiKey: key, headers: [['x-team', 'red'] as const] }, secrets: [key] }
      const result = await watch([asks], secrets)
      expect(asked).toEqual([200, 'application/json', true])
      const own = server.asked.at(-1)!
      expect(own).toMatchObject({ url: '/ticks', headers: { authorization: `Bearer ${key}`, 'x-team': 'red' } })
      const [plain, named] = elsewhere.asked
      expect(plain!.headers.authorization).toBeUndefined()
      expect(plain!.headers['x-team']).toBeUndefined()
      expect(named).toMatchObject({ url: '/secret', headers: { authorization: `Basic ${btoa('me:p@ss')}` } })
      expect(JSON.stringify(result.manifest)).not.toContain(key)
    } finally {
      await elsewhere.close()
    }
  })

  it('writes no secret, whatever it says and reads', () =>
    withFolder(async (folder) => {
      const secret = 'hunter2-and-more'
      const out = join(folder, 'run')
      const tells = sampling(
        'tells',
        { source: `it reads ${secret}`, read: async (at) => ({ at, said: `the key is ${secret}` }) },
        { options: { key: { kind: 'text', secret: true, summary: 'key' } } },
      )
      const fails = sampling('fails', { read: () => Promise.reject(new Error(`no entry with ${secret}`)) })
      const pluginSettings = { tells: { options: { key: secret } } }
      const result = await watch([tells, fails], { out, secrets: [secret], pluginSettings })
      expect(result.summary.plugins![1]!.absent).toBe('no entry with [hidden]')
      expect(result.manifest.plugins![0]).not.toHaveProperty('options')
      for (const name of ['manifest.json', 'summary.json', 'summary.md', 'series/tells.jsonl']) {
        expect(readFileSync(join(out, name), 'utf8'), name).not.toContain(secret)
      }
    }))

  it('is no longer heard when it notes too much', async () => {
    const notes = sampling(
      'notes',
      {},
      {
        async sample({ note }) {
          for (let i = 0; i < 100; i++) note(`line\n${i}`)
          throw new Error('enough')
        },
      },
    )
    const { manifest } = await watch([notes])
    expect(manifest.notes).toHaveLength(10)
    expect(manifest.notes[0]).toBe('plugin notes: line 0')
  })
})

describe('a plugin that nobody asked for', () => {
  const auto = { auto: true as const, options: {} }

  it('is not opened where it says that it cannot work, and is as if it were not there', async () => {
    let opened = 0
    const plugin: MetricPlugin = {
      ...ticker,
      check: async () => 'not on this machine',
      sample: (context) => {
        opened++
        return ticker.sample!(context)
      },
    }
    const result = await watch([plugin], { pluginSettings: { ticker: auto } })
    expect(opened).toBe(0)
    expect(result.summary.plugins).toEqual([
      { plugin: 'ticker', auto: true, absent: 'not on this machine', scenarios: [] },
    ])
    expect(result.summary.definitions).toBeUndefined()
    expect(renderTable(result.summary, result.manifest, { color: false, width: 80 })).not.toMatch(/ticker|this machine/)
    const asked = await watch([plugin])
    expect(opened).toBe(1)
    expect(ticksOf(asked)).toBe(MEASURED)
  })

  it('is the reason for which a gate was not measured', async () => {
    const gates = [parseGate('ticks<5', createMetricRegistry([ticker]))]
    const plugin = { ...ticker, check: async () => 'not on this machine' }
    const { summary } = await watch([plugin], { gates, pluginSettings: { ticker: auto } })
    expect(summary.gates).toMatchObject([
      { status: 'not-measured', line: expect.stringMatching(/not on this machine$/) },
    ])
  })

  it('asks nobody to wait for an idle server', async () => {
    const result = await watch([{ ...ticker, idleMs: 100 }], {
      pluginSettings: { ticker: { options: { every: 50 }, auto: true } },
    })
    expect(result.manifest.idle).toBeUndefined()
    expect(ticksOf(result)).toBe(MEASURED)
  })
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
