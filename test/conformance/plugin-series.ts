/** What a plugin must make of any series of samples: pure, defined, in its own units. */
import type { MetricPlugin, MetricResult, Sample, ScenarioSummary, Series, Window } from 'inferbench'
import { expect, it } from 'vitest'

/** A run of ten seconds: idle, a warm-up, two repetitions with a pause between them, idle again. */
const WINDOWS: readonly Window[] = [
  { name: 'before', startAt: 0, endAt: 1000 },
  { name: 'warmup', startAt: 1010, endAt: 2000 },
  { name: 'measure', startAt: 2050, endAt: 5000 },
  { name: 'measure', startAt: 6000, endAt: 9000 },
  { name: 'after', startAt: 9010, endAt: 10_000 },
]
const MEASURED: Window = { name: 'measure', startAt: 2050, endAt: 9000, pausedMs: 1000 }

export interface PluginSeries {
  /** Samples of a real run, in order; the suite lays them over a run of ten seconds. */
  readonly samples: readonly Sample[]
  /** The client's figures beside them; absent: a few plausible ones. */
  readonly scenario?: Partial<ScenarioSummary>
}

/** The figures over all samples, in one measured window around them. */
export function summarizeAll(
  plugin: MetricPlugin,
  samples: readonly Sample[],
  scenario?: Partial<ScenarioSummary>,
): Readonly<Record<string, MetricResult>> {
  const window: Window = { name: 'measure', startAt: samples[0]?.at ?? 0, endAt: samples.at(-1)?.at ?? 1 }
  return summarize(plugin, samples, [window], window, scenario)
}

function summarize(
  plugin: MetricPlugin,
  samples: readonly Sample[],
  windows: readonly Window[],
  window: Window,
  scenario?: Partial<ScenarioSummary>,
): Readonly<Record<string, MetricResult>> {
  const options = Object.fromEntries(
    Object.entries(plugin.options ?? {}).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]],
    ),
  )
  const series: Series = { samples, source: 'a test', windows, scenario: makeScenario(window, scenario), options }
  const { metrics, line, findings = [] } = plugin.summarize!(series, window)
  checkResults(plugin, metrics)
  if (line !== undefined) {
    expect(line).toMatch(/^[^\u0000-\u001f\u007f]+$/)
    expect(line.length).toBeLessThanOrEqual(76)
  }
  const codes = (plugin.limits ?? []).map(({ code }) => code)
  for (const { code, figure, message } of findings) {
    expect(codes).toContain(code)
    expect(Number.isFinite(figure)).toBe(true)
    expect(message).toMatch(/^[^\u0000-\u001f\u007f]+$/)
  }
  return metrics
}

export function describeSeries(plugin: MetricPlugin, given: PluginSeries | undefined): void {
  const samples = freeze(spread(given?.samples ?? []))
  const everywhere = (of: readonly Sample[]): Readonly<Record<string, MetricResult>>[] =>
    [...WINDOWS.filter(({ name }) => name !== 'measure'), MEASURED].map((window) =>
      summarize(plugin, of, WINDOWS, window, given?.scenario),
    )

  it('gives defined figures of no samples, and of one', () => {
    everywhere([])
    for (const sample of samples.slice(0, 5)) everywhere([sample])
  })

  it('gives defined figures of windows without samples', () => {
    everywhere(samples.filter(({ at }) => at < 2000))
    everywhere(samples.filter(({ at }) => at > 9000))
    everywhere(samples.filter(({ at }) => at > 5000 && at < 6000))
  })

  it('is pure: the same samples give the same figures, and stay as they are', () => {
    const before = JSON.stringify(samples)
    expect(everywhere(samples)).toEqual(everywhere(samples))
    expect(JSON.stringify(samples)).toBe(before)
  })

  it('bears a clock that jumps', () => {
    for (const jump of [-3_600_000, 3_600_000]) {
      everywhere(
        samples.map((sample) => (sample.at > 4000 ? { ...sample, at: sample.at + Math.max(0, jump) } : sample)),
      )
      everywhere(
        samples.map((sample) => (sample.at < 4000 ? { ...sample, at: sample.at + Math.min(0, jump) } : sample)),
      )
    }
  })

  it('bears garbage in the place of what it reads', () => {
    const random = createRandom(7)
    for (let round = 0; round < 200; round++) {
      everywhere(samples.map((sample) => ({ ...spoil(sample, random), at: sample.at })))
    }
    for (const garbage of GARBAGE) everywhere(WINDOWS.map(({ startAt }) => ({ at: startAt, value: garbage })))
  })

  if ((plugin.charts ?? []).length > 0) {
    it('draws finite numbers', () => {
      const ids = plugin.charts!.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      const random = createRandom(9)
      for (const chart of plugin.charts!) {
        expect(chart.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
        for (const text of [chart.title, chart.unit]) expect(text).toMatch(/^\S.*$/)
        for (const sample of [...samples, ...samples.map((one) => ({ ...spoil(one, random), at: one.at }))]) {
          for (const value of Object.values(chart.values(sample))) expect(Number.isFinite(value)).toBe(true)
        }
      }
      const drawn = samples.flatMap((sample) => plugin.charts!.flatMap((chart) => Object.keys(chart.values(sample))))
      if (samples.length > 0) expect(drawn.length).toBeGreaterThan(0)
    })
  }
}

export function checkResults(plugin: MetricPlugin, results: Readonly<Record<string, MetricResult>>): void {
  const definitions = new Map(plugin.definitions.map((definition) => [definition.id, definition]))
  for (const [id, result] of Object.entries(results)) {
    const definition = definitions.get(id)
    if (definition === undefined) expect.fail(`the result "${id}" has no definition`)
    expect(result.unit, id).toBe(definition.unit)
    if (result.kind === 'absent') expect(result.reason, id).not.toBe('')
    else expect(result.kind, id).toBe(definition.kind)
  }
  // NaN and infinities become null, and undefined goes: what does not come back is no value.
  expect(JSON.parse(JSON.stringify(results))).toEqual(results)
}

/** Over the ten seconds, with the distances that they had. */
function spread(samples: readonly Sample[]): Sample[] {
  const [first, last] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0]
  const scale = last > first ? 10_000 / (last - first) : 0
  return samples.map((sample) => ({ ...sample, at: (sample.at - first) * scale }))
}

function makeScenario(window: Window, given: Partial<ScenarioSummary> = {}): ScenarioSummary {
  return {
    scenario: 'sample',
    title: 'sample',
    window,
    counts: {
      requests: 100,
      byOutcome: { ok: 98, 'http-error': 2 },
      byReason: { 'http-error/rejected': 2 },
      warmupRequests: 8,
      notes: {},
    },
    metrics: {
      req_s: { kind: 'scalar', unit: 'requests/s', value: 14.2, count: 98 },
      output_tok_s: { kind: 'scalar', unit: 'tok/s', value: 908.1 },
      ttft: { kind: 'absent', unit: 'ms', reason: 'not streamed' },
    },
    tokenSources: { server: 98 },
    ...given,
  }
}

const GARBAGE: readonly unknown[] = [
  null,
  '',
  'NaN',
  '1e999',
  -1,
  1e18,
  2 ** 53,
  true,
  [],
  [[]],
  {},
  { at: 'x' },
  '\u0000\ud800',
  '__proto__',
]

/** One member of it, at any depth, is something else, or gone. */
function spoil(value: unknown, random: () => number): Record<string, unknown> {
  const copy = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
  let place: Record<string, unknown> = copy
  for (;;) {
    const keys = Object.keys(place)
    if (keys.length === 0) return copy
    const key = keys[Math.floor(random() * keys.length)]!
    const inner = place[key]
    if (typeof inner === 'object' && inner !== null && random() < 0.7) {
      place = inner as Record<string, unknown>
      continue
    }
    if (random() < 0.15) delete place[key]
    else place[key] = GARBAGE[Math.floor(random() * GARBAGE.length)]
    if (random() < 0.5) return copy
    place = copy
  }
}

/** Mulberry32: the same numbers each time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) freeze(part)
  }
  return value
}
