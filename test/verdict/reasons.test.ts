/** Each reason, on the recorded clean run with one thing changed: nothing else decides, and no machine. */
import type { ClientSample, Manifest, OkRecord, RequestRecord } from 'inferbench'
import { describe, expect, it } from 'vitest'
import processes from '../../plugins/process.ts'
import { createJudge, limits, pluginLimits } from '../../src/core/verdict/mod.ts'
import { asOpen, changeClean, type Evidence, judgeAgain, readEvidence } from './folders.ts'

const clean = readEvidence('clean')
const scenario = clean.manifest.scenarios[0]!.name

function client(change: (sample: ClientSample, index: number) => Partial<ClientSample>): Evidence {
  return changeClean({ sample: (sample, index) => ({ ...sample, ...change(sample, index) }) })
}

function answers(change: (record: OkRecord, index: number) => Partial<OkRecord>): Evidence {
  return changeClean({ answer: (record, index) => ({ ...record, ...change(record, index) }) })
}

function manifest(change: Partial<Manifest>): Evidence {
  return changeClean({ manifest: (given) => ({ ...given, ...change }) })
}

/** Every measured request `everyMs` after the one before, as an open schedule wants it. */
function open(everyMs: number, change: (record: OkRecord, index: number) => Partial<OkRecord> = () => ({})): Evidence {
  return changeClean({
    manifest: (given) => asOpen(given, 1000 / everyMs),
    answer(record, index) {
      const movedMs = index * everyMs - record.dueAt
      const [dueAt, sentAt, headersAt, endAt] = [record.dueAt, record.sentAt, record.headersAt, record.endAt].map(
        (at) => at + movedMs,
      ) as [number, number, number, number]
      const moved = { ...record, n: index, dueAt, sentAt, headersAt, endAt }
      return { ...moved, ...change(moved, index) }
    },
  })
}

/** The same, `ms` later but for `dueAt`. */
function later(record: OkRecord, ms: number): Partial<OkRecord> {
  return { sentAt: record.sentAt + ms, headersAt: record.headersAt + ms, endAt: record.endAt + ms }
}

/** The same with a first token `ms` later. */
function slower({ events, endAt }: OkRecord, ms: number): Partial<OkRecord> {
  return { endAt: endAt + ms, events: { ...events, us: events.us.map((us, i) => us + (i === 0 ? ms * 1000 : 0)) } }
}

function fail(record: OkRecord): RequestRecord {
  const { n, id, phase, item, dueAt, sentAt, headersAt, endAt } = record
  const base = { n, id, scenario, phase, item, dueAt, sentAt, headersAt, endAt }
  return { ...base, outcome: 'http-error', status: 500, stage: 'headers', reason: 'http_500' }
}

function cutByDrain({ n, id, phase, item, dueAt, sentAt, endAt }: OkRecord): RequestRecord {
  return { n, id, scenario, phase, item, dueAt, sentAt, endAt, outcome: 'aborted', stage: 'body', reason: 'drain' }
}

function drop({ n, id, phase, item, dueAt, endAt }: OkRecord): RequestRecord {
  return { n, id, scenario, phase, item, dueAt, endAt, outcome: 'dropped', reason: 'run-ended' }
}

const errors = { p50: 1, p90: 20, p99: 80, max: 90 }
const key = { machine: 'm', runtime: 'r', transport: 'socket', connections: 'reuse', threads: 0 }
const load = { streams: 4, eventsPerSecond: 1000 }

/** What stands for each code of the table: evidence in which it must be found. */
const evidence: Readonly<Record<string, () => Evidence>> = {
  'stopped-early': () => changeClean({ stopped: 'interrupted' }),
  'clock-step': () => manifest({ clock: { ...clean.manifest.clock, stepMs: 1 } }),
  'clock-jump': () => client((_, index) => ({ wallDriftMs: index < 3 ? 0 : 3_600_000 })),
  'client-unwatched': () => ({ ...clean, client: [] }),
  'client-cpu': () => client(() => ({ cpu: [0.99], spin: [0] })),
  'gc-pause': () => client((_, index) => ({ gcMaxMs: index === 5 ? 400 : 1 })),
  'timer-lateness': () => client(() => ({ timerLateMs: 90 })),
  'client-stall': () => client((_, index) => ({ timerLateMs: index === 5 ? 1200 : 1 })),
  'instrument-error': () => {
    const row = { ...load, gapMs: 5, requests: 100, firstEvent: errors, gaps: errors, sendLateness: errors }
    return manifest({ calibration: { key, scenarios: { [scenario]: { covered: true, load, row } } } })
  },
  'beyond-calibration': () =>
    manifest({ calibration: { key, scenarios: { [scenario]: { covered: false, load, reason: 'beyond' } } } }),
  'connection-wait': () =>
    answers((record) => ({ ...later(record, 40), connect: { startAt: record.sentAt, connectMs: 40 } })),
  'send-lateness': () => open(40, (record) => later(record, 60)),
  'model-changed': () => answers((_, index) => (index < 60 ? {} : { model: 'another' })),
  'fingerprint-changed': () => answers((_, index) => (index < 60 ? {} : { fingerprint: 'fp_other' })),
  'warm-cache': () => answers(({ inputTokens }) => ({ cachedTokens: inputTokens! })),
  'rate-unreached': () =>
    open(40, (record, index) => ({ ...later(record, index * 40), permitAt: record.dueAt + index * 40 })),
  errors: () => changeClean({ answer: (record, index) => (index % 20 === 0 ? fail(record) : record) }),
  'permit-wait': () => open(40, (record, index) => (index % 4 === 0 ? { permitAt: record.dueAt } : {})),
  dropped: () => {
    const { manifest: given, ...rest } = open(40)
    return {
      ...rest,
      manifest: given,
      records: rest.records.map((one) =>
        one.outcome === 'ok' && one.n % 20 === 7 && one.phase === 'measure' ? drop(one) : one,
      ),
    }
  },
  'in-flight-trend': () => {
    const given = open(40)
    return { ...given, client: growing(given, 4) }
  },
  'drain-cut': () => changeClean({ answer: (record, index) => (index > 75 ? cutByDrain(record) : record) }),
  'ttft-trend': () => answers((record) => slower(record, record.n * 2)),
  'no-answers': () => changeClean({ answer: fail }),
  'few-answers': () =>
    changeClean({ records: (records) => records.filter(({ phase, n }) => phase === 'measure' && n < 8) }),
  'buffered-stream': () =>
    answers(({ events }) => ({ events: { ...events, us: events.us.map((us, i) => (i === 0 ? 90_000 : us * 0)) } })),
  'fast-first-token': () =>
    answers(({ events }) => ({ events: { ...events, us: events.us.map((us, i) => (i === 0 ? 400 : us)) } })),
  'fast-prefill': () => answers(() => ({ inputTokens: 500_000 })),
  'fast-tokens': () =>
    answers(({ events }) => ({ events: { ...events, us: events.us.map((us, i) => (i === 0 ? us : 10)) } })),
  'token-counts': () => answers(() => ({ outputTokens: 5 })),
  'short-output': () => answers(() => ({ outputTokens: 4, finish: 'stop', tokenSource: 'tokenizer' })),
}

/** Lines enough for the trend, about a run in which the number of requests in flight grows. */
function growing({ client: lines }: Evidence, factor: number): ClientSample[] {
  const [first] = lines as [ClientSample]
  return Array.from({ length: 40 }, (_, index) => ({
    ...first,
    timerLateMs: 1,
    at: index * 80,
    inFlight: 10 + index * factor,
  }))
}

describe('the table of limits', () => {
  it('is whole: every code has evidence here, a reason for its value, a remedy, and explains codes that exist', () => {
    const codes = limits.map(({ code }) => code)
    expect(Object.keys(evidence).sort()).toEqual([...codes].sort())
    for (const limit of limits) {
      expect(limit.why).not.toBe('')
      expect(limit.remedy.length).toBeLessThanOrEqual(60)
      expect(limit.suspect ?? limit.invalid).toBeDefined()
      expect(limit.explains.filter((code) => !codes.includes(code))).toEqual([])
    }
  })

  it('has causes before consequences', () => {
    const place = new Map(limits.map(({ code }, index) => [code, index]))
    const backwards = limits.flatMap(({ code, explains }) =>
      explains.filter((effect) => place.get(effect)! < place.get(code)!),
    )
    expect(backwards).toEqual([])
  })
})

describe('each reason', () => {
  for (const { code, unit, bad } of limits) {
    it(`${code} is found, with figure, limit and remedy`, () => {
      const { verdict } = judgeAgain(evidence[code]!())
      const reason = verdict.reasons.find((one) => one.code === code)
      expect(reason, JSON.stringify(verdict)).toBeDefined()
      expect(verdict.status).not.toBe('VALID')
      expect(reason!.remedy).not.toBe('')
      expect(reason!.message).not.toBe('')
      if (unit === '') return
      if (bad === 'above') expect(reason!.figure).toBeGreaterThan(reason!.limit!)
      else expect(reason!.figure).toBeLessThan(reason!.limit!)
    })
  }
})

it('a machine without a free core is the cause of pauses, which are measured by the clock', () => {
  const { manifest: given, records, client: lines } = client((_, index) => ({ gcMaxMs: index === 5 ? 150 : 1 }))
  const judge = createJudge(given.scenarios, pluginLimits([processes]))
  for (const line of lines) judge.sample(line)
  for (const record of records) judge.add(record)
  const busy = { code: 'machine-busy', figure: 40, message: 'no core was free', scenario }
  const { reasons } = judge.verdict(given, judgeAgain({ manifest: given, records, client: lines }), [busy])
  expect(reasons.map(({ code, follows }) => [code, follows])).toEqual([
    ['machine-busy', undefined],
    ['gc-pause', 'machine-busy'],
  ])
})

describe('what follows from what', () => {
  const follows = (given: Evidence): readonly unknown[] =>
    judgeAgain(given).verdict.reasons.map((reason) => [reason.code, reason.follows])

  it('a second without the CPU does not follow from a pause, or from timers, that took a part of it', () => {
    const stall = { timerLateMs: 1200 }
    expect(follows(client((_, index) => (index === 5 ? { ...stall, gcMaxMs: 130 } : {})))).toEqual([
      ['gc-pause', undefined],
      ['client-stall', undefined],
    ])
    expect(follows(client((_, index) => (index === 5 ? { ...stall, gcMaxMs: 900 } : {})))).toEqual([
      ['gc-pause', undefined],
      ['client-stall', 'gc-pause'],
    ])
    expect(follows(client((_, index) => (index === 5 ? stall : { timerLateMs: 30 })))).toEqual([
      ['timer-lateness', undefined],
      ['client-stall', undefined],
    ])
  })

  it('the graver of two causes is named', () => {
    // The server takes four of five, while we send a little late.
    const given = open(40, (record, index) => {
      const slow = { ...record, ...slower(record, index * 30) }
      return { ...slow, ...later(slow, 40), ...(index % 10 === 0 ? { permitAt: record.dueAt } : {}) }
    })
    expect(follows(given)).toEqual([
      ['rate-unreached', undefined],
      ['send-lateness', undefined],
      ['permit-wait', 'rate-unreached'],
      ['ttft-trend', 'rate-unreached'],
    ])
  })
})

describe('what is no reason', () => {
  it('the recorded clean run is VALID', () => {
    expect(judgeAgain(clean).verdict).toMatchObject({ status: 'VALID', reasons: [] })
  })

  it('an open schedule that is kept is VALID', () => {
    expect(judgeAgain(open(40)).verdict.reasons).toEqual([])
  })

  it('spinning for punctual sends is no saturation', () => {
    expect(judgeAgain(client(() => ({ cpu: [0.99], spin: [0.6] }))).verdict.status).toBe('VALID')
  })

  it('a client that was never calibrated is a note', () => {
    const { verdict } = judgeAgain(
      manifest({ calibration: { key, scenarios: { [scenario]: { covered: false, load, reason: 'none' } } } }),
    )
    expect(verdict).toMatchObject({ status: 'VALID', notes: [{ code: 'uncalibrated', severity: 'note' }] })
  })

  it('a shared prefix explains the tokens that it holds', () => {
    const cachedTokens = 48
    const explained = changeClean({
      manifest: (given) => ({
        ...given,
        scenarios: given.scenarios.map((one) => ({ ...one, workload: { ...one.workload, sharedPrefixTokens: 48 } })),
      }),
      answer: (record) => ({ ...record, cachedTokens }),
    })
    expect(judgeAgain(explained).verdict.status).toBe('VALID')
    expect(judgeAgain(answers(() => ({ cachedTokens }))).verdict.reasons.map(({ code }) => code)).toEqual([
      'warm-cache',
    ])
  })

  it('counts that somebody else made are no contradiction, unless the server gave one that was not believed', () => {
    const missing = { tokenSource: 'chunks', notes: ['usage_missing'] } as const
    expect(judgeAgain(answers(() => missing)).verdict.reasons).toEqual([])
    const doubted = { ...missing, notes: ['usage_suspect', 'usage_missing'] } as const
    const uncounted = ({ outputTokens: _, tokenSource: __, ...rest }: OkRecord): OkRecord => rest
    for (const change of [(record: OkRecord) => record, uncounted]) {
      const given = changeClean({
        answer: (record) => change({ ...record, ...doubted, notes: [...doubted.notes] }),
      })
      expect(judgeAgain(given).verdict.reasons).toMatchObject([{ code: 'token-counts', figure: 100 }])
    }
  })

  it('answers that were not streamed are not buffered', () => {
    const whole = answers(() => ({ events: { us: [90_000], kind: 't', tokens: [12] }, notes: ['not_streamed'] }))
    expect(judgeAgain(whole).verdict.reasons).toEqual([])
  })

  it('bursts that a late client made itself accuse no proxy', () => {
    const burst = evidence['buffered-stream']!()
    const late = { ...burst, client: burst.client.map((sample) => ({ ...sample, timerLateMs: 60 })) }
    const { status, reasons } = judgeAgain(late).verdict
    expect(status).toBe('SUSPECT')
    expect(reasons.map(({ code, follows }) => [code, follows])).toEqual([
      ['timer-lateness', undefined],
      ['buffered-stream', 'timer-lateness'],
      ['fast-tokens', 'buffered-stream'],
    ])
    expect(judgeAgain(burst).verdict).toMatchObject({ status: 'INVALID', reasons: [{ code: 'buffered-stream' }, {}] })
  })

  it('a schedule in steps may change what it meets', () => {
    const steps = changeClean({
      manifest: (given) => ({
        ...given,
        scenarios: given.scenarios.map((one) => ({ ...one, load: { kind: 'open' } as const })),
      }),
      answer: (record) => ({ ...record, ...slower(record, record.n * 2) }),
    })
    expect(judgeAgain(steps).verdict.reasons.map(({ code }) => code)).not.toContain('ttft-trend')
  })

  it('one reading of the wall clock that was taken late is no jump', () => {
    expect(judgeAgain(client((_, index) => ({ wallDriftMs: index === 3 ? 300 : 0 }))).verdict.status).toBe('VALID')
  })
})

describe('limits', () => {
  it('can be changed, and INVALID has a limit of its own', () => {
    const late = client(() => ({ timerLateMs: 90 }))
    const changed = (limit: { suspect?: number; invalid?: number }): string =>
      judgeAgain({ ...late, manifest: { ...late.manifest, limits: { 'timer-lateness': limit } } }).verdict.status
    expect(changed({ suspect: 100, invalid: 200 })).toBe('VALID')
    expect(changed({ suspect: 10, invalid: 50 })).toBe('INVALID')
  })
})

describe('the steady state', () => {
  it('leaves out a slow start, and advises a warm-up', () => {
    const { scenarios, verdict } = judgeAgain(answers((record) => (record.n < 20 ? slower(record, 200) : {})))
    const { steady, metrics } = scenarios[0]!
    expect(steady!.skipped).toBeGreaterThanOrEqual(20)
    const whole = metrics.ttft
    const part = steady!.metrics.ttft
    if (whole?.kind !== 'distribution' || part?.kind !== 'distribution') throw new Error('no TTFT')
    expect(part.distribution.mean).toBeLessThan(whole.distribution.mean)
    expect(verdict.notes?.map(({ code }) => code)).toContain('warm-up')
  })
})
