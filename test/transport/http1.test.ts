import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HeaderPairs, ResponseParser } from '../../src/platform/transport/http1.ts'
import { type Answer, anyAnswer, anyCuts, cutBytes, fromLatin1, toLatin1 } from '../support/http-answers.ts'

interface Parsed {
  status?: number
  headers?: HeaderPairs
  body: string
  progress: string
  code?: string
  extraBytes: number
  keepAlive: boolean
}

/** Pushes the pieces, then the end of the connection; the instant of a piece is its index. */
function parse(pieces: readonly Uint8Array[], method = 'GET'): Parsed & { instants: number[]; headAt: number } {
  const parser = new ResponseParser()
  const parsed: Parsed & { instants: number[]; headAt: number } = {
    body: '',
    progress: 'more',
    extraBytes: 0,
    keepAlive: false,
    instants: [],
    headAt: -1,
  }
  parser.begin(
    {
      headers(at, status, headers) {
        Object.assign(parsed, { status, headers })
        parsed.headAt = at
      },
      bytes(at, chunk) {
        expect(chunk.length).toBeGreaterThan(0)
        parsed.instants.push(at)
        parsed.body += toLatin1(chunk)
      },
    },
    method,
  )
  for (const [at, piece] of pieces.entries()) {
    parsed.progress = parser.push(at, piece)
    if (parsed.progress === 'failed') break
  }
  if (parsed.progress !== 'failed') parsed.progress = parser.finish()
  parsed.extraBytes = parser.extraBytes
  parsed.keepAlive = parser.keepAlive
  if (parser.fault !== undefined) parsed.code = parser.fault.code
  return parsed
}

const parseText = (text: string, method?: string): Parsed => parse([fromLatin1(text)], method)

describe('http1 parser, any well-formed answer', () => {
  it('reads status, fields and body, however the bytes are cut', () => {
    fc.assert(
      fc.property(anyAnswer, anyCuts, (answer: Answer, cuts) => {
        const parsed = parse(cutBytes(answer.bytes, cuts))
        expect(parsed.progress).toBe('done')
        expect(parsed.status).toBe(answer.status)
        expect(parsed.body).toBe(answer.body)
        expect(parsed.headers).toEqual(answer.headers)
        expect(parsed.extraBytes).toBe(0)
        expect(parsed.keepAlive).toBe(answer.keepAlive)
      }),
      { numRuns: 1000, seed: 1 },
    )
  })

  it('stamps each piece of the body with the instant of the piece that held it', () => {
    fc.assert(
      fc.property(anyAnswer, anyCuts, (answer, cuts) => {
        const { instants, headAt } = parse(cutBytes(answer.bytes, cuts))
        expect(instants).toEqual([...instants].sort((a, b) => a - b))
        if (instants.length > 0) expect(instants[0]).toBeGreaterThanOrEqual(headAt)
      }),
      { numRuns: 300, seed: 2 },
    )
  })

  it('knows a cut from an end', () => {
    fc.assert(
      fc.property(anyAnswer, fc.nat(), (answer, at) => {
        const parsed = parse([answer.bytes.subarray(0, at % answer.bytes.length)])
        const mayBeWhole = answer.framing === 'close' && parsed.status !== undefined
        expect(parsed.progress).toBe(mayBeWhole ? 'done' : 'failed')
        if (!mayBeWhole) expect(parsed.code).toBe('TRUNCATED')
        expect(answer.body.startsWith(parsed.body)).toBe(true)
      }),
      { numRuns: 500, seed: 3 },
    )
  })

  it('counts what comes after the end', () => {
    fc.assert(
      fc.property(anyAnswer, anyCuts, fc.uint8Array({ minLength: 1, maxLength: 40 }), (answer, cuts, extra) => {
        fc.pre(answer.framing !== 'close')
        const both = new Uint8Array(answer.bytes.length + extra.length)
        both.set(answer.bytes)
        both.set(extra, answer.bytes.length)
        const parsed = parse(cutBytes(both, cuts))
        expect(parsed.progress).toBe('done')
        expect(parsed.body).toBe(answer.body)
        expect(parsed.extraBytes).toBe(extra.length)
      }),
      { numRuns: 300, seed: 4 },
    )
  })
})

describe('http1 parser, any bytes at all', () => {
  it('says the same however damaged bytes are cut, and never throws', () => {
    fc.assert(
      fc.property(anyAnswer, anyCuts, fc.nat(), fc.nat(255), (answer, cuts, at, byte) => {
        const damaged = answer.bytes.slice()
        damaged[at % damaged.length] = byte
        const whole = parse([damaged])
        const cut = parse(cutBytes(damaged, cuts))
        expect({ ...cut, instants: [], headAt: 0 }).toEqual({ ...whole, instants: [], headAt: 0 })
      }),
      { numRuns: 1000, seed: 5 },
    )
  })
})

describe('http1 parser, clause by clause', () => {
  const head = 'HTTP/1.1 200 OK\r\n'

  it.each([
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', 'ok'],
    ['an empty reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', 'ok'],
    ['line ends before the status line', `\r\n\r\n${head}Content-Length: 2\r\n\r\nok`, 'ok'],
    ['LF alone', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n', 'ok'],
    ['identity and a length', `${head}Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok`, 'ok'],
    ['Chunked in any case', `${head}transfer-encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n`, 'ok'],
    [
      'coding and length: the coding',
      `${head}Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      'ok',
    ],
    [
      'several 1xx heads',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head}Content-Length: 2\r\n\r\nok`,
      'ok',
    ],
    ['204 with a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n', ''],
    ['205 with a length', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', ''],
    ['304 with a coding', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', ''],
    ['blanks after a chunk size', `${head}Transfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0 ; x\r\n\r\n`, 'ok'],
  ])('accepts %s', (_what, text, body) => {
    const parsed = parseText(text)
    expect(parsed.code).toBeUndefined()
    expect(parsed.progress).toBe('done')
    expect(parsed.body).toBe(body)
  })

  it.each([
    ['another protocol', 'SSH-2.0-x\r\n', 'BAD_STATUS_LINE'],
    ['the first wrong byte, at once', 'G', 'BAD_STATUS_LINE'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'BAD_STATUS_LINE'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['a field without a name', `${head}: x\r\n\r\n`, 'BAD_HEADER'],
    ['a blank before the colon', `${head}X : x\r\n\r\n`, 'BAD_HEADER'],
    ['a fold without a field', `${head} x\r\n\r\n`, 'BAD_HEADER'],
    ['a folded line', `${head}X: a\r\n b\r\n\r\n`, 'BAD_HEADER'],
    ['a bare CR in a value', `${head}X: a\rb\r\n\r\n`, 'BAD_HEADER'],
    ['NUL in a value', `${head}X: a\0b\r\n\r\n`, 'BAD_HEADER'],
    ['conflicting lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`, 'CONTENT_LENGTH_CONFLICT'],
    ['equal lengths', `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, 'CONTENT_LENGTH_CONFLICT'],
    ['conflicting lengths in a list', `${head}Content-Length: 2, 3\r\n\r\nok`, 'CONTENT_LENGTH_CONFLICT'],
    ['a signed length', `${head}Content-Length: +2\r\n\r\nok`, 'BAD_CONTENT_LENGTH'],
    ['a length beyond all numbers', `${head}Content-Length: 99999999999999999999\r\n\r\nok`, 'BAD_CONTENT_LENGTH'],
    ['a coding that we cannot undo', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'UNSUPPORTED_TRANSFER_CODING'],
    ['chunked twice', `${head}Transfer-Encoding: chunked, chunked\r\n\r\n`, 'UNSUPPORTED_TRANSFER_CODING'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'UNEXPECTED_UPGRADE'],
    ['a chunk without a size', `${head}Transfer-Encoding: chunked\r\n\r\n\r\n`, 'BAD_CHUNK'],
    ['a chunk size with a prefix', `${head}Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n`, 'BAD_CHUNK'],
    ['a negative chunk size', `${head}Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n`, 'BAD_CHUNK'],
    ['a chunk shorter than its data', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n`, 'BAD_CHUNK'],
    ['an endless chunk extension', `${head}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}`, 'BAD_CHUNK'],
    ['a head above 16 KiB', `${head}X: ${'x'.repeat(16 * 1024)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
    [
      'an endless trailer',
      `${head}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${'x'.repeat(16 * 1024)}`,
      'HEADERS_TOO_LARGE',
    ],
  ])('refuses %s', (_what, text, code) => {
    expect(parseText(text)).toMatchObject({ progress: 'failed', code })
  })

  it('hands on the good chunks before a bad one', () => {
    const parsed = parseText(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n`)
    expect(parsed).toMatchObject({ body: 'ok', code: 'BAD_CHUNK' })
  })

  it('reads no body after HEAD', () => {
    expect(parseText(`${head}Content-Length: 5\r\n\r\n`, 'HEAD')).toMatchObject({ progress: 'done', body: '' })
  })

  it.each([
    ['HTTP/1.1', `${head}Content-Length: 0\r\n\r\n`, true],
    ['Connection: close', `${head}Content-Length: 0\r\nConnection: foo, Close\r\n\r\n`, false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 with keep-alive', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n', true],
    ['a coding and a length', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, false],
    ['no length', `${head}\r\n`, false],
  ])('decides whether the connection is kept: %s', (_what, text, keepAlive) => {
    expect(parseText(text)).toMatchObject({ progress: 'done', keepAlive })
  })

  it('is used again for the next answer', () => {
    const parser = new ResponseParser()
    const bodies: string[] = []
    for (const body of ['one', 'four']) {
      const pieces: string[] = []
      parser.begin({ headers: () => {}, bytes: (_at, chunk) => void pieces.push(toLatin1(chunk)) })
      expect(parser.started).toBe(false)
      expect(parser.push(0, fromLatin1(`${head}Content-Length: ${body.length}\r\n\r\n${body}`))).toBe('done')
      bodies.push(pieces.join(''))
    }
    expect(bodies).toEqual(['one', 'four'])
  })

  it('hands on nothing after it was cancelled, not even the rest of what is being pushed', () => {
    const parser = new ResponseParser()
    const bodies: string[] = []
    parser.begin({
      headers: () => {},
      bytes(_at, chunk) {
        bodies.push(toLatin1(chunk))
        parser.cancel()
      },
    })
    parser.push(0, fromLatin1(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`))
    expect(bodies).toEqual(['a'])
  })

  it('makes no copies: a body is a view of what was pushed', () => {
    const parser = new ResponseParser()
    const views: Uint8Array[] = []
    parser.begin({ headers: () => {}, bytes: (_at, chunk) => void views.push(chunk) })
    const bytes = fromLatin1(`${head}Content-Length: 4\r\n\r\nbody`)
    parser.push(0, bytes)
    expect(views[0]!.buffer).toBe(bytes.buffer)
  })
})
