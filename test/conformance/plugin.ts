/** What every metric plugin must do, ours and yours. */
import type { Accumulator, MetricPlugin, RequestRecord, Window } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { sampleRecords } from './plugin-records.ts'
import { describeSampling, type PluginSampling } from './plugin-sampling.ts'
import { checkResults, describeSeries, type PluginSeries } from './plugin-series.ts'

export interface PluginTestOptions {
  /** More records to fold, in order of ending; they are added to those of the suite, which have every outcome. */
  readonly records?: readonly RequestRecord[]
  /** The order of records makes a difference, and why; then the test of that is left out, and says so. */
  readonly ordered?: string
  /** Sources for a plugin that samples; without them it is not opened. */
  readonly sampling?: PluginSampling
  /** What it read in a real run, for `summarize` and `charts`; without it they are tried with garbage alone. */
  readonly series?: PluginSeries
}

const WINDOW: Window = { name: 'measure', startAt: 0, endAt: 10_000 }

/** Sums of floats differ in their last digits with their order; nothing else may. */
const TOLERANCE = 1e-9

/** Registers the tests. Only sources that are given are sampled, and no server is asked. */
export function testPlugin(plugin: MetricPlugin, options: PluginTestOptions = {}): void {
  describe(`plugin: ${plugin.id}`, () => {
    it('has an id, a summary and at least one ability', () => {
      expect(plugin.id).toMatch(/^[a-z][a-z0-9_-]*$/)
      expect(plugin.summary).toMatch(/^\S.*$/)
      const abilities = [plugin.accumulate, plugin.sample, plugin.evaluate].filter((ability) => ability !== undefined)
      expect(abilities.length).toBeGreaterThan(0)
    })

    it('defines each metric whole: unit, direction, version, formula, source', () => {
      const ids = plugin.definitions.map((definition) => definition.id)
      expect(new Set(ids).size).toBe(ids.length)
      const measures = [plugin.accumulate, plugin.summarize, plugin.evaluate].some((ability) => ability !== undefined)
      if (measures) expect(ids.length).toBeGreaterThan(0)
      for (const definition of plugin.definitions) {
        expect(definition.id).toMatch(/^[a-z][a-z0-9_]*$/)
        for (const text of [definition.title, definition.unit, definition.formula, definition.source]) {
          expect(text).toMatch(/^\S.*$/)
        }
        expect(['lower', 'higher', 'neutral']).toContain(definition.direction)
        expect(['distribution', 'scalar']).toContain(definition.kind)
        expect(Number.isInteger(definition.version) && definition.version >= 1).toBe(true)
      }
    })

    it('describes its options and limits whole', () => {
      for (const [name, option] of Object.entries(plugin.options ?? {})) {
        expect(name).toMatch(/^[a-z][a-zA-Z0-9]*$/)
        expect(option.summary).toMatch(/^\S.*$/)
        const type = { text: 'string', url: 'string', number: 'number', duration: 'number', flag: 'boolean' }[
          option.kind
        ]
        if (option.default !== undefined) expect(typeof option.default).toBe(type)
      }
      const codes = (plugin.limits ?? []).map(({ code }) => code)
      expect(new Set(codes).size).toBe(codes.length)
      for (const limit of plugin.limits ?? []) {
        expect(limit.code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
        for (const text of [limit.measures, limit.why, limit.remedy]) expect(text).toMatch(/^\S.*$/)
        expect(limit.suspect ?? limit.invalid).toBeTypeOf('number')
      }
    })

    if (plugin.accumulate !== undefined) describeFold(plugin, options)
    if (plugin.summarize !== undefined) describeSeries(plugin, options.series)
    if (plugin.sample !== undefined && options.sampling !== undefined) describeSampling(plugin, options.sampling)
  })
}

function describeFold(plugin: MetricPlugin, options: PluginTestOptions): void {
  const records = [...sampleRecords(), ...(options.records ?? [])]
  const fold = (part: readonly RequestRecord[]): Accumulator => {
    const accumulator = plugin.accumulate!()
    for (const record of part) accumulator.add(record)
    return accumulator
  }
  const resultOf = (part: readonly RequestRecord[]) => fold(part).result(WINDOW)

  it('gives defined results of no records', () => {
    checkResults(plugin, resultOf([]))
  })

  it('gives each defined metric, in its unit and kind, and nothing that is no number', () => {
    const results = resultOf(records)
    checkResults(plugin, results)
    expect(Object.keys(results).sort()).toEqual(plugin.definitions.map((definition) => definition.id).sort())
  })

  it('measures something of records of every outcome', () => {
    expect(Object.values(resultOf(records)).some((result) => result.kind !== 'absent')).toBe(true)
  })

  it('takes a record of any outcome alone', () => {
    for (const record of records) checkResults(plugin, resultOf([record]))
  })

  it('changes nothing by giving a result, and keeps nothing between folds', () => {
    const accumulator = plugin.accumulate!()
    for (const record of records) {
      accumulator.add(record)
      accumulator.result(WINDOW)
    }
    expect(accumulator.result(WINDOW)).toEqual(resultOf(records))
  })

  it('leaves records as they were', () => {
    const before = JSON.stringify(records)
    resultOf(records)
    expect(JSON.stringify(records)).toBe(before)
  })

  it('merges two folds to what one pass gives, wherever the cut is', () => {
    const whole = resultOf(records)
    for (const cut of [0, 1, Math.floor(records.length / 2), records.length - 1, records.length]) {
      const merged = fold(records.slice(0, cut))
      merged.merge(fold(records.slice(cut)))
      expectClose(merged.result(WINDOW), whole)
    }
  })

  it('merges three folds in any grouping', () => {
    const third = Math.floor(records.length / 3)
    const part = (index: number) => fold(records.slice(index * third, index === 2 ? undefined : (index + 1) * third))
    const left = part(0)
    left.merge(part(1))
    left.merge(part(2))
    const tail = part(1)
    tail.merge(part(2))
    const right = part(0)
    right.merge(tail)
    expectClose(right.result(WINDOW), left.result(WINDOW))
  })

  if (options.ordered !== undefined) it.skip(`does not depend on the order of records (${options.ordered})`, () => {})
  else {
    it('does not depend on the order of records', () => {
      expectClose(resultOf([...records].reverse()), resultOf(records))
    })
  }
}

/** Equal, but for the last digits of numbers. */
function expectClose(one: unknown, other: unknown, path = 'result'): void {
  if (typeof one === 'number' && typeof other === 'number') {
    const scale = Math.max(1, Math.abs(one), Math.abs(other))
    if (!(Math.abs(one - other) <= TOLERANCE * scale)) expect.fail(`${path}: ${one} is not ${other}`)
    return
  }
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) {
    if (one !== other) expect.fail(`${path}: ${String(one)} is not ${String(other)}`)
    return
  }
  expect(Object.keys(one).sort()).toEqual(Object.keys(other).sort())
  for (const key of Object.keys(one)) {
    expectClose((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key], `${path}.${key}`)
  }
}
