/** What is sent and when, what waits, what is dropped, how a run ends: whole runs against servers of the test. */

import type { Platform, RequestRecord, RunPlan, RunResult, ScenarioPlan } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import { closedLoop, replay } from '../../src/core/arrival/mod.ts'
import { run } from '../../src/core/engine/run.ts'
import { type RawConnection, serveBytes } from '../conformance/serve-bytes.ts'
import { loadTestPlatform, makePlan, makeScenario } from '../support/plan.ts'

let platform: Platform
beforeAll(async () => {
  platform = await loadTestPlatform()
})

const body = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`

interface Ran {
  readonly records: readonly RequestRecord[]
  readonly result: RunResult
  readonly mostAtOnce: number
  readonly heads: readonly string[]
}

/** Runs a scenario; `reply` decides when an answer is written. */
async function runScenario(
  scenario: Partial<ScenarioPlan>,
  options: {
    readonly reply?: (connection: RawConnection, index: number) => Promise<void>
    readonly plan?: Partial<RunPlan>
    readonly signal?: AbortSignal
    readonly onRecord?: (record: RequestRecord) => void
  } = {},
): Promise<Ran> {
  let open = 0
  let mostAtOnce = 0
  let index = 0
  const server = await serveBytes(async (connection) => {
    for (;;) {
      await connection.request()
      mostAtOnce = Math.max(mostAtOnce, ++open)
      const settle = (): void => {
        open--
      }
      await (options.reply ?? ((to) => to.write(answer)))(connection, index++).finally(settle)
    }
  })
  const records: RequestRecord[] = []
  try {
    const plan = makePlan(server.url, { scenarios: [makeScenario(scenario)], ...options.plan })
    const onRecord = (record: RequestRecord): void => {
      records.push(record)
      options.onRecord?.(record)
    }
    const result = await run(plan, platform, { record: onRecord }, options.signal)
    return { records, result, mostAtOnce, heads: server.requests.map(({ head }) => head) }
  } finally {
    await server.close()
  }
}

const never = (connection: RawConnection): Promise<void> => connection.closed

describe('a closed loop', () => {
  it('sends as many as asked for, never more at once than it has slots', async () => {
    const { records, mostAtOnce } = await runScenario({ arrival: closedLoop(3), requests: 50 })
    expect(records).toHaveLength(50)
    expect(records.every((record) => record.outcome === 'ok')).toBe(true)
    expect([...records].map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n))
    expect(mostAtOnce).toBeLessThanOrEqual(3)
  })

  it('dates a request from the instant at which its slot became free', async () => {
    const { records } = await runScenario({ arrival: closedLoop(1), requests: 5 })
    for (const [index, record] of records.entries()) {
      if (index > 0) expect(record.dueAt).toBe(records[index - 1]!.endAt)
    }
  })

  it('keeps the warm-up apart, with other ids', async () => {
    const { records } = await runScenario({ requests: 4, warmup: { kind: 'requests', requests: 3 } })
    expect(records.map(({ phase }) => phase)).toEqual([...Array(3).fill('warmup'), ...Array(4).fill('measure')])
    expect(new Set(records.map(({ id }) => id)).size).toBe(7)
  })

  it('sends the id of its record with every request', async () => {
    const { records, heads } = await runScenario({ arrival: closedLoop(2), requests: 6 })
    const sent = heads.map((head) => /^x-request-id: *(\S+)$/im.exec(head)?.[1]).sort()
    expect(sent).toEqual(records.map(({ id }) => id).sort())
  })

  it('ends by time, and aborts after the grace period what does not end', async () => {
    const hold = async (connection: RawConnection, index: number): Promise<void> =>
      index < 5 ? connection.write(answer) : never(connection)
    const { records, result } = await runScenario(scenarioOf({ durationMs: 300 }), {
      reply: hold,
      plan: { drainMs: 100 },
    })
    const last = records.at(-1)!
    expect(records).toHaveLength(6)
    expect(last).toMatchObject({ outcome: 'aborted', reason: 'drain', stage: 'headers' })
    expect(last.endAt).toBeGreaterThan(399)
    expect(result.interrupted).toBe(false)
  })
})

/** A scenario bounded by time alone. */
function scenarioOf(changes: Partial<ScenarioPlan>): Partial<ScenarioPlan> {
  const { requests: _, ...rest } = makeScenario(changes)
  return { ...rest, ...('requests' in changes ? {} : { requests: Number.MAX_SAFE_INTEGER }) }
}

describe('an open schedule', () => {
  it('dates every request by the schedule, whatever becomes of the ones before', async () => {
    const instants = [0, 5, 10, 10, 40]
    const { records } = await runScenario({ arrival: replay(instants), requests: 5 })
    const byN = [...records].sort((a, b) => a.n - b.n)
    const offsets = byN.map(({ dueAt }) => Math.round((dueAt - byN[0]!.dueAt) * 1000) / 1000)
    expect(offsets).toEqual(instants)
    for (const record of records)
      if (record.outcome === 'ok') expect(record.sentAt).toBeGreaterThanOrEqual(record.dueAt)
  })

  it('holds back what is above the cap, and records the wait', async () => {
    // The first two are answered when the third has been due for long.
    const hold = async (connection: RawConnection, index: number): Promise<void> => {
      if (index < 2) await new Promise((resolve) => setTimeout(resolve, 60))
      await connection.write(answer)
    }
    const { records, mostAtOnce } = await runScenario(
      { arrival: replay([0, 0, 0]), requests: 3, maxInFlight: 2 },
      { reply: hold },
    )
    expect(mostAtOnce).toBe(2)
    const held = records.filter(({ permitAt }) => permitAt !== undefined)
    expect(held).toHaveLength(1)
    expect(held[0]).toMatchObject({ n: 2, outcome: 'ok' })
    expect(held[0]!.permitAt! - held[0]!.dueAt).toBeGreaterThan(50)
  })

  it('records as dropped what was due and could not be sent before the end', async () => {
    const { records } = await runScenario(
      { arrival: replay([0, 1, 2, 3]), requests: 4, durationMs: 150, maxInFlight: 1 },
      { reply: never, plan: { drainMs: 50 } },
    )
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(['aborted', 'dropped', 'dropped', 'dropped'])
    expect(records.find(({ outcome }) => outcome === 'dropped')).toMatchObject({ reason: 'run-ended' })
  })
})

describe('ending early', () => {
  it('an interrupt stops sending, lets open requests end, and keeps everything', async () => {
    const interrupt = new AbortController()
    const { records, result } = await runScenario(scenarioOf({}), {
      signal: interrupt.signal,
      onRecord: () => interrupt.abort(),
    })
    expect(result).toMatchObject({ interrupted: true, summary: { stopped: 'interrupted' } })
    expect(result.failure).toBeUndefined()
    expect(records.length).toBeGreaterThan(0)
    expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true)
  })

  it('a hopeless answer to the first requests ends the run and says what to do', async () => {
    const text = '{"error":{"message":"The model `m` does not exist."}}'
    const refuse = (to: RawConnection): Promise<void> =>
      to.write(
        `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      )
    const { records, result } = await runScenario({ requests: 1000 }, { reply: refuse })
    expect(records.length).toBeLessThan(20)
    expect(result.failure?.message).toMatch(/404.*does not exist.*--model/)
  })

  it('a server that refuses include_usage is asked without, and that request is sent again', async () => {
    const text = '{"detail":"Unknown field: stream_options"}'
    const answers: string[] = []
    const server = await serveBytes(async (connection) => {
      for (;;) {
        const request = await connection.request()
        const refused = request.body.includes('include_usage')
        answers.push(refused ? 'refused' : 'taken')
        await connection.write(
          refused
            ? `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
            : answer,
        )
      }
    })
    const records: RequestRecord[] = []
    const plan = makePlan(server.url, { scenarios: [makeScenario({ requests: 5, arrival: closedLoop(2) })] })
    const result = await run(plan, platform, { record: (record) => records.push(record) })
    await server.close()
    const measured = records.filter(({ phase }) => phase === 'measure')
    expect(measured).toHaveLength(5)
    expect(measured.every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(records.length).toBe(answers.length)
    expect(result.manifest.notes.join()).toContain('include_usage')
  })

  it('a server that dies and stays away ends the run; what was measured is kept', async () => {
    const server = await serveBytes(async (connection) => {
      for (;;) {
        await connection.request()
        await connection.write(answer)
      }
    })
    const records: RequestRecord[] = []
    const plan = makePlan(server.url, {
      scenarios: [makeScenario({ requests: 100_000, arrival: closedLoop(4) })],
      readyTimeoutMs: 600,
    })
    const result = await run(plan, platform, {
      record: (record) => {
        records.push(record)
        if (records.length === 50) void server.close()
      },
    })
    expect(result.failure?.code).toBe('run-failed')
    expect(result.failure?.message).toContain('went away')
    expect(records.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThanOrEqual(50)
    expect(records.filter(({ outcome }) => outcome === 'refused').length).toBeLessThan(50)
  })

  it('a run in which nothing succeeded is a failure that says why', async () => {
    const text = 'boom'
    const fail = (to: RawConnection): Promise<void> =>
      to.write(`HTTP/1.1 500 Oops\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
    const { result } = await runScenario({ requests: 3 }, { reply: fail })
    expect(result.failure?.message).toMatch(/none of 3 requests succeeded: 3 x http-error\//)
  })

  it('a server that is not there is one clear error', async () => {
    const server = await serveBytes(() => {})
    await server.close()
    const { ready, facts } = (await import('../../adapters/vllm.ts')).default
    const adapter = { ...makePlan('').adapter, ...(ready && { ready }), ...(facts && { facts }) }
    await expect(run(makePlan(server.url, { adapter, readyTimeoutMs: 300 }), platform)).rejects.toMatchObject({
      code: 'unreachable',
    })
  })
})
