import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OkRecord } from '../../src/core/record.ts'
import { renderTable } from '../../src/core/report/table.ts'
import { measureWidth } from '../../src/core/report/text.ts'
import type { Manifest } from '../../src/core/run.ts'
import type { Summary } from '../../src/core/summary.ts'
import { droppedRecord, httpErrorRecord, okRecord, timeoutRecord } from '../metrics/records.ts'
import { hostileText } from './hostile.ts'
import { answers, manifestOf, summaryOf } from './runs.ts'

function render(summary: Summary, manifest: Manifest = manifestOf(), folder?: string): string {
  return renderTable(summary, manifest, { color: false, width: 80, ...(folder === undefined ? {} : { folder }) })
}

/** Cells of the line that begins with a label. */
function rowOf(page: string, label: string): string[] {
  const line = page.split('\n').find((one) => one.startsWith(label))
  if (line === undefined) throw new Error(`no line "${label}" in\n${page}`)
  return line.slice(label.length).trim().split(/ {2,}/)
}

describe('the table at the end of a run', () => {
  const summary = summaryOf(answers(400), { slo: 'ttft=60ms' })
  const page = render(summary, manifestOf(), 'bench-runs/x')

  it('says what was measured, where, and how much of it', () => {
    expect(page.split('\n').slice(0, 2)).toEqual([
      'vllm 0.11.0 at http://localhost:8000, Qwen/Qwen3-0.6B, chat, streamed',
      '16 streams, 400 requests, 128 tokens in, 64 out, seed 42, 17.3 s measured',
    ])
  })

  it('has a line a metric', () => {
    // TTFT is 46.00 ms to 65.95 ms in equal steps.
    expect(rowOf(page, 'TTFT')).toEqual(['ms', '56.0', '56.0', '64.0', '65.8', '66.0'])
    expect(rowOf(page, 'ITL')[0]).toBe('ms')
    expect(rowOf(page, 'TPOT')[0]).toBe('ms')
    expect(rowOf(page, 'end to end')[0]).toBe('ms')
  })

  it('has rates, goodput, conduct, verdict and folder', () => {
    expect(page).toContain('output 1 481 tok/s   requests 23.1 /s\ngoodput 16.3 /s (70.3 %) within ttft<=60ms\n')
    expect(page).toContain('errors 0 of 400   late sends p99 0.050 ms   tokens counted by the server\n')
    expect(page.endsWith('VALID\nbench-runs/x   bench report bench-runs/x\n')).toBe(true)
  })

  it('prints no quantile that the sample does not support', () => {
    expect(rowOf(render(summaryOf(answers(50))), 'TTFT')).toEqual(['ms', '47.2', '47.2', '48.2', '-', '48.5'])
    expect(rowOf(render(summaryOf([okRecord()])), 'TTFT')).toEqual(['ms', '10.0', '-', '-', '-', '10.0'])
  })

  it('leaves out what was not measured, and says why', () => {
    const whole = answers(3, { events: { us: [5000], kind: 'o' }, notes: ['not_streamed'] })
    const lines = render(summaryOf(whole)).split('\n')
    expect(lines.some((line) => /^(TTFT|ITL|TPOT) /.test(line))).toBe(false)
    expect(lines).toContain('TTFT, ITL, TPOT not measured: not streamed')
    expect(lines.some((line) => line.startsWith('end to end'))).toBe(true)
    expect(lines.join('\n')).not.toContain('goodput')
  })

  it('of a run without a success has no figures, and every reason', () => {
    const failed = render(summaryOf([httpErrorRecord(), httpErrorRecord(), timeoutRecord(), droppedRecord()]))
    expect(failed).toContain('TTFT, ITL, TPOT, end to end, output not measured: no request succeeded\n')
    expect(failed).toContain('errors 3 of 3   dropped 1')
    expect(failed).toContain('  http-error/http_500 2\n  dropped/run-ended 1\n  timeout/headers 1\n')
    expect(failed).not.toMatch(/mean|tok\/s|NaN|undefined/)
  })

  it('shows response times where requests waited to be sent', () => {
    expect(page).not.toContain('from due')
    const late = answers(20).map((record) => ({ ...record, dueAt: record.sentAt - 50 }))
    expect(rowOf(render(summaryOf(late)), 'TTFT from due')[1]).toBe('96.5')
    expect(rowOf(render(summaryOf(late)), 'end to end from due')).toHaveLength(6)
  })

  it('says when events hold several tokens', () => {
    expect(page).not.toContain('an event')
    expect(render(summaryOf(answers(3, { outputTokens: 192 })))).toContain('3.00 tokens an event')
  })

  it('sets what the server counted beside what was asked, and what a cache answered', () => {
    const counted = render(summaryOf(answers(3, { inputTokens: 140, askedInputTokens: 128, cachedTokens: 16 })))
    expect(counted).toContain('140 tokens in (128 asked), 64 out')
    expect(counted).toContain('16 tokens in cached')
    const [{ inputTokens: _, ...uncounted }] = answers(1, { askedInputTokens: 128 }) as [OkRecord]
    expect(render(summaryOf([uncounted]))).toContain('128 tokens in asked, 64 out')
    expect(page).not.toMatch(/asked|cached/)
  })

  it('has a line a gate', () => {
    const gated = summaryOf(answers(400), { gates: ['ttft.p99<60ms', 'errors<1%'] })
    expect(render(gated)).toContain('gate ttft.p99<60ms not met: 65.75 ms\ngate errors<1% met: 0 %\n')
  })

  it('tells why a run stopped, what it noted, and what a verdict is based on', () => {
    const told = render(
      {
        ...summary,
        stopped: 'interrupted',
        verdict: {
          status: 'SUSPECT',
          reasons: [{ code: 'late_sends', figure: 12.5, limit: 1, unit: 'ms', remedy: 'use more threads' }],
        },
      },
      manifestOf({ notes: ['the server rejected stream_options'] }),
    )
    expect(told).toContain('note: the server rejected stream_options\nstopped early: interrupted\nSUSPECT\n')
    expect(told).toContain('  late_sends 12.5 ms (limit 1): use more threads\n')
  })

  it('has colours only when asked', () => {
    expect(page).not.toContain('\u001b')
    const colored = renderTable(summary, manifestOf(), { color: true, width: 80 })
    const plain = colored.replace(/\u001b\[\d*m/g, '')
    expect(plain).toBe(render(summary))
    expect(colored).not.toBe(plain)
  })

  it('has what plugins measured, under their titles', () => {
    const definition = {
      id: 'watts',
      title: 'power',
      unit: 'W',
      direction: 'lower',
      version: 1,
      kind: 'scalar',
      formula: 'mean of samples',
      source: 'this test',
    } as const
    const [scenario] = summary.scenarios
    const withPlugin: Summary = {
      ...summary,
      definitions: { watts: definition },
      scenarios: [
        { ...scenario!, metrics: { ...scenario!.metrics, watts: { kind: 'scalar', unit: 'W', value: 321.5 } } },
      ],
    }
    expect(render(withPlugin)).toContain('power 321.5 W')
  })
})

describe('a table of scenarios', () => {
  const records = [1, 4].flatMap((n) => answers(n * 100, { scenario: `s${n}` }))

  it('has a line a scenario', () => {
    const page = render(summaryOf(records, { titles: ['1 stream', '4 streams'] }))
    expect(rowOf(page, 'durations in ms').join(' ')).toMatch(/TTFT p50\s+p99 ITL p50\s+p99 e2e p50 tok\/s req\/s/)
    expect(page).toContain('2 scenarios, seed 42\n')
    expect(page).toMatch(/\n1 stream +48\.5 /)
    expect(page).toMatch(/\n4 streams +56\.0 /)
    expect(page).not.toContain('errors')
  })

  it('shows the highest quantile that some scenario has requests enough for', () => {
    const few = [1, 2].flatMap((n) => answers(50, { scenario: `s${n}` }))
    const head = render(summaryOf(few))
      .split('\n')
      .find((line) => line.startsWith('durations'))!
    expect(head).toMatch(/TTFT p50 +p90 ITL p50 +p99 /)
  })

  it('makes room for goodput and errors', () => {
    const failing = [...records, httpErrorRecord({ scenario: 's4' })]
    const page = render(summaryOf(failing, { titles: ['1 stream', '4 streams'], slo: 'ttft=60ms' }))
    expect(page).toContain('2 scenarios, seed 42, good is ttft<=60ms\n')
    const head = page.split('\n').find((line) => line.startsWith('durations'))!
    expect(head).toMatch(/TTFT p50 +p99 ITL p50 +tok\/s +req\/s +good +errors$/)
    expect(page).toMatch(/\n1 stream .* 100% +0%\n/)
    expect(page).toContain('  4 streams: http-error/http_500 1\n')
  })
})

describe('whatever text there is', () => {
  const text = fc.oneof(hostileText, fc.string({ unit: 'binary', maxLength: 300 }))

  it('lines keep to 80 columns and hold no control characters', () => {
    fc.assert(
      fc.property(text, text, text, fc.boolean(), (model, reason, title, two) => {
        const { target } = manifestOf()
        const manifest = manifestOf({ target: { ...target, model, url: `http://${model}` }, notes: [reason, title] })
        const records = [
          ...answers(3, { notes: [reason] }),
          httpErrorRecord({ reason }),
          ...(two ? [okRecord({ scenario: 'two' })] : []),
        ]
        const summary = summaryOf(records, { titles: [title, reason], gates: ['ttft.p99<1s'] })
        const page = render({ ...summary, stopped: model }, manifest, `bench-runs/${title}`)
        for (const line of page.split('\n')) {
          expect(measureWidth(line)).toBeLessThanOrEqual(80)
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('figures of any size keep to 80 columns', () => {
    const size = fc.constantFrom(1, 1e3, 1e6, 1e9, 1e11)
    fc.assert(
      fc.property(size, size, (one, other) => {
        const slow = okRecord({ dueAt: -one, sentAt: 0, events: { us: [one, other], kind: 'tt' }, endAt: one + other })
        const page = render(summaryOf([slow, okRecord({ scenario: 'two', outputTokens: other })]))
        const single = render(summaryOf([slow]))
        for (const line of [...page.split('\n'), ...single.split('\n')]) {
          expect(measureWidth(line)).toBeLessThanOrEqual(80)
        }
      }),
    )
  })
})
