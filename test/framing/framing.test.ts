import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer, type FramerHint } from '../../src/core/framing/framer.ts'

const encoder = new TextEncoder()

interface Framed {
  readonly data: readonly string[]
  readonly events: readonly (string | undefined)[]
  readonly partial: string | undefined
  readonly framing: string | undefined
  readonly error: string | undefined
  readonly notes: readonly string[]
}

/** `cuts` are the sizes of reads, over and over; without them one read brings all. */
function frame(body: string | Uint8Array, hint: Partial<FramerHint> = {}, cuts: readonly number[] = []): Framed {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  const framer = createFramer({ framing: 'sse', contentType: 'text/event-stream', ...hint })
  const messages = []
  for (let offset = 0, read = 0; offset < bytes.length; read++) {
    const size = cuts[read % cuts.length] ?? bytes.length
    messages.push(...framer.push(bytes.slice(offset, offset + size)))
    offset += size
  }
  const end = framer.end()
  messages.push(...end.messages)
  return {
    data: messages.map((message) => message.data),
    events: messages.map((message) => message.event),
    partial: end.partial,
    framing: framer.framing,
    error: framer.error,
    notes: framer.notes,
  }
}

describe('SSE', () => {
  const cases: readonly [name: string, body: string, data: readonly string[]][] = [
    ['LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['lone CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['mixed line ends', 'data: a\r\n\ndata: b\r\rdata: c\n\r\n', ['a', 'b', 'c']],
    ['no space, and only one space removed', 'data:a\n\ndata:  b\n\n', ['a', ' b']],
    ['several data lines', 'data: a\ndata\ndata: b\n\n', ['a\n\nb']],
    ['comments', ': ping\n\n:\n\ndata: a\n: in between\n\n', ['a']],
    ['other fields', 'id: 1\nretry: 10\nfoo: x\nbar\ndata: a\n\n', ['a']],
    ['an event without data is none', 'event: x\n\ndata: a\n\n', ['a']],
    ['an empty data line is one', 'data:\n\n', ['']],
    ['U+2028 is no line end', 'data: a\u2028b\u0085c\n\n', ['a\u2028b\u0085c']],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['blank lines first', '\n\r\n\ndata: a\n\n', ['a']],
  ]
  for (const [name, body, data] of cases) {
    it(`reads ${name}, whole and byte by byte`, () => {
      expect(frame(body).data).toEqual(data)
      expect(frame(body, {}, [1]).data).toEqual(data)
      expect(frame(body).error).toBeUndefined()
    })
  }

  it('keeps the name of an event for that event only', () => {
    expect(frame('event: error\ndata: a\n\ndata: b\n\n').events).toEqual(['error', undefined])
  })

  it('removes a byte order mark at the start only', () => {
    expect(frame('\uFEFFdata: a\n\ndata: \uFEFFb\n\n', {}, [1]).data).toEqual(['a', '\uFEFFb'])
  })

  it('discards an event that no blank line ended, and tells of it', () => {
    expect(frame('data: a\n\ndata: b')).toMatchObject({ data: ['a'], partial: 'b' })
    expect(frame('data: a\n\ndata: b\n')).toMatchObject({ data: ['a'], partial: 'b' })
    expect(frame('data: a\n\ndata: [DONE]', {}, [1])).toMatchObject({ data: ['a'], partial: '[DONE]' })
    expect(frame('data: a\n\n: a comment').partial).toBeUndefined()
  })

  it('knows a CR at the very end for a line end', () => {
    expect(frame('data: a\n\r')).toMatchObject({ data: ['a'], partial: undefined })
    expect(frame('data: a\r\n\r', {}, [1])).toMatchObject({ data: ['a'], partial: undefined })
  })

  it('reads 100 events out of one read, and one event out of 1000', () => {
    const body = Array.from({ length: 100 }, (_, n) => `data: ${n}\n\n`).join('')
    expect(frame(body).data).toHaveLength(100)
    expect(frame(`data: ${'x'.repeat(1000)}\n\n`, {}, [1]).data).toEqual(['x'.repeat(1000)])
  })

  it('gives up on an event larger than the limit, and keeps those before it', () => {
    const body = `data: a\n\ndata: ${'x'.repeat(5000)}`
    expect(frame(body, { maxEventLength: 1000 }, [100])).toMatchObject({ data: ['a'], error: 'event_too_large' })
    expect(frame(body, { maxEventLength: 1000 })).toMatchObject({ data: ['a'], error: 'event_too_large' })
    const lines = `data: a\n\n${'data: xxxxxxxxxx\n'.repeat(1000)}`
    expect(frame(lines, { maxEventLength: 1000 }, [64])).toMatchObject({ data: ['a'], error: 'event_too_large' })
  })

  it('has a limit of 8 Mi characters', () => {
    const piece = encoder.encode('x'.repeat(64 * 1024))
    const framer = createFramer({ framing: 'sse', contentType: 'text/event-stream' })
    framer.push(encoder.encode('data: '))
    let pushed = 0
    while (framer.error === undefined && pushed < 200) {
      framer.push(piece)
      pushed++
    }
    expect(framer.error).toBe('event_too_large')
    expect(pushed).toBe(128)
    expect(framer.push(piece)).toEqual([])
    expect(framer.end()).toEqual({ messages: [] })
  })

  it('does the same however the bytes are cut', () => {
    const piece = fc.constantFrom(
      'data: ',
      'data:',
      'data',
      'event: x',
      ': c',
      'id: 1',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\n\r\n',
      'ä',
      '€',
      '😀',
      '{"a":1}',
      '[DONE]',
      ' ',
      '\uFEFF',
      '\uFFFD',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (pieces, cuts) => {
          const body = `: start\n${pieces.join('')}`
          expect(frame(body, {}, cuts)).toEqual(frame(body))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('does the same with bytes that are no UTF-8, however they are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (parts, cuts) => {
          const start = encoder.encode('data: ')
          const body = new Uint8Array(parts.flatMap((part) => [...start, ...part, 10, 10]))
          expect(frame(body, {}, cuts)).toEqual(frame(body))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('text', () => {
  it('becomes U+FFFD with a note where bytes are no UTF-8', () => {
    const body = new Uint8Array([...encoder.encode('data: a'), 0xff, 0xc3, ...encoder.encode('b\n\n')])
    for (const cuts of [[1], [2], [100]]) {
      expect(frame(body, {}, cuts)).toMatchObject({ data: ['a\uFFFD\uFFFDb'], notes: ['invalid_utf8'] })
    }
  })

  it('may hold U+FFFD that the server sent, without a note', () => {
    for (const cuts of [[1], [2], [100]]) {
      expect(frame('data: a\uFFFDb\n\n', {}, cuts)).toMatchObject({ data: ['a\uFFFDb'], notes: [] })
    }
  })

  it('notes a character that the end of the body cut', () => {
    const body = encoder.encode('data: a\n\ndata: €').slice(0, -1)
    expect(frame(body)).toMatchObject({ data: ['a'], partial: '\uFFFD', notes: ['invalid_utf8'] })
  })
})

describe('NDJSON', () => {
  const hint = { framing: 'ndjson', contentType: 'application/x-ndjson' } as const

  it('reads lines, and skips blank ones', () => {
    for (const cuts of [[1], [3], [1000]]) {
      expect(frame('{"a":1}\n\n  \n{"b":"ä"}\r\n', hint, cuts)).toMatchObject({
        data: ['{"a":1}', '{"b":"ä"}'],
        framing: 'ndjson',
        partial: undefined,
      })
    }
  })

  it('takes a last line without a line end if it is whole', () => {
    expect(frame('{"a":1}\n{"done":true}', hint, [1]).data).toEqual(['{"a":1}', '{"done":true}'])
    expect(frame('{"a":1}\n{"done":tr', hint)).toMatchObject({ data: ['{"a":1}'], partial: '{"done":tr' })
  })

  it('gives up on a line larger than the limit', () => {
    const body = `{"a":1}\n{"b":"${'x'.repeat(5000)}"}\n{"c":1}\n`
    for (const cuts of [[1], [100], [9999]]) {
      expect(frame(body, { ...hint, maxEventLength: 1000 }, cuts)).toMatchObject({
        data: ['{"a":1}'],
        error: 'event_too_large',
      })
    }
  })
})

describe('a body that is one JSON text', () => {
  it('is one message, at its end', () => {
    const hint = { framing: 'json', contentType: 'application/json' } as const
    for (const cuts of [[1], [1000]]) {
      expect(frame(' {"a":\n[1]}\n', hint, cuts)).toMatchObject({ data: ['{"a":\n[1]}'], framing: 'json', notes: [] })
    }
    expect(frame('', hint).data).toEqual([])
    expect(frame(`"${'x'.repeat(2000)}"`, { ...hint, maxEventLength: 1000 }).error).toBe('event_too_large')
  })
})

describe('what the body turns out to be', () => {
  const sse = 'data: a\n\n'
  const json = '{"a":1}'
  const cases: readonly [name: string, hint: FramerHint, body: string, expected: Partial<Framed>][] = [
    [
      'SSE as JSON',
      { framing: 'sse', contentType: 'application/json' },
      sse,
      { framing: 'sse', notes: ['content_type_mismatch'] },
    ],
    [
      'SSE as text',
      { framing: 'sse', contentType: 'text/plain' },
      `\n: hi\n\n${sse}`,
      { framing: 'sse', data: ['a'], notes: ['content_type_mismatch'] },
    ],
    [
      'SSE without a type',
      { framing: 'sse' },
      `event: x\n${sse}`,
      { framing: 'sse', data: ['a'], notes: ['content_type_mismatch'] },
    ],
    [
      'JSON for a stream',
      { framing: 'sse', contentType: 'application/json' },
      json,
      { framing: 'json', data: [json], notes: [] },
    ],
    [
      'JSON as SSE',
      { framing: 'sse', contentType: 'text/event-stream' },
      json,
      { framing: 'json', data: [json], notes: ['content_type_mismatch'] },
    ],
    [
      'NDJSON',
      { framing: 'sse', contentType: 'application/x-ndjson' },
      `${json}\n${json}\n`,
      { framing: 'ndjson', data: [json, json], notes: [] },
    ],
    [
      'NDJSON as text',
      { framing: 'ndjson', contentType: 'text/plain' },
      `${json}\n${json}\n`,
      { framing: 'ndjson', data: [json, json] },
    ],
    [
      'HTML',
      { framing: 'sse', contentType: 'text/html' },
      '<!DOCTYPE html>',
      { data: [], error: 'unexpected_content_type' },
    ],
    [
      'HTML as SSE',
      { framing: 'sse', contentType: 'text/event-stream' },
      '\n<html>',
      { data: [], error: 'unexpected_content_type' },
    ],
    [
      'text',
      { framing: 'sse', contentType: 'text/plain' },
      'upstream failed',
      { data: [], error: 'unexpected_content_type' },
    ],
    [
      'short text',
      { framing: 'sse', contentType: 'text/plain' },
      'oops',
      { data: [], error: 'unexpected_content_type' },
    ],
    [
      'an unknown field first',
      { framing: 'sse', contentType: 'text/event-stream' },
      `version: 2\n${sse}`,
      { framing: 'sse', data: ['a'] },
    ],
    ['nothing', { framing: 'sse', contentType: 'text/event-stream' }, '', { data: [], error: undefined, notes: [] }],
    [
      'blanks',
      { framing: 'sse', contentType: 'text/event-stream' },
      '\n'.repeat(999),
      { data: [], error: undefined, notes: [] },
    ],
  ]
  for (const [name, hint, body, expected] of cases) {
    it(`is seen: ${name}`, () => {
      for (const cuts of [[1], [4], [4096]])
        expect(frame(body, { contentType: '', ...hint }, cuts)).toMatchObject(expected)
    })
  }

  it('is shown by its first 256 characters', () => {
    const framer = createFramer({ framing: 'sse' })
    framer.push(encoder.encode(`<p>${'x'.repeat(1000)}`))
    expect(framer.start).toBe(`<p>${'x'.repeat(253)}`)
  })
})
