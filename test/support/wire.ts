/** Recorded exchanges of real servers (test/fixtures/wire): the response's head, and its body by network read. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ResponseParser } from '../../src/platform/transport/http1.ts'

const FOLDER = fileURLToPath(new URL('../fixtures/wire/', import.meta.url))

interface RecordedChunk {
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly bytes: Uint8Array
}

export interface RecordedAnswer {
  readonly name: string
  readonly requestBody: Readonly<Record<string, unknown>> | undefined
  readonly status: number
  readonly headersAt: number
  readonly headers: ReadonlyMap<string, string>
  /** Transfer coding removed; one entry a piece that the parser handed on. */
  readonly chunks: readonly RecordedChunk[]
}

/** Names such as `vllm/chat-stream`. */
export function listRecordedAnswers(): readonly string[] {
  return readdirSync(FOLDER, { recursive: true })
    .map((path) => String(path).replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.http') && !path.endsWith('.request.http'))
    .map((path) => path.slice(0, -'.http'.length))
    .sort()
}

/** `cut` is the size of reads, all at one instant; without it reads and instants are the recorded ones. */
export function readRecordedAnswer(name: string, cut?: number): RecordedAnswer {
  const raw = new Uint8Array(readFileSync(`${FOLDER}${name}.http`))
  const timing = JSON.parse(readFileSync(`${FOLDER}${name}.timing.json`, 'utf8')) as [number, number][]
  const reads =
    cut === undefined ? timing : Array.from({ length: Math.ceil(raw.length / cut) }, () => [1, cut] as const)
  const chunks: RecordedChunk[] = []
  let head: Pick<RecordedAnswer, 'status' | 'headersAt' | 'headers'> | undefined
  const parser = new ResponseParser()
  parser.begin({
    headers: (headersAt, status, headers) => {
      head = { status, headersAt, headers: new Map(headers.map(([key, value]) => [key.toLowerCase(), value])) }
    },
    bytes: (at, chunk) => chunks.push({ at, bytes: chunk.slice() }),
  })
  let offset = 0
  for (const [at, size] of reads) {
    parser.push(at, raw.subarray(offset, offset + size))
    offset += size
  }
  if (parser.finish() !== 'done' || head === undefined)
    throw new Error(`${name}: ${parser.fault?.message ?? 'no head'}`)
  return { name, requestBody: readRequestBody(name), ...head, chunks }
}

function readRequestBody(name: string): Readonly<Record<string, unknown>> | undefined {
  const request = readFileSync(`${FOLDER}${name}.request.http`, 'utf8')
  try {
    return JSON.parse(request.slice(request.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>
  } catch {
    return undefined
  }
}
