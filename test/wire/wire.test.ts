/** Recorded answers of six real servers decode to what those servers said, whole, as recorded, and cut anywhere. */
import type { Adapter } from 'inferbench'
import openai from 'inferbench/adapters/openai'
import vllm from 'inferbench/adapters/vllm'
import { describe, expect, it } from 'vitest'
import { type AnswerFields, createAnswerReader } from '../../src/core/engine/answer.ts'
import { listRecordedAnswers, type RecordedAnswer, readRecordedAnswer } from '../support/wire.ts'
import { ERRORS, STREAMS, WHOLE } from './expected.ts'

const PROBES = /\/(?:models|health|metrics|props|slots|tokenize|detokenize|load|ping|version|native-completion-stream)$/

function decode(answer: RecordedAnswer, adapter: Adapter = openai): AnswerFields {
  const { max_tokens, stream } = answer.requestBody ?? {}
  const reader = createAnswerReader({
    sentAt: 0,
    headersAt: answer.headersAt,
    status: answer.status,
    headers: answer.headers,
    asked: {
      framing: stream === true ? 'sse' : 'json',
      stream: stream === true,
      ...(typeof max_tokens === 'number' && max_tokens > 0 ? { maxTokens: max_tokens } : {}),
    },
    adapter,
    manifestModel: 'tiny-random-llama',
    saveText: true,
    toRunMs: (at) => Math.round(at * 1000) / 1000,
  })
  for (const { at, bytes } of answer.chunks) reader.feed(at, bytes)
  return reader.finish({ how: 'complete' })
}

/** Without what depends on the instants. */
function withoutTime(fields: AnswerFields): object {
  const { headersAt: _, ...rest } = fields
  return 'events' in rest ? { ...rest, events: { ...rest.events, us: rest.events.us.length } } : rest
}

describe('every recorded answer', () => {
  for (const name of listRecordedAnswers()) {
    it(`${name} is the same as recorded, whole, and in small reads`, () => {
      const recorded = withoutTime(decode(readRecordedAnswer(name)))
      for (const size of [1_000_000, 64, 7]) {
        expect(withoutTime(decode(readRecordedAnswer(name, size)))).toEqual(recorded)
      }
    })
  }

  for (const name of ['vllm/chat-stream-usage', 'llama-server/chat-stream', 'transformers/completion-stream']) {
    it(`${name} is the same cut in two at each of its bytes`, () => {
      const { chunks, ...head } = readRecordedAnswer(name)
      const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk.bytes]))
      const cutAt = (at: number): object =>
        withoutTime(
          decode({
            ...head,
            chunks: [
              { at: 1, bytes: bytes.subarray(0, at) },
              { at: 2, bytes: bytes.subarray(at) },
            ],
          }),
        )
      const whole = cutAt(bytes.length)
      for (let at = 0; at < bytes.length; at++) expect(cutAt(at)).toEqual(whole)
    })
  }

  it('is expected here, or was not asked of a model', () => {
    const expected = new Set([...Object.keys(STREAMS), ...Object.keys(WHOLE), ...Object.keys(ERRORS)])
    const names = listRecordedAnswers().filter((name) => !PROBES.test(name))
    expect(names.filter((name) => !expected.has(name))).toEqual([])
    expect([...expected].filter((name) => !names.includes(name))).toEqual([])
  })
})

describe('streams', () => {
  for (const [name, { notes, ...expected }] of Object.entries(STREAMS)) {
    it(name, () => {
      const fields = decode(readRecordedAnswer(name))
      expect(fields).toMatchObject({ outcome: 'ok', finish: 'length', status: 200, ...expected })
      expect(fields.notes ?? []).toEqual(notes ?? [])
      if (expected.tokenSource === undefined) expect(fields).not.toHaveProperty('outputTokens')
    })
  }

  it('keep the instants of their reads', () => {
    const answer = readRecordedAnswer('transformers/chat-stream')
    const fields = decode(answer)
    if (fields.outcome !== 'ok') throw new Error('not ok')
    let at = 0
    const instants = fields.events.us.map((us) => {
      at += us
      return at
    })
    const reads = new Set(answer.chunks.map(({ at }) => Math.round(at * 1000)))
    expect(instants.filter((at) => !reads.has(at))).toEqual([])
    // The role leaves before prefill; three tokens then share one HTTP chunk.
    expect(fields.events.kind.startsWith('ottt')).toBe(true)
    expect(fields.events.us.slice(2, 4)).toEqual([0, 0])
    expect(fields.events.us[1]).toBeGreaterThan(0)
  })

  it('cut before their end are truncated', () => {
    for (const [name, { notes }] of Object.entries(STREAMS)) {
      const { chunks, ...head } = readRecordedAnswer(name, 16)
      const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk.bytes]))
      const finishAt = new TextDecoder('latin1').decode(bytes).search(/"finish_reason": ?"/)
      const cut = { ...head, chunks: [{ at: 1, bytes: bytes.subarray(0, finishAt) }] }
      expect(decode(cut)).toMatchObject({ outcome: 'stream-error', reason: 'truncated' })
      if (notes?.includes('missing_done')) continue
      const withoutMark = { ...head, chunks: [{ at: 1, bytes: bytes.subarray(0, -'data: [DONE]\n\n'.length) }] }
      expect(decode(withoutMark).notes).toContain('missing_done')
    }
  })
})

describe('answers that were not streamed', () => {
  for (const [name, expected] of Object.entries(WHOLE)) {
    it(name, () => {
      const fields = decode(readRecordedAnswer(name))
      expect(fields).toMatchObject({
        outcome: 'ok',
        finish: 'length',
        tokenSource: 'server',
        events: { kind: 'o' },
        ...expected,
      })
      expect(fields).not.toHaveProperty('notes')
    })
  }
})

describe('errors', () => {
  for (const [name, expected] of Object.entries(ERRORS)) {
    it(name, () => {
      const answer = readRecordedAnswer(name)
      expect(decode(answer)).toMatchObject({ outcome: 'http-error', status: answer.status, ...expected })
    })
  }
})

describe('probes', () => {
  const reply = (name: string) => {
    const { status, headers, chunks } = readRecordedAnswer(name)
    return {
      status,
      headers,
      body: new TextDecoder().decode(new Uint8Array(chunks.flatMap((chunk) => [...chunk.bytes]))),
    }
  }
  const models = (name: string) => openai.facts?.[0]?.read(reply(name))

  it('find the models that are served', () => {
    expect(models('vllm/models')).toEqual({ models: ['tiny-random-llama'], maxModelLength: 2048 })
    expect(models('llama-server/models')).toMatchObject({ models: ['tiny-random-llama'] })
    expect(models('llama-cpp-python/models')).toMatchObject({ models: ['tiny-random-llama'] })
    // An empty list says nothing.
    expect(models('transformers/models')).toBeUndefined()
    expect(models('vllm/error-unknown-route')).toBeUndefined()
  })
  it('find the version', () => {
    expect(vllm.facts?.[1]?.read(reply('vllm/version'))).toEqual({ version: '0.32.0' })
  })
  it('see that a server is ready', () => {
    for (const name of ['vllm/health', 'llama-server/health', 'transformers/health']) {
      expect(vllm.ready?.[0]?.read(reply(name))).toEqual({ ready: true })
    }
    expect(vllm.ready?.[1]?.read(reply('vllm/models'))).toEqual({ ready: true })
  })
  it('count tokens in both forms of /tokenize', () => {
    expect(openai.countTokens?.read(reply('vllm/tokenize'))).toBe(4)
    expect(openai.countTokens?.read(reply('llama-server/tokenize'))).toBe(4)
  })
})
