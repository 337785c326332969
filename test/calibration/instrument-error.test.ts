/** The join of records with a log, the alignment of two clocks, and the errors that come out. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alignClocks,
  alignOverLoopback,
  type JoinedAnswer,
  joinTruth,
  measureErrors,
  readStamps,
} from '../../src/core/engine/instrument-error.ts'
import type { TruthAnswer, TruthLog } from '../../src/core/engine/truth-log.ts'
import type { OkRecord } from '../../src/core/record.ts'

function recordOf(id: string, sentAt: number, stamps: readonly number[], kind = 't'.repeat(stamps.length)): OkRecord {
  const us = stamps.map((at, place) => Math.round((at - (place === 0 ? sentAt : stamps[place - 1]!)) * 1000))
  return {
    n: 0,
    id,
    scenario: 's',
    phase: 'measure',
    item: 'i',
    dueAt: sentAt,
    sentAt,
    headersAt: sentAt,
    endAt: stamps.at(-1) ?? sentAt,
    outcome: 'ok',
    status: 200,
    events: { us, kind },
  }
}

function truthOf(arrivedAt: number, ...sentAt: readonly number[]): TruthAnswer {
  return { arrivedAt, sentAt: Float64Array.from(sentAt) }
}

function joinOne(record: OkRecord, truth: TruthAnswer) {
  return joinTruth([readStamps(record)!], new Map([[record.id, truth]]))
}

describe('the error of the instrument', () => {
  it('is what was added to the true instants, whatever the clocks start from', () => {
    const truth = [50, 60, 70, 80]
    const late = [0, 1, 0, 3]
    for (const offset of [0, 12_345, -40]) {
      const stamps = truth.map((at, place) => at + offset + late[place]! + 0.03)
      const join = joinOne(recordOf('a', offset, stamps), truthOf(0, ...truth))
      const error = measureErrors(join, alignOverLoopback(join.answers))!
      expect(error).toMatchObject({ requests: 1, unmatched: 0 })
      expect(error.meanTtftMs).toBeCloseTo(0.03, 3)
      expect(error.firstEvent.max).toBeCloseTo(0.03, 3)
      expect(error.allEvents.max).toBeCloseTo(3.03, 3)
      expect(error.gaps.max).toBeCloseTo(3, 3)
    }
  })

  it('counts answers that do not match, and leaves events of no token out', () => {
    const truths: TruthLog = new Map([
      ['a', truthOf(0, 50)],
      ['b', truthOf(0, 50, 60)],
    ])
    const records = [recordOf('a', 0, [49, 50, 51], 'oto'), recordOf('b', 0, [50]), recordOf('unknown', 0, [50])]
    const join = joinTruth(
      records.map((record) => readStamps(record)!),
      truths,
    )
    expect(join).toMatchObject({ missing: 1, uneven: 1 })
    const error = measureErrors(join, alignOverLoopback(join.answers))!
    expect(error).toMatchObject({ requests: 1, unmatched: 2 })
    expect(error.meanTtftMs).toBeCloseTo(0, 6)
    const nothing = joinTruth([readStamps(records[2]!)!], truths)
    expect(measureErrors(nothing, alignClocks(nothing.answers))).toBeUndefined()
  })

  it('asks only what was measured and answered', () => {
    const whole = recordOf('a', 0, [50])
    expect(readStamps({ ...whole, phase: 'warmup' })).toBeUndefined()
    expect(readStamps(recordOf('a', 0, [50], 'o'))).toBeUndefined()
    expect(readStamps({ ...whole, outcome: 'stream-error', stage: 'body', reason: 'truncated' })).toBeUndefined()
  })

  it('is 0 for a perfect client, for any schedule', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(gaps, (micros) => {
        let at = 0
        const stamps = micros.map((step) => {
          at += step / 1000
          return at
        })
        const join = joinOne(recordOf('a', 0, stamps), truthOf(0, ...stamps))
        const error = measureErrors(join, alignOverLoopback(join.answers))!
        expect(error.gaps.max).toBeLessThan(0.002)
        expect(Math.abs(error.meanTtftMs)).toBeLessThan(0.002)
      }),
    )
  })
})

describe('the alignment of two clocks', () => {
  const latency = fc.double({ min: 0, max: 50, noNaN: true })
  const exchange = fc.record({
    at: fc.double({ min: 0, max: 1e5, noNaN: true }),
    there: latency,
    back: fc.array(latency, { minLength: 1, maxLength: 10 }),
  })

  it('finds the offset to within what it says, for any latencies', () => {
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 20 }),
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        (exchanges, offset) => {
          const answers = exchanges.map(({ at, there, back }, place): JoinedAnswer => {
            const arrived = at + there
            const sent = back.map((_, event) => arrived + event)
            return {
              ours: { id: `${place}`, sentAt: at, eventsAt: Float64Array.from(back, (ms, event) => sent[event]! + ms) },
              truth: truthOf(arrived + offset, ...sent.map((one) => one + offset)),
            }
          })
          const { offsetMs, uncertaintyMs } = alignClocks(answers)
          // What numbers of this size can tell apart.
          const grain = 1e-6
          expect(Math.abs(offsetMs - offset)).toBeLessThanOrEqual(uncertaintyMs + grain)
          const least = Math.min(...exchanges.map(({ there }) => there))
          const leastBack = Math.min(...exchanges.flatMap(({ back }) => back))
          expect(uncertaintyMs).toBeCloseTo((least + leastBack) / 2, 5)
        },
      ),
    )
  })

  it('says that bounds contradict each other', () => {
    // The server read the first request 5 ms before it was sent, by a clock that had gained 20 ms when it answered.
    const ours = { id: 'a', sentAt: 10, eventsAt: Float64Array.of(60) }
    expect(alignClocks([{ ours, truth: truthOf(5, 75) }]).uncertaintyMs).toBeLessThan(0)
  })
})
