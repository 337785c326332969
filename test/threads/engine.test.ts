/** Whole runs whose load is carried by shards over channels, against servers of the test: they end as runs without threads do. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Adapter, Platform, RequestRecord, RunPlan, RunResult } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeArrival } from '../../src/core/arrival/mod.ts'
import { run } from '../../src/core/engine/run.ts'
import { type RawConnection, serveBytes } from '../conformance/serve-bytes.ts'
import { bareOpenai, loadTestPlatform, makePlan, makeScenario } from '../support/plan.ts'
import { type FakeOptions, type FakeThreads, fakeThreads } from '../support/threads.ts'

let platform: Platform
beforeAll(async () => {
  platform = await loadTestPlatform()
})

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const delta = (content: string): string => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const role = event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
const finish = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const done = 'data: [DONE]\n\n'
const body = delta('a') + delta('b') + finish + done
const sized = (text: string, status = '200 OK', fields = 'Content-Type: text/event-stream'): string =>
  `HTTP/1.1 ${status}\r\n${fields}\r\nContent-Length: ${text.length}\r\n\r\n${text}`
/** An answer that goes on after what it holds. */
const endless = (text: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999999\r\n\r\n${text}`
const answer = sized(body)

const closed = (slots: number) => makeArrival({ kind: 'closed', slots }, 1)
const constant = (rate: number) => makeArrival({ kind: 'constant', rate }, 1)
const poisson = (rate: number) => makeArrival({ kind: 'poisson', rate }, 1)

const threadable = makeScenario({ arrival: closed(1) })

interface Ran {
  /** In order of their numbers. */
  readonly records: readonly RequestRecord[]
  readonly result: RunResult
  readonly mostAtOnce: number
  readonly bodies: readonly string[]
  readonly threads: FakeThreads
}

interface Given {
  readonly threads?: number
  readonly plan?: Partial<RunPlan>
  readonly scenario?: Parameters<typeof makeScenario>[0]
  readonly reply?: (connection: RawConnection, index: number, text: string) => Promise<unknown>
  readonly fake?: FakeOptions
  readonly signal?: AbortSignal
  readonly onRecord?: (record: RequestRecord, threads: FakeThreads) => void
}

/** A run with two threads, unless told otherwise. Their clocks are far from ours. */
async function runWith(given: Given = {}): Promise<Ran> {
  let open = 0
  let mostAtOnce = 0
  let count = 0
  const server = await serveBytes(async (connection) => {
    for (;;) {
      const { body: text } = await connection.request()
      mostAtOnce = Math.max(mostAtOnce, ++open)
      try {
        await (given.reply ?? ((to) => to.write(answer)))(connection, count++, text)
      } finally {
        open--
      }
    }
  })
  const threads = fakeThreads(platform, { clockAheadMs: [1e6, 0, 3e5], ...given.fake })
  const records: RequestRecord[] = []
  try {
    const plan = makePlan(server.url, {
      scenarios: [makeScenario({ arrival: closed(2), ...given.scenario })],
      adapterSource: 'openai',
      threads: given.threads ?? 2,
      ...given.plan,
    })
    const record = (one: RequestRecord): void => {
      records.push(one)
      given.onRecord?.(one, threads)
    }
    const result = await run(plan, threads.platform, { record }, given.signal)
    const bodies = server.requests.map((request) => request.body)
    return { records: records.sort((a, b) => a.n - b.n), result, mostAtOnce, bodies, threads }
  } finally {
    await server.close()
  }
}

const never = (connection: RawConnection): Promise<void> => connection.closed

/** Writes again and again until the client is gone. */
async function keepWriting(connection: RawConnection, text: string): Promise<void> {
  let isClosed = false
  void connection.closed.then(() => {
    isClosed = true
  })
  while (!isClosed) {
    await connection.write(text)
    await Promise.race([connection.closed, new Promise((resolve) => setTimeout(resolve, 10))])
  }
}

/** A record without its instants and its thread: what has to be the same whoever carried the load. */
function strip(record: RequestRecord): object {
  const { id, thread, dueAt, permitAt, sentAt, headersAt, endAt, connect, events, ...rest } =
    record as RequestRecord & {
      events?: { kind: string; tokens?: readonly number[] }
      [name: string]: unknown
    }
  return {
    ...rest,
    id: id.replace(/^[^-]*-/, ''),
    instants: [dueAt, sentAt, headersAt, endAt].map((at) => at !== undefined),
    ...(events === undefined ? {} : { kinds: events.kind, tokens: events.tokens }),
  }
}

describe('records are the same whoever carries the load', () => {
  const wide = { arrival: closed(4), requests: 40 }
  const cases: readonly (readonly [string, Given])[] = [
    ['a closed loop', { scenario: wide }],
    ['a constant rate', { scenario: { arrival: constant(400), requests: 40 } }],
    ['a poisson rate with a cap', { scenario: { arrival: poisson(400), requests: 40, maxInFlight: 3 } }],
    ['a warm-up', { scenario: { ...wide, warmup: { kind: 'requests', requests: 5 } } }],
    ['two scenarios', { plan: { scenarios: [makeScenario(wide), makeScenario({ ...wide, name: 'next' })] } }],
    ['more streams than requests', { scenario: { arrival: closed(9), requests: 2 } }],
    ['one stream for many threads', { scenario: { arrival: closed(1), requests: 5 } }],
    ['compressed answers', { scenario: wide, reply: (to) => to.write(zipped) }],
    [
      'failures of all kinds',
      {
        scenario: { arrival: closed(1), requests: 20 },
        reply: async (to, index) => {
          const what = index % 5
          if (what === 0) return await to.write(answer)
          if (what === 1) return await to.write(sized('{"error":{"message":"busy"}}', '503 Busy', 'X: y'))
          if (what === 2) return to.reset()
          if (what === 3) await to.write(endless(delta('a')))
          else await to.write(sized(`${delta('a')}data: {broken\n\n${done}`))
          to.close()
        },
      },
    ],
  ]
  const zipped = zip(body)

  it.each(cases)('%s', async (_, given) => {
    const alone = await runWith({ ...given, threads: 0 })
    const expected = alone.records.map(strip)
    expect(expected.length).toBeGreaterThan(1)
    for (const threads of [1, 3]) {
      const { records, result, mostAtOnce } = await runWith({ ...given, threads })
      expect(records.map(strip)).toEqual(expected)
      expect(result.failure).toBeUndefined()
      const permits = given.scenario?.maxInFlight ?? slotsOf(given)
      expect(mostAtOnce).toBeLessThanOrEqual(permits)
    }
  })

  it.each([
    ['slots', 5, { arrival: closed(5), requests: 60 }],
    ['the cap', 4, { arrival: constant(1000), requests: 60, maxInFlight: 4 }],
  ])('all of %s are used and no more, though threads share them', async (_, most, scenario) => {
    // Answers take long enough for every thread to want more.
    const reply = async (to: RawConnection): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 15))
      await to.write(answer)
    }
    const { records, mostAtOnce } = await runWith({ threads: 3, scenario, reply })
    expect(records.map(({ n, outcome }) => [n, outcome])).toEqual(records.map((_, n) => [n, 'ok']))
    expect(records).toHaveLength(60)
    expect(mostAtOnce).toBe(most)
  })

  it('says which of several threads carried it, also of what was dropped', async () => {
    const shards = async (given: Given): Promise<readonly unknown[]> =>
      (await runWith({ ...given, threads: given.threads ?? 3 })).records.map(({ thread }) => thread)
    const schedule = { arrival: constant(400), requests: 9 }
    expect(await shards({ scenario: schedule })).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
    expect(await shards({ scenario: schedule, threads: 1 })).toEqual(Array(9).fill(undefined))
    const held = { arrival: constant(100), requests: 1000, durationMs: 300, maxInFlight: 3 }
    const { records } = await runWith({ threads: 3, scenario: held, plan: { drainMs: 50 }, reply: never })
    const dropped = records.filter(({ outcome }) => outcome === 'dropped')
    expect(dropped.length).toBeGreaterThan(0)
    for (const { n, thread } of dropped) expect(thread).toBe(n % 3)
  })

  it('instants are by our clock, though each thread has another', async () => {
    const before = platform.clock.epoch()
    const { records, result } = await runWith({ threads: 3, scenario: wide })
    const took = platform.clock.epoch() - before
    const origin = result.manifest.clock.originEpochMs
    expect(Math.abs(origin - before)).toBeLessThan(took + 1)
    for (const record of records) {
      if (record.outcome !== 'ok') throw new Error(record.outcome)
      const { dueAt, sentAt, headersAt, endAt } = record
      const instants = [0, dueAt, sentAt, headersAt, endAt, took]
      expect(instants).toEqual([...instants].sort((a, b) => a - b))
    }
  })
})

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))

function slotsOf({ scenario }: Given): number {
  const arrival = scenario?.arrival
  return arrival?.kind === 'open' ? Number.POSITIVE_INFINITY : (arrival?.slots ?? 4)
}

function zip(text: string): Uint8Array {
  const packed = gzipSync(Buffer.from(text))
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), packed])
}

describe('limits of time through threads', () => {
  const one = (timeouts: Partial<RunPlan['timeouts']>): Given => ({
    scenario: { arrival: closed(2), requests: 2 },
    plan: { timeouts: { connectMs: 2000, ...timeouts } },
  })

  it('no head: the limit of the head', async () => {
    const { records } = await runWith({ ...one({ headersMs: 80 }), reply: never })
    for (const record of records)
      expect(record).toMatchObject({ outcome: 'timeout', reason: 'headers', stage: 'headers' })
    expect(records).toHaveLength(2)
  })

  it('comments and a role are no first token', async () => {
    const reply = async (to: RawConnection): Promise<void> => {
      await to.write(endless(role))
      await keepWriting(to, `: still here\n\n${role}`)
    }
    const { records } = await runWith({ ...one({ firstTokenMs: 120 }), reply })
    for (const record of records) expect(record).toMatchObject({ outcome: 'timeout', reason: 'first-token' })
    expect(records).toHaveLength(2)
  })

  it('comments do not reset the limit between tokens; tokens do', async () => {
    const reply = async (to: RawConnection, index: number): Promise<void> => {
      await to.write(endless(delta('a')))
      if (index > 0) return await keepWriting(to, ': still here\n\n')
      // Longer than the limit in all, with tokens in between.
      for (let n = 0; n < 20; n++) {
        await to.write(delta('a'))
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
      await to.write(finish + done)
      await to.closed
    }
    const { records } = await runWith({ ...one({ idleMs: 400 }), reply })
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(['ok', 'timeout'])
    expect(records.find(({ outcome }) => outcome === 'timeout')).toMatchObject({ reason: 'idle' })
  })

  it('the limit of the whole', async () => {
    const reply = async (to: RawConnection): Promise<void> => {
      await to.write(endless(delta('a')))
      await keepWriting(to, delta('a'))
    }
    const { records } = await runWith({ ...one({ totalMs: 150 }), reply })
    for (const record of records) expect(record).toMatchObject({ outcome: 'timeout', reason: 'total', stage: 'body' })
  })

  it('a connection that lingers after the end mark ends soon, not at a limit', async () => {
    const reply = async (to: RawConnection): Promise<void> => {
      await to.write(endless(body))
      await to.closed
    }
    const { records, result } = await runWith({ ...one({ totalMs: 60_000 }), reply })
    expect(records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
    expect(result.failure).toBeUndefined()
  })

  it('an answer that nothing can mend ends at once', async () => {
    const reply = async (to: RawConnection): Promise<void> => {
      await to.write(endless(`${delta('a')}data: {broken\n\n`))
      await keepWriting(to, delta('b'))
    }
    const { records } = await runWith({ ...one({ totalMs: 60_000 }), reply })
    for (const record of records) expect(record.outcome).toBe('stream-error')
  })
})

describe('a run ends early', () => {
  it.each([401, 404])('status %i to the first requests', async (status) => {
    const reply = (to: RawConnection) => to.write(sized('{"error":{"message":"no"}}', `${status} No`, 'X: y'))
    const { records, result } = await runWith({ scenario: { arrival: closed(4), requests: 1000 }, reply })
    expect(result.failure).toMatchObject({ code: 'run-failed' })
    expect(records.length).toBeLessThan(1000)
  })

  it('refused usage is asked once more without, by every thread', async () => {
    const reply = (to: RawConnection, _: number, text: string) =>
      to.write(
        text.includes('stream_options')
          ? sized('{"error":{"message":"unknown field stream_options"}}', '400 Bad Request', 'X: y')
          : answer,
      )
    const { records, result } = await runWith({ scenario: { arrival: closed(4), requests: 60 }, reply })
    expect(result.failure).toBeUndefined()
    const measured = records.filter(({ phase }) => phase === 'measure')
    expect(measured.map(({ n }) => n)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    expect(measured.every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
    expect(result.manifest.notes?.filter((note) => note.includes('include_usage'))).toHaveLength(1)
  })

  it('a server that goes away ends all threads, with what was measured', async () => {
    let close = (): void => {}
    const server = await serveBytes(async (connection) => {
      for (;;) {
        await connection.request()
        await connection.write(answer)
      }
    })
    close = () => void server.close()
    const { platform: threaded } = fakeThreads(platform)
    const records: RequestRecord[] = []
    const plan = makePlan(server.url, {
      scenarios: [makeScenario({ arrival: closed(4), requests: 1_000_000 })],
      adapterSource: 'openai',
      threads: 2,
      readyTimeoutMs: 500,
    })
    const record = (one: RequestRecord): void => {
      if (records.push(one) === 20) close()
    }
    const result = await run(plan, threaded, { record })
    expect(result.failure).toMatchObject({ code: 'run-failed' })
    expect(result.failure!.message).toMatch(/went away/)
    expect(records.length).toBeGreaterThan(20)
  })

  it('not when a server that went away comes back', async () => {
    let answered = 0
    const serve = (): Server =>
      createServer((request, response) => {
        request.resume().on('end', () => {
          // Dies once, with what it has in hand.
          if (++answered === 20) leave()
          else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body)
        })
      })
    const server = serve()
    const leave = (): void => {
      server.close()
      server.closeAllConnections()
    }
    await listen(server, 0)
    const { port } = server.address() as AddressInfo
    let second: Server | undefined
    let refused = 0
    const records: RequestRecord[] = []
    const record = (one: RequestRecord): void => {
      records.push(one)
      if (one.outcome !== 'refused' || ++refused !== 7) return
      second = serve()
      void listen(second, port)
    }
    const { platform: threaded } = fakeThreads(platform)
    const scenario = makeScenario({ arrival: closed(4), requests: 300 })
    const plan = makePlan(`http://127.0.0.1:${port}`, {
      scenarios: [scenario],
      adapterSource: 'openai',
      threads: 2,
      readyTimeoutMs: 20_000,
    })
    const result = await run(plan, threaded, { record })
    second?.closeAllConnections()
    await new Promise((resolve) => second?.close(resolve))
    expect(result.failure).toBeUndefined()
    expect(records.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n))
    expect(records.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(200)
  })

  it('when nothing listens', async () => {
    const { platform: threaded } = fakeThreads(platform)
    const server = await serveBytes(() => {})
    await server.close()
    const scenario = makeScenario({ arrival: closed(4), requests: 1_000_000 })
    const plan = makePlan(server.url, {
      scenarios: [scenario],
      adapterSource: 'openai',
      threads: 2,
      readyTimeoutMs: 300,
    })
    const result = await run(plan, threaded)
    expect(result.failure).toMatchObject({ code: 'run-failed', message: expect.stringMatching(/went away/) })
  })

  it('time: what does not end in the grace period is aborted', async () => {
    const reply = (to: RawConnection, index: number) => (index < 6 ? to.write(answer) : never(to))
    const { records, result } = await runWith({
      scenario: { arrival: closed(3), requests: 1_000_000, durationMs: 250 },
      plan: { drainMs: 100 },
      reply,
    })
    expect(records).toHaveLength(9)
    expect(records.filter(({ outcome }) => outcome === 'aborted')).toHaveLength(3)
    expect(result.interrupted).toBe(false)
  })

  it('time: what was due and held back is a record as well', async () => {
    const { records } = await runWith({
      scenario: { arrival: constant(100), requests: 1000, durationMs: 300, maxInFlight: 2 },
      plan: { drainMs: 50 },
      reply: never,
    })
    expect(records.map(({ n }) => n)).toEqual(Array.from({ length: 30 }, (_, n) => n))
    expect(records.filter(({ outcome }) => outcome === 'aborted')).toHaveLength(2)
    expect(records.filter(({ outcome }) => outcome === 'dropped')).toHaveLength(28)
  })

  it('the user: stops, drains, keeps', async () => {
    const stopping = new AbortController()
    const { records, result } = await runWith({
      scenario: { arrival: closed(4), requests: 1_000_000 },
      signal: stopping.signal,
      onRecord: ({ n }) => {
        if (n === 30) stopping.abort()
      },
    })
    expect(result.interrupted).toBe(true)
    expect(result.failure).toBeUndefined()
    expect(records.map(({ n }) => n)).toEqual(records.map((_, n) => n))
    expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true)
  })
})

describe('a load thread that is lost', () => {
  it.each([
    ['breaks', new Error('encode broke\nand says much about it'), /^a load thread was lost: encode broke$/],
    ['ends by itself', undefined, /^a load thread was lost: it ended by itself$/],
  ])('while it measures: %s', async (_, error, line) => {
    let done = 0
    const { records, result } = await runWith({
      scenario: { arrival: closed(4), requests: 1_000_000 },
      onRecord: (_, threads) => {
        if (++done === 30) threads.kill(1, error)
      },
    })
    expect(result.failure).toMatchObject({ code: 'run-failed', message: expect.stringMatching(line) })
    expect(records.length).toBeGreaterThanOrEqual(30)
    // What the other had in flight has ended somehow; nothing is recorded twice.
    expect(new Set(records.map(({ n }) => n)).size).toBe(records.length)
  })

  it('what it had in flight is recorded as given up', async () => {
    let arrived = 0
    const threads = fakeThreads(platform)
    const server = await serveBytes(async (connection) => {
      await connection.request()
      await connection.write(endless(delta('a')))
      // The rest of the answer never comes; what did is told within a moment.
      if (++arrived === 2) setTimeout(() => threads.kill(0), 100)
    })
    try {
      const scenario = makeScenario({ arrival: closed(2), requests: 2 })
      const plan = makePlan(server.url, { adapterSource: 'openai', threads: 1, scenarios: [scenario] })
      const records: RequestRecord[] = []
      const result = await run(plan, threads.platform, { record: (record) => records.push(record) })
      expect(result.failure?.message).toMatch(/lost/)
      expect(records.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted'])
    } finally {
      await server.close()
    }
  })

  it('before the first request', async () => {
    let started = 0
    const threads = fakeThreads(platform, {
      loadAdapter: async () => {
        // The second dies while it loads.
        if (++started === 2) threads.kill(1, new Error('out of memory'))
        return bareOpenai
      },
    })
    const plan = makePlan('http://127.0.0.1:1', { adapterSource: 'openai', threads: 2, scenarios: [threadable] })
    await expect(run(plan, threads.platform)).rejects.toMatchObject({
      message: 'a load thread was lost: out of memory',
    })
  })

  it('between two phases', async () => {
    const { records, result } = await runWith({
      scenario: { arrival: closed(2), requests: 1000, warmup: { kind: 'requests', requests: 4 } },
      onRecord: ({ phase, n }, threads) => {
        if (phase === 'warmup' && n === 3) threads.kill(0)
      },
    })
    expect(result.failure?.message).toMatch(/lost/)
    expect(records.length).toBeLessThan(1000)
  })
})

describe('what threads need', () => {
  const failing = async (changes: Partial<RunPlan>, fake: FakeOptions = {}): Promise<unknown> =>
    await runWith({ plan: changes, fake }).then(
      ({ result }) => result,
      (thrown) => thrown,
    )

  it('an adapter that a thread cannot load is the error that it would be here', async () => {
    const { BenchError } = await import('../../src/core/errors.ts')
    const loadAdapter = async (): Promise<Adapter> => {
      throw new BenchError('usage', 'cannot load "./mine.ts": no such file')
    }
    expect(await failing({}, { loadAdapter })).toMatchObject({
      code: 'usage',
      message: 'cannot load "./mine.ts": no such file',
    })
  })

  it('an adapter or a schedule that is an object cannot be told to a thread', async () => {
    const { adapterSource: _, ...bare } = makePlan('http://127.0.0.1:1', { scenarios: [threadable] })
    const server = await serveBytes((connection) => connection.request().then(() => connection.write(answer)))
    try {
      const plan = { ...bare, target: { ...bare.target, baseUrl: server.url }, threads: 2 }
      await expect(run(plan, fakeThreads(platform).platform)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/^--threads 2: an adapter that is given as an object/),
      })
      const { result } = await runAuto(plan)
      expect(result.failure).toBeUndefined()
    } finally {
      await server.close()
    }
  })

  async function runAuto(plan: RunPlan): Promise<{ result: RunResult }> {
    const threads = fakeThreads(platform)
    const result = await run({ ...plan, threads: 'auto' }, threads.platform)
    expect(threads.orders).toHaveLength(0)
    return { result }
  }

  it('where there are no threads, asking for some is an error, and auto does without', async () => {
    const { startLoadThread: _, ...without } = platform
    const server = await serveBytes((connection) => connection.request().then(() => connection.write(answer)))
    try {
      const plan = makePlan(server.url, { adapterSource: 'openai', threads: 2, scenarios: [threadable] })
      await expect(run(plan, without)).rejects.toMatchObject({ code: 'unsupported' })
      expect((await run({ ...plan, threads: 'auto' }, without)).failure).toBeUndefined()
    } finally {
      await server.close()
    }
  })
})
