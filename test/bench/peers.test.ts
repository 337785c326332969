import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runBareClient } from './bare/client.ts'
import { type Errors, measureErrors, ratiosOf, spreadOf } from './peers/errors.ts'
import { readAiperf, readBare, readGuidellm, readOurs, readVllm } from './peers/reports.ts'

const readFixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/peers/${name}`, import.meta.url), 'utf8')

describe('what each tool reports', () => {
  it('reads AIPerf', () => {
    expect(readAiperf(readFixture('aiperf.jsonl'))).toEqual({
      ttftMs: [59.629036, 54.426817],
      gapsMs: [7.690099999999999, 9.957182, 10.020036, 8.290253, 9.974758999999999, 10.001218],
      failed: 0,
    })
  })

  it('counts what AIPerf could not measure, and leaves its warm-up out', () => {
    const lines = [
      { metadata: { benchmark_phase: 'warmup' }, metrics: { time_to_first_token: { value: 9 } } },
      { metadata: { benchmark_phase: 'profiling' }, metrics: {}, error: { code: 500 } },
      { metadata: { benchmark_phase: 'profiling' }, metrics: { time_to_first_token: { value: 5 } } },
    ]
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"metadata":{"bench`
    expect(readAiperf(text)).toEqual({ ttftMs: [5], gapsMs: [], failed: 1 })
  })

  it('reads GuideLLM, whose gaps are means of answers', () => {
    expect(readGuidellm(readFixture('guidellm.json'))).toEqual({
      ttftMs: [51.38731002807617, 51.28765106201172],
      gapsMs: [9.997039584059213, 10.00049725249784],
      failed: 0,
    })
  })

  it('reads vllm and vllm-rs, without the zeros of what failed', () => {
    const { ttftMs, gapsMs, failed } = readVllm(readFixture('vllm.json'))
    expect(ttftMs).toEqual([51.2, 49.8])
    expect(gapsMs.map((ms) => Number(ms.toFixed(6)))).toEqual([10, 10.1, 9.9, 10.2])
    expect(failed).toBe(1)
  })

  it('reads our own log: events without tokens make no gap of their own', () => {
    const ok = {
      id: 'a',
      phase: 'measure',
      outcome: 'ok',
      events: { us: [40_000, 10_000, 9_000, 1_000], kind: 'otto' },
    }
    const records = [ok, { ...ok, id: 'w', phase: 'warmup' }, { id: 'b', phase: 'measure', outcome: 'timeout' }]
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    expect(readOurs(text)).toEqual({ ttftMs: [50], gapsMs: [9], ids: ['a'], failed: 1 })
  })
})

describe('errors against the log of the server', () => {
  const ms = (value: number): number => value * 1e6
  const line = (id: string, arrivedAt: number, ...stamps: number[]): string =>
    [id, ms(arrivedAt), stamps.length, ...stamps.map(ms)].join(' ')

  it('takes the true figure off the reported one', () => {
    const log = `${line('a', 100, 150, 160, 170)}\n${line('b', 200, 252, 262, 272)}\n`
    const errors = measureErrors({ ttftMs: [52, 54], gapsMs: [10, 10, 10, 12], failed: 0 }, log)
    expect(errors.ttftMean).toBeCloseTo(53 - 51, 9)
    expect(errors.ttftP99).toBeCloseTo(53.98 - 51.98, 9)
    expect(errors.gapP50).toBeCloseTo(0, 9)
    expect(errors.gapP99).toBeCloseTo(11.94 - 10, 9)
  })

  it('leaves out what a peer asked before its load: its requests have one mark for all', () => {
    const log = `${line('-', 1000, 1050, 1060)}\n${line('-', 10, 510, 1010)}\n`
    const errors = measureErrors({ ttftMs: [50], gapsMs: [10], failed: 0 }, log)
    expect(errors.ttftMean).toBeCloseTo(0, 9)
    expect(errors.gapP50).toBeCloseTo(0, 9)
  })

  it('takes the requests that are named where a tool names them', () => {
    const log = `${line('mine', 0, 50, 60)}\n${line('other', 100, 199, 300)}\n`
    const errors = measureErrors({ ttftMs: [51], gapsMs: [10], ids: ['mine'], failed: 0 }, log)
    expect(errors.ttftMean).toBeCloseTo(1, 9)
  })

  it('refuses a report that the log does not bear out', () => {
    const log = line('a', 0, 50, 60)
    expect(() => measureErrors({ ttftMs: [51, 52], gapsMs: [10], failed: 0 }, log)).toThrow('2 answers, the server 1')
    expect(() => measureErrors({ ttftMs: [], gapsMs: [], failed: 3 }, log)).toThrow('no answer')
  })
})

describe('over rounds', () => {
  const errors = (ttftMean: number): Errors => ({ ttftMean, ttftP99: 0, gapP50: 0, gapP99: 0 })

  it('gives the median and both ends', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
    expect(spreadOf([])).toBeUndefined()
  })

  it('compares within a round alone', () => {
    const [our, other] = [
      [errors(1), undefined, errors(-2)],
      [errors(4), errors(8), errors(4)],
    ]
    expect(ratiosOf(our!, other!)).toEqual({ median: 0.375, least: 0.25, most: 0.5 })
  })

  it('gives no ratio to an error that is next to nothing', () => {
    expect(ratiosOf([errors(1)], [errors(0.001)])).toBeUndefined()
  })
})

describe('the bare client', () => {
  const encoder = new TextEncoder()
  const event = (end = ''): Uint8Array => encoder.encode(`data: {"choices":[{"delta":{"content":"x"}}]}\n\n${end}`)

  it('asks in a closed loop, and reads what it kept when all is over', async () => {
    let open = 0
    let asked = 0
    const report = await runBareClient(
      async (_, received) => {
        open++
        return {
          write() {
            asked++
            const at = performance.now()
            queueMicrotask(() => {
              received(at + 50, event())
              received(at + 60, event('0\r\n\r\n'))
            })
          },
          close: () => void open--,
        }
      },
      ['http://127.0.0.1:1', '2', '5'],
    )
    const { ttftMs, gapsMs } = readBare(report)
    expect([asked, open, ttftMs.length]).toEqual([5, 0, 5])
    for (const ttft of ttftMs) expect(ttft).toBeGreaterThanOrEqual(50)
    expect(gapsMs.map((gap) => Number(gap.toFixed(6)))).toEqual([10, 10, 10, 10, 10])
  })
})
