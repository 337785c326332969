/** One text in each content coding, flushed in the middle as a server does that compresses a stream. */

export interface CodedBody {
  readonly name: string
  readonly coding: string
  readonly chunks: readonly Uint8Array[]
  /** What each chunk holds. */
  readonly texts: readonly string[]
  /** Runtimes may lack it. */
  readonly optional: boolean
}

const TEXTS = ['first half, ä\n', 'second half\n']

function describeBody(name: string, coding: string, chunks: readonly string[], optional = false): CodedBody {
  const bytes = chunks.map((chunk) => Uint8Array.from(atob(chunk), (char) => char.charCodeAt(0)))
  return { name, coding, chunks: bytes, texts: TEXTS, optional }
}

export const CODED_BODIES: readonly CodedBody[] = [
  describeBody('gzip', 'gzip', ['H4sIAAAAAAAAA0rLLCouUchIzEnTUTi8hAsAAAD//w==', 'K05Nzs9LAfO5AE4e5AcbAAAA']),
  describeBody('deflate', 'deflate', ['eJxKyywqLlHISMxJ01E4vIQLAAAA//8=', 'K05Nzs9LAfO5AI/OCeI=']),
  describeBody('deflate without the zlib head', 'deflate', ['SsssKi5RyEjMSdNROLyECwAAAP//', 'K05Nzs9LAfO5AA==']),
  describeBody('br', 'br', ['CwcA+CUVSIdTkEE0KQhQiof4GA==', 'sQCAX0KhFBEmFEp5']),
  describeBody('zstd', 'zstd', ['KLUv/QBYeAAAZmlyc3QgaGFsZiwgw6QK', 'YQAAc2Vjb25kIGhhbGYK'], true),
]
