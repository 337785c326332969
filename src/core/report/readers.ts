/** Reads the files of a run, with errors that name file and line. */
import * as v from 'valibot'
import { BenchError } from '../errors.ts'
import { asObject } from '../json.ts'
import type { Sample } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import type { ClientSample, Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'
import {
  clientSampleSchema,
  FORMAT_VERSION,
  manifestSchema,
  recordAroundEventsSchema,
  recordSchema,
  sampleSchema,
  summarySchema,
} from './schema.ts'

/** Reads `manifest.json`. Throws a usage error that names the file, and the member that is wrong. */
export function parseManifest(path: string, text: string): Manifest {
  const value = parseText(path, text)
  checkVersion(path, value)
  return check(path, manifestSchema, value) as unknown as Manifest
}

/** Reads `summary.json`, as {@link parseManifest} reads its file. */
export function parseSummary(path: string, text: string): Summary {
  const value = parseText(path, text)
  checkVersion(path, value)
  return check(path, summarySchema, value) as unknown as Summary
}

/** Reads one line of `records.jsonl`; lines count from 1. */
export function parseRecordLine(path: string, line: number, text: string): RequestRecord {
  const where = `${path}:${line}`
  const value = parseText(where, text)
  const schema = hasSoundEvents(value) ? recordAroundEventsSchema : recordSchema
  const record = check(where, schema, value) as unknown as RequestRecord
  if ('events' in record && record.events !== undefined) checkEvents(where, record.events)
  return record
}

/**
 * Reads a whole `records.jsonl`, given in pieces, and hands out each record in turn. A last line without its line end was
 * cut off by a kill or a full disk: it is left out, and `cut` says so. Any other bad line is an error.
 */
export async function readRecords(
  path: string,
  pieces: AsyncIterable<string>,
  take: (record: RequestRecord) => void,
): Promise<{ readonly cut: boolean }> {
  return await readLines(pieces, (line, number) => take(parseRecordLine(path, number, line)))
}

/** Reads a whole `series/client.jsonl`, as {@link readRecords} reads its file. */
export async function readClientLog(
  path: string,
  pieces: AsyncIterable<string>,
  take: (sample: ClientSample) => void,
): Promise<void> {
  await readLines(pieces, (line, number) => {
    const where = `${path}:${number}`
    take(check(where, clientSampleSchema, parseText(where, line)) as unknown as ClientSample)
  })
}

/** Reads a whole `series/<plugin>.jsonl`, likewise. */
export async function readSeries(path: string, pieces: AsyncIterable<string>): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  await readLines(pieces, (line, number) => {
    const where = `${path}:${number}`
    samples.push(check(where, sampleSchema, parseText(where, line)) as unknown as Sample)
  })
  return samples
}

async function readLines(
  pieces: AsyncIterable<string>,
  take: (line: string, number: number) => void,
): Promise<{ readonly cut: boolean }> {
  let number = 0
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      number++
      if (line.trim() !== '') take(line, number)
    }
  }
  return { cut: rest.trim() !== '' }
}

function parseText(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BenchError('usage', `${where} is no JSON; it is damaged, or not from a run of inferbench`, { cause })
  }
}

function checkVersion(path: string, value: unknown): void {
  const version = (value as { v?: unknown } | null)?.v
  if (typeof version !== 'number' || version <= FORMAT_VERSION) return
  throw new BenchError(
    'usage',
    `${path} has format ${version}, and this inferbench reads up to ${FORMAT_VERSION}; use a newer inferbench`,
  )
}

function check<Schema extends v.GenericSchema>(where: string, schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  const member = v.getDotPath(issue)
  throw new BenchError('usage', `${where}: ${member === null ? '' : `"${member}": `}${issue.message}`)
}

/** The schema of events, in a loop; what does not pass is left to the schema, which says what is wrong. */
function hasSoundEvents(value: unknown): boolean {
  const events = asObject(asObject(value)?.events)
  if (events === undefined || typeof events.kind !== 'string' || !/^[a-z]*$/.test(events.kind)) return false
  return isListOfCounts(events.us) && (events.tokens === undefined || isListOfCounts(events.tokens))
}

function isListOfCounts(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const item of value) if (!Number.isInteger(item) || item < 0) return false
  return true
}

function checkEvents(where: string, events: { us: readonly number[]; kind: string; tokens?: readonly number[] }): void {
  const { us, kind, tokens } = events
  if (us.length === kind.length && (tokens === undefined || tokens.length === us.length)) return
  throw new BenchError('usage', `${where}: "events" must hold as many kinds (and tokens) as instants`)
}
