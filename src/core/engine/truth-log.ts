/**
 * What a server says that it sent: one line a request, in one of two forms, instants in nanoseconds of one clock of its own.
 *
 *     ID ARRIVED COUNT SENT SENT ...
 *     {"id": "ID", "arrivedAt": ARRIVED, "sentAt": [SENT, ...]}
 *
 * `ID` is the request's `X-Request-Id`; `ARRIVED` is when the whole request had been read; `SENT` is the instant right before
 * each event with content was written. Requests without an id (`-`) are left out, and so is a last line that was not written
 * to its end yet.
 */
import { BenchError } from '../errors.ts'
import { asObject, parseJson } from '../json.ts'

/** One answer as the server sent it, ms of the server's clock. */
export interface TruthAnswer {
  /** When the whole request had been read. */
  readonly arrivedAt: number
  /** Right before each event was written. */
  readonly sentAt: Float64Array
}

/** By the request's id. */
export type TruthLog = ReadonlyMap<string, TruthAnswer>

const NANOS_PER_MS = 1e6
const NO_ID = '-'

/** Throws a usage error that names `path` and line at the first line that is not of either form, or that repeats an id. */
export async function readTruthLog(path: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<TruthLog> {
  const answers = new Map<string, TruthAnswer>()
  let number = 0
  let rest = ''
  const take = (line: string, isCut = false): void => {
    number++
    if (line.trim() === '') return
    const parsed = isCut ? tryLine(line.trim()) : parseLine(`${path}:${number}`, line.trim())
    if (parsed === undefined) return
    const { id, ...answer } = parsed
    if (id === NO_ID) return
    if (answers.has(id))
      throw new BenchError('usage', `${path}:${number}: the id ${JSON.stringify(id)} was there before`)
    answers.set(id, answer)
  }
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
  take(rest, true)
  return answers
}

type NamedAnswer = TruthAnswer & { readonly id: string }

/** A server that writes its log in blocks has most likely written half of its last line. */
function tryLine(line: string): NamedAnswer | undefined {
  try {
    return parseLine('', line)
  } catch {
    return undefined
  }
}

function parseLine(where: string, line: string): NamedAnswer {
  const { id, arrived, count, sent } = line.startsWith('{') ? splitJson(where, line) : splitWords(line)
  const refuse = (what: string): never => {
    throw new BenchError(
      'usage',
      `${where}: ${what}; a line is "ID ARRIVED COUNT SENT SENT ...", or JSON with id, arrivedAt and sentAt, in nanoseconds`,
    )
  }
  if (typeof id !== 'string' || id === '') return refuse('no id')
  const arrivedAt = readNanos(arrived) ?? refuse('the arrival is no number of nanoseconds')
  const sentAt = new Float64Array(sent.length)
  if (count !== undefined && String(count) !== String(sent.length))
    refuse(count === '' ? 'no number of instants' : `${sent.length} instants where ${String(count)} are announced`)
  for (const [place, instant] of sent.entries()) {
    const at = readNanos(instant) ?? refuse(`instant ${place + 1} is no number of nanoseconds`)
    if (at < (place === 0 ? arrivedAt : sentAt[place - 1]!)) refuse(`instant ${place + 1} is before the one before it`)
    sentAt[place] = at
  }
  return { id, arrivedAt, sentAt }
}

interface Fields {
  readonly id: unknown
  readonly arrived: unknown
  readonly count: unknown
  readonly sent: readonly unknown[]
}

function splitWords(line: string): Fields {
  const [id, arrived, count, ...sent] = line.split(/\s+/)
  return { id, arrived, count: count ?? '', sent }
}

function splitJson(where: string, line: string): Fields {
  const object = asObject(parseJson(line))
  if (object === undefined || !Array.isArray(object.sentAt))
    throw new BenchError('usage', `${where}: not a JSON object with id, arrivedAt and a list sentAt`)
  return { id: object.id, arrived: object.arrivedAt, count: object.events, sent: object.sentAt }
}

/** Whole nanoseconds, as a number or as digits: ms. */
function readNanos(value: unknown): number | undefined {
  const isWhole = typeof value === 'number' ? Number.isFinite(value) && value >= 0 : /^\d+$/.test(String(value))
  return isWhole ? Number(value) / NANOS_PER_MS : undefined
}
