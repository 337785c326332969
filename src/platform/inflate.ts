/** Content codings over `node:zlib`, which Node, Bun and Deno share. */

import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { BenchError, describeError } from '../core/errors.ts'
import type { Inflater } from '../core/platform.ts'

/** Decoded bytes that one body may come to: far more than any answer, far less than a bomb. */
export const MAX_DECODED_BYTES: number = 256 * 1024 * 1024

/** Why a body cannot be decoded: malformed, over too early, or a bomb. Stands as `code` on the error. */
export type CodingFault = 'BAD_CODING' | 'CODING_CUT' | 'CODING_TOO_LARGE'

function codingError(code: CodingFault, message: string): Error {
  return Object.assign(new Error(message), { code })
}

// Absent from the types of Node 20, as it is from Node 20 itself.
const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: object) => Transform }

const syncFlush = { flush: zlib.constants.Z_SYNC_FLUSH }

/** By coding; given the first byte of the body. */
const DECOMPRESSORS: Readonly<Record<string, (first: number) => Transform>> = {
  gzip: () => zlib.createGunzip(syncFlush),
  'x-gzip': () => zlib.createGunzip(syncFlush),
  // HTTP means the zlib format, yet some servers send the bare one: told apart by the method in the first byte.
  deflate: (first) => ((first & 15) === 8 ? zlib.createInflate(syncFlush) : zlib.createInflateRaw(syncFlush)),
  br: () => zlib.createBrotliDecompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  ...(createZstdDecompress && { zstd: () => createZstdDecompress({}) }),
}

function translate(coding: string, thrown: unknown): Error {
  const code = String((thrown as { code?: unknown }).code)
  const cut = code === 'Z_BUF_ERROR' || /unexpected end/i.test(String(thrown))
  return cut
    ? codingError('CODING_CUT', `the ${coding} body ends too early`)
    : codingError('BAD_CODING', `the body is no valid ${coding}: ${describeError(thrown)}`)
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    joined.set(piece, offset)
    offset += piece.length
  }
  return joined
}

/**
 * One coding. The decompressor flushes after each write, and calls back when it has consumed it: what came out in between
 * is that chunk's own output.
 */
function inflateOne(coding: string, create: (first: number) => Transform, limit: number): Inflater {
  let stream: Transform | undefined
  let pieces: Uint8Array[] = []
  let total = 0
  let failure: Error | undefined
  let failed: (error: Error) => void = () => {}

  const fail = (error: Error): void => {
    failure ??= error
    stream?.destroy()
    failed(failure)
  }
  const open = (first: number): Transform => {
    const opened = create(first)
    opened.on('data', (piece: Uint8Array) => {
      total += piece.length
      if (total > limit) fail(codingError('CODING_TOO_LARGE', `the ${coding} body is larger than ${limit} bytes`))
      else pieces.push(piece)
    })
    opened.on('error', (thrown) => fail(translate(coding, thrown)))
    return opened
  }
  const take = (): Uint8Array => {
    const taken = join(pieces)
    pieces = []
    return taken
  }
  const settle = (work: (done: () => void) => void): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      failed = reject
      work(() => (failure ? reject(failure) : resolve(take())))
    })
  return {
    push: async (chunk) => {
      if (chunk.length === 0) return new Uint8Array(0)
      stream ??= open(chunk[0]!)
      const target = stream
      return await settle((done) => target.write(chunk, done))
    },
    finish: async () => {
      // An empty body is no cut one: 204 and HEAD carry the header, too.
      if (!stream) return new Uint8Array(0)
      const target = stream
      return await settle((done) => {
        target.once('end', done)
        target.end()
      })
    },
  }
}

/** The output of one is the input of the next: `content-encoding: gzip, br` was coded with gzip first. */
function chain(inflaters: readonly Inflater[]): Inflater {
  const through = async (index: number, bytes: Uint8Array): Promise<Uint8Array> => {
    let current = bytes
    for (const inflater of inflaters.slice(index)) current = await inflater.push(current)
    return current
  }
  return {
    push: (chunk) => through(0, chunk),
    finish: async () => {
      const rests: Uint8Array[] = []
      for (const [index, inflater] of inflaters.entries()) rests.push(await through(index + 1, await inflater.finish()))
      return join(rests)
    },
  }
}

/**
 * Decoder of a `content-encoding` value. Throws `BenchError('unsupported')` for a coding that this runtime lacks (zstd
 * below Node 22.15). Its promises reject with an error whose `code` is a {@link CodingFault}.
 */
export function createInflater(coding: string, limit: number = MAX_DECODED_BYTES): Inflater {
  const names = coding.split(',').map((name) => name.trim().toLowerCase())
  const inflaters = names
    .filter((name) => name !== '' && name !== 'identity')
    .map((name) => {
      const create = Object.hasOwn(DECOMPRESSORS, name) ? DECOMPRESSORS[name] : undefined
      if (!create) throw new BenchError('unsupported', `content-encoding "${name}" cannot be decoded on this runtime`)
      return inflateOne(name, create, limit)
    })
  return chain(inflaters.reverse())
}
