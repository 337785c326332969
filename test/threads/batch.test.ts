/** What goes into batches comes out of them: all of it, in order, with its instants, and nothing else. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchReader, BatchWriter } from '../../src/core/engine/threads/batch.ts'
import type { Batch, Note } from '../../src/core/engine/threads/words.ts'

/** More than one sheet holds, and just about as much. */
const SHEET_BYTES = 256 * 1024
const SHEET_CHUNKS = 4096

type Entry =
  | { readonly kind: 'chunk'; readonly key: number; readonly at: number; readonly chunk: Uint8Array }
  | { readonly kind: 'note'; readonly note: Note }
  | { readonly kind: 'flush' }

/** Bytes that depend on their place and on `seed`, so that any mix-up shows. */
function makeBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 17 + (index >> 8)) & 255)
}

const anyLength = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(SHEET_BYTES - 1, SHEET_BYTES, SHEET_BYTES + 1, 2 * SHEET_BYTES + 7) },
)
const anyKey = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1))
const anyAt = fc.double({ min: 0, max: 1e9, noNaN: true })
const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(anyKey, anyAt, anyLength, fc.nat(255))
      .map(([key, at, length, seed]): Entry => ({ kind: 'chunk', key, at, chunk: makeBytes(length, seed) })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(anyKey, anyAt).map(([key, at]): Entry => ({ kind: 'note', note: ['sent', key, at] })),
  },
  { weight: 1, arbitrary: fc.constant<Entry>({ kind: 'flush' }) },
)

/** A writer whose batches are transferred, as across threads, and come back after they were read when `recycles` says so. */
function relay(entries: readonly Entry[], recycles: (batch: number) => boolean): (Note | ReadChunk)[] {
  const read: (Note | ReadChunk)[] = []
  let count = 0
  const writer = new BatchWriter((sent) => {
    const batch: Batch = structuredClone(sent, { transfer: [sent.buffer] })
    const reader = new BatchReader(batch)
    let pending = reader.pendingBytes
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      if ('chunk' in next) {
        read.push({ ...next, chunk: next.chunk.slice() })
        pending -= next.chunk.length
      } else read.push(next)
      expect(reader.pendingBytes).toBe(pending)
    }
    expect(pending).toBe(0)
    expect(reader.next()).toBeUndefined()
    if (recycles(count++)) writer.recycle(batch.buffer)
  })
  for (const entry of entries) {
    if (entry.kind === 'chunk') writer.chunk(entry.key, entry.at, entry.chunk)
    else if (entry.kind === 'note') writer.note(entry.note)
    else writer.flush()
  }
  writer.flush()
  return read
}

interface ReadChunk {
  readonly key: number
  readonly at: number
  readonly chunk: Uint8Array
}

type Compared = Note | { readonly key: number; readonly at: number; readonly bytes: string }

/** Notes, and between them bytes; pieces of one chunk joined again. */
function normalize(parts: readonly (Note | ReadChunk)[]): Compared[] {
  const out: (Note | { key: number; at: number; bytes: string })[] = []
  for (const part of parts) {
    if (!('chunk' in part)) {
      out.push(part)
      continue
    }
    const bytes = Array.from(part.chunk, (byte) => String.fromCharCode(byte)).join('')
    const last = out.at(-1)
    if (last !== undefined && 'bytes' in last && last.key === part.key && last.at === part.at) last.bytes += bytes
    else if (bytes !== '') out.push({ key: part.key, at: part.at, bytes })
  }
  return out
}

function written(entries: readonly Entry[]): Compared[] {
  return normalize(
    entries.flatMap((entry): (Note | ReadChunk)[] => {
      if (entry.kind === 'chunk') return [entry]
      return entry.kind === 'note' ? [entry.note] : []
    }),
  )
}

describe('a batch', () => {
  it('brings chunks and notes in order, with their instants, through buffers that are used again or not', () => {
    const property = fc.property(
      fc.array(anyEntry, { maxLength: 60 }),
      fc.infiniteStream(fc.boolean()),
      (entries, coins) => {
        expect(normalize(relay(entries, () => coins.next().value))).toEqual(written(entries))
      },
    )
    fc.assert(property, { numRuns: 30 })
  })

  it('holds thousands of tiny chunks of many requests, and goes on in the next one', () => {
    const entries = Array.from({ length: 3 * SHEET_CHUNKS + 5 }, (_, index): Entry => {
      if (index % 7 === 0) return { kind: 'note', note: ['look', index % 100, index] }
      return { kind: 'chunk', key: index % 100, at: index / 8, chunk: makeBytes(1 + (index % 3), index) }
    })
    expect(normalize(relay(entries, () => true))).toEqual(written(entries))
  })

  it('holds nothing of what its buffer held before', () => {
    const noise: Entry[] = Array.from({ length: 500 }, (_, key) => ({
      kind: 'chunk',
      key,
      at: key,
      chunk: makeBytes(500, key),
    }))
    const little: Entry[] = [
      { kind: 'flush' },
      { kind: 'note', note: ['sent', 7, 1.5] },
      { kind: 'chunk', key: 7, at: 2.5, chunk: makeBytes(3, 1) },
    ]
    const read = relay([...noise, ...little], () => true)
    expect(normalize(read.slice(-2))).toEqual(written(little))
  })

  it('is posted only when it holds something', () => {
    let posted = 0
    const writer = new BatchWriter(() => posted++)
    writer.flush()
    writer.chunk(1, 1, new Uint8Array(0))
    writer.flush()
    expect(posted).toBe(0)
  })
})
