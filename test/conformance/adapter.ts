/**
 * What every adapter must do. A test file of an adapter is one call: `testAdapter(acme)`. No sockets, no clock: scripted
 * bytes go through the framing and the reader that a run uses, so it runs the same on every runtime.
 */
import type { Adapter, Call, HttpSpec, ProbeReply, Target } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { registerAnswerTests, registerFaultTests } from './adapter-answers.ts'
import {
  CUTS,
  chat,
  completion,
  deepFreeze,
  MAX_TOKENS,
  NONSENSE,
  type Register,
  readAnswer,
  SECRET,
  target,
} from './adapter-script.ts'
import { type AnswerDialect, openaiDialect } from './openai-dialect.ts'

/** A recorded answer, and what it must decode to. */
export interface AdapterFixture {
  readonly name: string
  readonly body: string | Uint8Array
  readonly contentType: string
  readonly status?: number
  /** Compared member by member with the fields of the record. */
  readonly expected: Readonly<Record<string, unknown>>
}

export interface AdapterTestOptions {
  /** Names of tests that do not hold for this server, with the reason; shown in the output. */
  readonly skip?: Readonly<Record<string, string>>
  readonly fixtures?: readonly AdapterFixture[]
  /** How the server writes its answers, where that is not the OpenAI dialect. */
  readonly dialect?: AnswerDialect
}

export function testAdapter(adapter: Adapter, options: AdapterTestOptions = {}): void {
  const dialect = options.dialect ?? openaiDialect
  const names = new Set<string>()

  function test(name: string, body: () => void): void {
    names.add(name)
    const reason = options.skip?.[name]
    if (reason === undefined) it(name, body)
    else it.skip(`${name} (${reason})`, body)
  }

  describe(`adapter ${adapter.name}`, () => {
    describe('requests', () => registerRequestTests(adapter, test))
    describe('answers', () => {
      registerAnswerTests(adapter, dialect, test)
      registerFaultTests(adapter, dialect, test)
    })
    describe('the server beside the load', () => registerProbeTests(adapter, dialect, test))
    for (const fixture of options.fixtures ?? []) {
      test(`recorded: ${fixture.name}`, () => {
        const bytes = typeof fixture.body === 'string' ? new TextEncoder().encode(fixture.body) : fixture.body
        for (const cut of CUTS) {
          const settings = {
            cut,
            contentType: fixture.contentType,
            ...(fixture.status ? { status: fixture.status } : {}),
          }
          expect(readAnswer(adapter, dialect, bytes, settings).fields).toMatchObject(fixture.expected)
        }
      })
    }
    it('skips only tests that exist', () => {
      expect(Object.keys(options.skip ?? {}).filter((name) => !names.has(name))).toEqual([])
    })
  })
}

function registerRequestTests(adapter: Adapter, test: Register): void {
  const encode = (call: Call, change: Partial<Target> = {}): HttpSpec => {
    const endpoint = call.kind === 'chat' ? 'chat' : 'completions'
    return adapter.encode(deepFreeze(call), deepFreeze({ ...target, endpoint, ...change }))
  }

  test('encode is pure and deterministic', () => {
    for (const call of [chat, completion]) expect(encode(call)).toEqual(encode(structuredClone(call)))
  })
  test("encode asks below the base URL, and leaves to the transport what is the transport's", () => {
    for (const call of [chat, completion]) {
      const spec = encode(call)
      expect(spec.url.startsWith(`${target.baseUrl}/`)).toBe(true)
      expect(new URL(spec.url).href).toBe(spec.url)
      const headers = spec.headers.map(([header]) => header.toLowerCase())
      expect(headers.filter((header) => ['host', 'content-length', 'connection'].includes(header))).toEqual([])
      expect(new Set(headers).size).toBe(headers.length)
    }
  })
  test('encode says what was asked for: prompt, model, limit', () => {
    for (const call of [chat, completion]) {
      const words = call.kind === 'chat' ? call.messages[0]!.content : call.prompt
      const spec = encode(call)
      expect(spec.body).toContain(JSON.stringify(words))
      expect(spec.url + spec.body).toContain(target.model)
      expect(spec.body).toContain(String(MAX_TOKENS))
    }
  })
  test('encode asks for a stream only when it is wanted', () => {
    expect(encode(chat).framing).not.toBe('json')
    expect(encode(chat, { stream: false }).framing).toBe('json')
    expect(encode(chat).body).not.toBe(encode(chat, { stream: false }).body)
  })
  test('encode keeps the key out of the URL and the body', () => {
    for (const call of [chat, completion]) {
      const spec = encode(call)
      expect(spec.url + spec.body).not.toContain(SECRET)
      expect(JSON.stringify(encode(call, { headers: [] }).headers)).toContain(SECRET)
    }
  })
  test('encode passes on what the user adds', () => {
    const spec = encode({ ...chat, body: { seed: 4242 } })
    expect(spec.headers).toContainEqual(['x-custom', 'from the user'])
    expect(JSON.parse(spec.body!)).toMatchObject({ top_k: 7, seed: 4242 })
  })
  test('encode forces the length exactly when the flags say so', () => {
    const changes = encode({ ...chat, forceLength: true }).body !== encode(chat).body
    expect(changes).toBe(adapter.flags.forcesLength)
  })
}

function registerProbeTests(adapter: Adapter, dialect: AnswerDialect, test: Register): void {
  const replies = [200, 204, 401, 404, 500, 503].flatMap((status) =>
    [...NONSENSE, dialect.refusal('no'), '<html>'].map((body): ProbeReply => ({ status, headers: new Map(), body })),
  )

  test('probes ask below the base URL and read any reply', () => {
    for (const probe of [...(adapter.ready ?? []), ...(adapter.facts ?? [])]) {
      const spec = probe.request(deepFreeze(target))
      expect(spec.url.startsWith(`${target.baseUrl}/`)).toBe(true)
      expect(spec.url).not.toContain(SECRET)
      for (const reply of replies) expect(() => probe.read(reply)).not.toThrow()
    }
  })
  test('a server that says 503 is not ready', () => {
    const asked = (adapter.ready ?? []).map((probe) => probe.read({ status: 503, headers: new Map(), body: '' }))
    if (asked.length > 0) expect(asked.some((answer) => answer?.ready === false)).toBe(true)
  })
  test('tokens are counted, or not at all', () => {
    const { countTokens } = adapter
    if (countTokens === undefined) return
    for (const input of [{ text: 'a b' }, { messages: [{ role: 'user', content: 'a b' }] }]) {
      const spec = countTokens.request(deepFreeze(input), deepFreeze(target))
      expect(spec.url.startsWith(`${target.baseUrl}/`)).toBe(true)
      expect(spec.body).toContain('a b')
    }
    for (const reply of replies) {
      const count = countTokens.read(reply)
      expect(count === undefined || (Number.isSafeInteger(count) && count > 0)).toBe(true)
    }
  })
  test('launch is data only', () => {
    const plan = adapter.launch?.({ model: 'org/model-1', port: 8123 })
    if (plan === undefined) return
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    // Some servers are told by their environment.
    expect([...plan.args, ...Object.values(plan.env ?? {})].join(' ')).toContain('8123')
  })
  test('scraped metrics have one name each, and a unit', () => {
    const metrics = Object.values(adapter.scrape?.metrics ?? {})
    const names = metrics.flatMap((metric) => metric.names)
    expect(new Set(names).size).toBe(names.length)
    for (const metric of metrics) expect(metric.names.length > 0 && metric.unit !== '').toBe(true)
    expect(adapter.scrape?.path ?? '/').toMatch(/^\//)
  })
  test('the adapter says what it is', () => {
    expect(adapter.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(adapter.summary).not.toBe('')
    expect(adapter.summary).not.toContain('\n')
  })
}
