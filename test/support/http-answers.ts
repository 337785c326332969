/** Well-formed HTTP/1.1 answers in all their forms, as fast-check arbitraries. */
import fc from 'fast-check'

/** The bytes of an answer, and what a reader must make of them. */
export interface Answer {
  readonly bytes: Uint8Array
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** One character a byte. */
  readonly body: string
  readonly keepAlive: boolean
  /** Status codes of the 1xx heads before it. */
  readonly interim: readonly number[]
}

export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

export function toLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return text
}

/** Bytes cut at fractions of their length. */
export function cutBytes(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => Math.floor(cut * bytes.length)))].sort((a, b) => a - b)
  return [0, ...places].map((start, i) => bytes.subarray(start, places[i] ?? bytes.length))
}

export const anyCuts: fc.Arbitrary<number[]> = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 12 }),
  // Every byte apart, of all but the longest answers.
  fc.constant(Array.from({ length: 2000 }, (_, i) => i / 2000)),
)

const TOKEN_CHARS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
const anyToken = fc.string({ unit: fc.constantFrom(...TOKEN_CHARS), minLength: 1, maxLength: 12 })

/** Visible characters with single blanks inside: what is left of a value when the blanks around it are gone. */
const anyValue = fc
  .array(
    fc.string({ unit: fc.constantFrom(...'abcXYZ019!"#$%&()*+,-./:;<=>?@[]_{|}~'), minLength: 1, maxLength: 12 }),
    { maxLength: 4 },
  )
  .map((words) => words.join(' '))

const anyPad = fc.constantFrom('', ' ', '  ', '\t', ' \t ')
const anyField = fc.tuple(
  anyToken.map((name) => `X-${name}`),
  anyPad,
  anyValue,
  anyPad,
)

/** Bytes of a body that look like anything, line ends and chunk sizes above all. */
const anyBody = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\r\n\r\n',
        '0\r\n\r\n',
        'data: {"a":1}\n\n',
        '\n',
        '\r',
        '5\r\nhello\r\n',
        'HTTP/1.1 200 OK\r\n',
      ),
      fc.uint8Array({ maxLength: 60 }).map(toLatin1),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

const anyInterim = fc.array(fc.constantFrom(102, 103), { maxLength: 2 })
const anyStatus = fc.constantFrom(200, 200, 200, 201, 206, 307, 400, 404, 413, 429, 500, 503)

const anyExtension = fc.oneof(
  fc.constant(''),
  fc.constant(''),
  anyToken.map((name) => `;${name}`),
  fc.tuple(anyToken, anyToken).map(([name, value]) => `;${name}=${value}`),
  fc.tuple(anyToken, anyValue).map(([name, value]) => `;${name}="${value.replaceAll('"', '')}"`),
)

interface Chunking {
  /** Lengths of the chunks, taken in turn. */
  readonly sizes: readonly number[]
  readonly extension: string
  readonly upperCase: boolean
  readonly zeros: number
  readonly trailers: readonly (readonly [name: string, before: string, value: string, after: string])[]
}

const anyChunking: fc.Arbitrary<Chunking> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
  extension: anyExtension,
  upperCase: fc.boolean(),
  zeros: fc.integer({ min: 0, max: 3 }),
  trailers: fc.array(anyField, { maxLength: 2 }),
})

function writeChunks(body: string, chunking: Chunking): string {
  const { sizes, extension, upperCase, zeros, trailers } = chunking
  const writeSize = (size: number): string => {
    const hex = '0'.repeat(zeros) + size.toString(16)
    return upperCase ? hex.toUpperCase() : hex
  }
  let text = ''
  let at = 0
  for (let i = 0; at < body.length; i++) {
    const data = body.slice(at, at + sizes[i % sizes.length]!)
    text += `${writeSize(data.length)}${extension}\r\n${data}\r\n`
    at += data.length
  }
  return `${text}${writeSize(0)}${extension}\r\n${writeFields(trailers)}\r\n`
}

function writeFields(
  fields: readonly (readonly [name: string, before: string, value: string, after: string])[],
): string {
  return fields.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join('')
}

const anyCase = fc.constantFrom(
  (name: string) => name,
  (name: string) => name.toLowerCase(),
  (name: string) => name.toUpperCase(),
)

/** Any well-formed answer to a POST. A connection carries one of framing `close` to its end. */
export const anyAnswer: fc.Arbitrary<Answer> = fc
  .record({
    framing: fc.constantFrom('none', 'length', 'length', 'chunked', 'chunked', 'chunked', 'close'),
    interim: anyInterim,
    status: anyStatus,
    bodiless: fc.constantFrom(204, 304),
    reason: fc.constantFrom('OK', '', 'Not so Good'),
    before: fc.array(anyField, { maxLength: 3 }),
    after: fc.array(anyField, { maxLength: 3 }),
    body: anyBody,
    chunking: anyChunking,
    closes: fc.constantFrom(false, false, true),
    writeName: anyCase,
  })
  .map((form): Answer => {
    const { framing, interim, before, after, chunking, closes, writeName } = form
    const status = framing === 'none' ? form.bodiless : form.status
    const body = framing === 'none' ? '' : form.body
    const fields = [...before]
    if (framing === 'length') fields.push([writeName('Content-Length'), ' ', String(body.length), ''])
    if (framing === 'chunked') fields.push([writeName('Transfer-Encoding'), ' ', 'chunked', ''])
    if (closes) fields.push([writeName('Connection'), ' ', 'close', ''])
    fields.push(...after)
    const interims = interim.map((code) => `HTTP/1.1 ${code} Wait\r\nLink: </x>\r\n\r\n`).join('')
    const head = `HTTP/1.1 ${status} ${form.reason}\r\n${writeFields(fields)}\r\n`
    const payload = framing === 'chunked' ? writeChunks(body, chunking) : body
    return {
      bytes: fromLatin1(interims + head + payload),
      framing: framing as Answer['framing'],
      status,
      headers: fields.map(([name, , value]) => [name, value]),
      body,
      keepAlive: !closes && framing !== 'close',
      interim,
    }
  })
