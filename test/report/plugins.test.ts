/** What plugins saw, in the table at the end of a run and in summary.md. */
import fc from 'fast-check'
import type { MetricResult, PluginSummary, Summary } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { renderCsv } from '../../src/core/report/csv.ts'
import { renderMarkdown } from '../../src/core/report/markdown.ts'
import type { Spark } from '../../src/core/report/sparks.ts'
import { renderTable } from '../../src/core/report/table.ts'
import { measureWidth } from '../../src/core/report/text.ts'
import { hostileText } from './hostile.ts'
import { answers, manifestOf, summaryOf } from './runs.ts'

const base = summaryOf(answers(20))
const [{ scenario }] = base.scenarios as [Summary['scenarios'][number]]
const watts: MetricResult = {
  kind: 'distribution',
  unit: 'W',
  distribution: { count: 9, sum: 900, mean: 100, min: 90, max: 110, quantiles: { p50: 100 }, method: 'exact' },
}
const joules: MetricResult = { kind: 'scalar', unit: 'J', value: 5000 }
const absent: MetricResult = { kind: 'absent', unit: 'J', reason: 'nothing tells it' }

function plugin(id: string, fields: Partial<PluginSummary> = {}, line?: string): PluginSummary {
  const figures = { scenario, metrics: { gpu_power: watts }, ...(line === undefined ? {} : { line }) }
  return { plugin: id, source: `source of ${id}`, scenarios: [figures], ...fields }
}

const tableOf = (summary: Partial<Summary>, width = 80): string[] =>
  renderTable({ ...base, ...summary }, manifestOf(), { color: false, width }).split('\n')
const pageOf = (summary: Partial<Summary>, sparks: readonly Spark[] = []): string =>
  renderMarkdown({ ...base, ...summary }, manifestOf(), sparks)

describe('the table', () => {
  it('has the line of each plugin, and why one that was asked for has none', () => {
    const lines = tableOf({
      plugins: [
        plugin('gpu', {}, 'GPU 98 % busy, 312 W'),
        plugin('power', { source: 'x', absent: 'nothing after 3.0 s: it has ended' }, 'energy 0.5 J a token'),
        { plugin: 'asked', absent: 'no such program', scenarios: [] },
        { plugin: 'unasked', auto: true, absent: 'no such program', scenarios: [] },
      ],
      evaluations: { quality: { accuracy: { kind: 'scalar', unit: '1', value: 0.5 } } },
    })
    const from = lines.indexOf('GPU 98 % busy, 312 W')
    expect(lines[from - 1]).toBe('')
    expect(lines.slice(from, from + 6)).toEqual([
      'GPU 98 % busy, 312 W',
      'energy 0.5 J a token',
      'power: nothing after 3.0 s: it has ended',
      'asked: no such program',
      'quality: accuracy 0.500',
      '',
    ])
  })

  it('has six lines for all of them at most', () => {
    const plugins = Array.from({ length: 9 }, (_, i) => plugin(`p${i}`, {}, `line of p${i}`))
    const lines = tableOf({ plugins })
    const from = lines.indexOf('line of p0')
    expect(lines.slice(from, from + 7)).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `line of p${i}`),
      'and 4 lines more in summary.md',
      '',
    ])
    expect(tableOf({ plugins: plugins.slice(0, 6) })).toContain('line of p5')
  })

  it('says of several scenarios what the last one was like', () => {
    const scenarios = ['a', 'b'].map((name) => ({ ...base.scenarios[0]!, scenario: name, title: `${name} streams` }))
    const figures = ['a', 'b'].map((name) => ({ scenario: name, metrics: {}, line: `busy with ${name}` }))
    const lines = tableOf({ scenarios, plugins: [{ plugin: 'gpu', source: 'x', scenarios: figures }] })
    const from = lines.indexOf('in b streams, of 2 scenarios:')
    expect(lines.slice(from, from + 3)).toEqual(['in b streams, of 2 scenarios:', 'busy with b', ''])
    expect(lines).not.toContain('busy with a')
  })

  it('says nothing where there was nothing', () => {
    expect(tableOf({ plugins: [{ plugin: 'gpu', auto: true, absent: 'none', scenarios: [] }] })).toEqual(tableOf({}))
  })
})

describe('summary.md', () => {
  it('has the figures of each phase, what is missing and why, what sampling cost, and a spark', () => {
    const scenarios: PluginSummary['scenarios'] = [
      {
        scenario,
        metrics: { gpu_power: watts, energy: joules, other: absent },
        phases: { warmup: { gpu_power: watts }, before: { gpu_power: watts, energy: absent } },
        fault: 'tocks is none of its metrics',
      },
    ]
    const sampling = {
      samples: 40,
      failed: 1,
      firstFailure: 'no reading within 2000 ms',
      everyMs: 100,
      longestGapMs: 2100,
      readMeanMs: 1.5,
      readMaxMs: 9,
    }
    const definitions = { gpu_power: { title: 'power' } } as unknown as NonNullable<Summary['definitions']>
    const spark = { plugin: 'gpu', title: 'power', unit: 'W', label: 'gpu0', line: '▁▄█', min: 90, max: 110 }
    const page = pageOf({ definitions, plugins: [{ plugin: 'gpu', source: 'nvidia-smi', sampling, scenarios }] }, [
      spark,
    ])
    expect(page.slice(page.indexOf('## Beside'))).toBe(
      [
        '## Beside the load',
        '### `gpu`',
        '- `nvidia-smi`\n- `40 samples, one every 100.0 ms (longest gap 2 100 ms), 1 reading failed (no reading within 2000 ms); a reading took 1.50 ms, 9.00 ms at most`',
        '| over the run |  | min | max | unit |\n|---|--:|--:|--:|--:|\n| `power, gpu0` | `▁▄█` | 90.0 | 110.0 | `W` |',
        '`tocks is none of its metrics`',
        '|  | unit | mean | min | p50 | p99 | max | idle before | warm-up |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n' +
          '| `power` (`gpu_power`) | `W` | 100.0 | 90.0 | 100.0 | - | 110.0 | 100.0 | 100.0 |\n' +
          '| `energy` (`energy`) | `J` | 5 000 | - | - | - | - | - | - |',
        '- `other not measured: nothing tells it`\n',
      ].join('\n\n'),
    )
  })

  it('has what plugins found by asking', () => {
    const page = pageOf({ evaluations: { quality: { accuracy: { kind: 'scalar', unit: '%', value: 51.2 } } } })
    expect(page).toMatch(
      /### `quality`\n\n\| {2}\| unit \| value \|\n\|---\|--:\|--:\|\n\| `accuracy` \(`accuracy`\) \| `%` \| 51\.2 \|\n$/,
    )
  })
})

describe('CSV', () => {
  it('has a line a figure of plugins as well', () => {
    const csv = renderCsv(
      { ...base, plugins: [plugin('gpu')], evaluations: { quality: { accuracy: joules } } },
      manifestOf(),
    )
    expect(csv).toContain(`,${scenario},16 streams,gpu_power,mean,W,100\r\n`)
    expect(csv).toMatch(/,,,accuracy,value,J,5000\r\n$/)
  })
})

describe('whatever plugins say', () => {
  const loud = (text: string): Partial<Summary> => ({
    plugins: [
      plugin(text, { source: text, absent: text }, text),
      {
        plugin: 'x',
        source: text,
        scenarios: [{ scenario, metrics: { [text]: { ...joules, unit: text } }, phases: { [text]: {} }, fault: text }],
      },
    ],
    evaluations: { [text]: { [text]: { ...joules, unit: text } } },
  })

  it('lines of the table keep their width and hold no control characters', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const line of tableOf(loud(text))) {
          expect(measureWidth(line)).toBeLessThanOrEqual(80)
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('stands in code spans of summary.md, and no table breaks', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const spark = { plugin: text, title: text, unit: text, label: text, line: '▁█', min: 0, max: 1 }
        let cells: number | undefined
        for (const line of pageOf(loud(text), [spark]).split('\n')) {
          const bare = line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '')
          expect(bare).toMatch(/^[\w\s.,:/%()#*|+\\-]*$/)
          if (!line.startsWith('|')) cells = undefined
          else {
            const bars = line.match(/(?<!\\)\|/g)!.length
            expect(bars).toBe(cells ?? bars)
            cells = bars
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
