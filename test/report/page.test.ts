import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SeriesChart } from '../../src/core/plugin.ts'
import type { RequestRecord } from '../../src/core/record.ts'
import { createBins } from '../../src/core/report/html/bins.ts'
import { type PageContent, renderPage } from '../../src/core/report/html/page.ts'
import { drawPercentiles } from '../../src/core/report/html/percentiles.ts'
import { createSeriesFold } from '../../src/core/report/html/series.ts'
import { createSlowestFold, tookMs } from '../../src/core/report/html/slowest.ts'
import { createStretch } from '../../src/core/report/html/stretch.ts'
import { createTimelineFold, drawTimeline } from '../../src/core/report/html/timeline.ts'
import { httpErrorRecord, okRecord, timeoutRecord } from '../metrics/records.ts'
import { hostileText } from './hostile.ts'
import { answers, manifestOf, summaryOf } from './runs.ts'

const ASSETS = { script: 'document.title', style: 'p{color:red}' }

function contentOf(records: readonly RequestRecord[], fields: Partial<PageContent> = {}): PageContent {
  const timeline = createTimelineFold()
  const slowest = createSlowestFold()
  for (const record of records) {
    timeline.add(record)
    slowest.add(record)
  }
  const summary = summaryOf(records, { slo: 'ttft<=200ms' })
  return {
    manifest: manifestOf(),
    summary,
    cut: false,
    timeline: drawTimeline(timeline.stretches()),
    slowest,
    ...fields,
  }
}

describe('time cut into bins', () => {
  it('loses nothing, and never has more bins than asked for, whatever the order', () => {
    const instants = fc.array(
      fc.integer({ min: -1e6, max: 1e12 }).map((us) => us / 1000),
      { minLength: 1, maxLength: 200 },
    )
    fc.assert(
      fc.property(instants, fc.integer({ min: 2, max: 50 }), (all, most) => {
        const bins = createBins(
          most,
          () => ({ count: 0 }),
          (into, from) => {
            into.count += from.count
          },
        )
        for (const instant of all) bins.at(instant).count++
        const list = bins.list()
        expect(list.reduce((sum, [, { count }]) => sum + count, 0)).toBe(all.length)
        expect((list.at(-1)![0] - list[0]![0]) / bins.widthMs).toBeLessThan(most)
        for (const instant of all) {
          expect(list.some(([from]) => instant >= from && instant < from + bins.widthMs)).toBe(true)
        }
      }),
    )
  })
})

describe('a stretch of a run', () => {
  it('holds every token, every end and every moment of a request, however many steps it has', () => {
    const records = [
      ...answers(60),
      httpErrorRecord({ dueAt: 10, sentAt: 12, headersAt: 40, endAt: 50 }),
      timeoutRecord({ dueAt: 100, sentAt: 150, endAt: 5000 }),
    ]
    for (const most of [2, 24, 240]) {
      const stretch = createStretch(most)
      for (const record of records) stretch.add(record)
      const bins = stretch.result(most)!.bins.map(([, bin]) => bin)
      const sum = (read: (bin: (typeof bins)[number]) => number): number =>
        bins.reduce((all, bin) => all + read(bin), 0)
      expect(bins.length).toBeLessThanOrEqual(most)
      expect(sum(({ outputTokens }) => outputTokens)).toBeCloseTo(60 * 64, 6)
      expect(sum(({ ttft }) => ttft?.count ?? 0)).toBe(60)
      expect(sum(({ itl }) => itl?.count ?? 0)).toBe(60 * 63)
      expect([sum(({ ended }) => ended), sum(({ failed }) => failed)]).toEqual([60, 2])
      const open = records.reduce((all, one) => all + one.endAt - ('sentAt' in one ? one.sentAt! : one.endAt), 0)
      expect(sum(({ openMs }) => openMs)).toBeCloseTo(open, 3)
    }
  })

  it('breaks the lines between scenarios, and leaves out what was asked beside the load', () => {
    const later = answers(20).map((record) => ({
      ...record,
      scenario: 'two',
      dueAt: record.dueAt + 9000,
      sentAt: record.sentAt + 9000,
      endAt: record.endAt + 9000,
    }))
    const { timeline } = contentOf([...answers(20), ...later, okRecord({ phase: 'beside', endAt: 1e6 })])
    const open = timeline.find(({ id }) => id === 'open-over-time')!
    const gap = open.x.findIndex((at, i) => at > (open.x[i - 1] ?? at) + 1)
    expect(open.lines[0]!.values[gap - 1]).toBeNull()
    expect(Math.max(...open.x)).toBeLessThan(12)
  })

  it('says why nothing is drawn', () => {
    const [ttft, itl, , tokens] = contentOf([httpErrorRecord()]).timeline
    expect([ttft, itl, tokens].map((chart) => [chart!.lines, chart!.empty])).toEqual([
      [[], 'no answer came as a stream of tokens'],
      [[], 'no answer had two events with tokens'],
      [[], 'nobody counted tokens'],
    ])
  })
})

describe('percentile curves', () => {
  it('rise from the least sample to the last percentile that the samples support', () => {
    const summary = summaryOf(answers(100))
    const [ttft] = drawPercentiles(summary)
    const values = ttft!.lines[0]!.values as number[]
    expect(ttft!.x.at(-1)).toBe(2)
    expect(values[0]).toBeCloseTo(46, 1)
    expect(values.every((value, i) => i === 0 || value >= values[i - 1]!)).toBe(true)
    const result = summary.scenarios[0]!.metrics.ttft
    const p99 = result?.kind === 'distribution' ? result.distribution.quantiles.p99! : Number.NaN
    expect(Math.abs(values.at(-1)! / p99 - 1)).toBeLessThan(0.002)
  })
})

describe('the slowest requests', () => {
  it('are the slowest, in order, whatever came when', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 200 }), (ends) => {
        const fold = createSlowestFold()
        for (const endAt of ends) fold.add(okRecord({ endAt }))
        const kept = fold.of('one').map(tookMs)
        expect(kept).toEqual([...ends].sort((a, b) => b - a).slice(0, 50))
      }),
    )
  })
})

describe('what plugins sampled', () => {
  const chart: SeriesChart = {
    id: 'power',
    title: 'power',
    unit: 'W',
    values: ({ watts }) => watts as Readonly<Record<string, number>>,
  }

  it('keeps mean, least and greatest of many samples in few places, and breaks where none came', () => {
    const fold = createSeriesFold('gpu', [chart])
    for (let i = 0; i < 40_000; i++) fold.add({ at: i < 20_000 ? i : i + 30_000, watts: { a: i % 10 } })
    const [{ x, lines }] = fold.charts() as [ReturnType<typeof fold.charts>[number]]
    expect(x.length).toBeLessThan(500)
    const [line] = lines
    expect(line!.values).toContain(null)
    expect(line!.bands![0]!.low.every((value) => value === null || value === 0)).toBe(true)
    expect(line!.bands![0]!.high.every((value) => value === null || value === 9)).toBe(true)
    expect(line!.values.every((value) => value === null || Math.abs(value - 4.5) < 0.2)).toBe(true)
  })

  it('draws so many devices, and says what it leaves out', () => {
    const fold = createSeriesFold('gpu', [chart])
    const watts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`GPU ${i}`, i]))
    for (let at = 0; at < 100; at += 10) fold.add({ at, watts })
    const [drawn] = fold.charts()
    expect(drawn!.lines).toHaveLength(8)
    expect(drawn!.about).toBe('8 of 12 drawn; the others are in series/gpu.jsonl')
  })

  it('says why there is nothing: no samples, no values, or a chart that throws', () => {
    const broken: SeriesChart = {
      ...chart,
      values() {
        throw new Error('no such member')
      },
    }
    const empties = [
      createSeriesFold('gpu', [chart], 'no nvidia-smi here'),
      createSeriesFold('gpu', [chart]),
      createSeriesFold('gpu', [broken]),
    ].map((fold, i) => {
      if (i > 0) fold.add({ at: 1, watts: { a: Number.NaN } })
      return fold.charts()[0]!
    })
    expect(empties.map(({ lines }) => lines)).toEqual([[], [], []])
    expect(empties.map(({ empty }) => empty)).toEqual([
      'no nvidia-smi here',
      'no sample had a value',
      'the plugin cannot read its samples: no such member',
    ])
  })
})

describe('the page', () => {
  it('allows its own script and style by their hashes, and nothing else', async () => {
    const page = await renderPage(contentOf(answers(40)), ASSETS)
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!
    const hash = async (text: string): Promise<string> =>
      btoa(
        String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))),
      )
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${await hash(ASSETS.script)}'`,
      `style-src 'sha256-${await hash(ASSETS.style)}'`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(page).toContain(`<script>${ASSETS.script}</script>`)
    expect(page.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="data:,"'])
    expect(page).not.toMatch(/ style="| on\w+="/)
  })

  it('holds as many elements with hostile texts as without', async () => {
    const count = async (text: string): Promise<readonly number[]> => {
      const failed = httpErrorRecord({ id: text, reason: text, error: text, notes: [text] })
      const content = contentOf([...answers(4), failed])
      const { target, scenarios } = content.manifest
      const manifest = manifestOf({
        id: text,
        target: { ...target, model: text, url: text, server: text, endpoint: text },
        scenarios: scenarios.map((scenario) => ({ ...scenario, title: text, arrival: text })),
        notes: [text],
      })
      const page = await renderPage({ ...content, manifest }, ASSETS)
      const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)![1]!
      expect(() => JSON.parse(data)).not.toThrow()
      expect(data).not.toMatch(/[<>&\u2028\u2029]/)
      return [page.match(/</g)!.length, page.match(/>/g)!.length, page.match(/"/g)!.length - data.match(/"/g)!.length]
    }
    const plain = await count('text')
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        expect(await count(`x${text}`)).toEqual(plain)
      }),
      { numRuns: 30 },
    )
  })

  it('does not grow with the run', async () => {
    const size = async (count: number): Promise<number> => (await renderPage(contentOf(answers(count)), ASSETS)).length
    const [small, large] = [await size(2000), await size(20_000)]
    expect(large).toBeLessThan(1.3 * small)
    expect(large).toBeLessThan(400_000)
  })

  it('names a run that was cut off, and a summary of another tool’s definitions without samples', async () => {
    const content = contentOf(answers(4), { cut: true })
    expect(await renderPage(content, ASSETS)).toContain('the run was cut off')
    const [scenario] = content.summary.scenarios
    const { ttft } = scenario!.metrics
    if (ttft?.kind !== 'distribution') throw new Error('no TTFT')
    const { histogram: _, ...distribution } = ttft.distribution
    const metrics = { ttft: { ...ttft, distribution } }
    const summary = { ...content.summary, profile: 'vllm', scenarios: [{ ...scenario!, metrics }] }
    expect(await renderPage({ ...content, summary }, ASSETS)).toContain('Not drawn: vllm keeps no samples of it.')
  })
})
