/** Reads a run folder as a stranger would, and says where it is not what the design promises (section 7). */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientSample, Manifest, RequestRecord, Summary } from 'inferbench'

export interface RunFolder {
  readonly manifest: Manifest
  readonly summary: Summary
  readonly records: readonly RequestRecord[]
  readonly client: readonly ClientSample[]
}

export function readRunFolder(folder: string): RunFolder {
  return {
    manifest: JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')),
    summary: JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')),
    records: readLines<RequestRecord>(join(folder, 'records.jsonl')),
    client: readLines<ClientSample>(join(folder, 'series/client.jsonl')),
  }
}

/** Whole lines only: a run that was killed may leave a piece of one at the end. */
export function readLines<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as T)
}

/** One line a problem; empty when the folder is whole. */
export function findProblems(folder: string): string[] {
  const missing = ['manifest.json', 'records.jsonl', 'summary.json', 'summary.md', 'series/client.jsonl'].filter(
    (name) => !existsSync(join(folder, name)),
  )
  if (missing.length > 0) return missing.map((name) => `no ${name}`)
  const { manifest, summary, records, client } = readRunFolder(folder)
  return [
    ...(manifest.v === 1 && summary.v === 1 ? [] : ['manifest or summary without format version 1']),
    ...(manifest.clock.stepMs > 0 ? [] : ['the clock has no step']),
    ...(Math.abs(Date.parse(manifest.startedAt) - manifest.clock.originEpochMs) < 600_000
      ? []
      : ['the clock counts from another time than the run started at']),
    ...repeated(records.map(({ id }) => id)).map((id) => `request id ${id} repeats`),
    ...repeated(records.map((one) => `${one.run ?? ''}/${one.target ?? ''}/${one.scenario}/${one.phase}/${one.n}`)).map(
      (index) => `index ${index} repeats`,
    ),
    ...records.flatMap((record) => findRecordProblems(record).map((problem) => `${record.id}: ${problem}`)),
    ...client.flatMap((sample, index) =>
      index > 0 && sample.at < client[index - 1]!.at ? [`client series goes back at ${sample.at}`] : [],
    ),
  ]
}

const OUTCOMES = ['ok', 'http-error', 'stream-error', 'timeout', 'aborted', 'dropped', 'refused']
const INSTANTS = ['dueAt', 'permitAt', 'sentAt', 'headersAt', 'endAt'] as const

function findRecordProblems(record: RequestRecord): string[] {
  const fields = record as unknown as Readonly<Record<string, unknown>>
  const problems: string[] = []
  const expect = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem)
  }
  expect(OUTCOMES.includes(record.outcome), `outcome ${record.outcome}`)
  expect(['warmup', 'measure', 'beside'].includes(record.phase), `phase ${record.phase}`)
  expect(
    Object.values(fields).every((value) => value !== null && value !== ''),
    'a value that is null or empty, where absent means not measured',
  )

  const instants = INSTANTS.filter((name) => fields[name] !== undefined).map((name) => fields[name] as number)
  expect(instants.every(Number.isFinite), 'an instant that is no number')
  expect(
    instants.every((at, index) => index === 0 || at >= instants[index - 1]! - 0.001),
    `instants out of order: ${instants}`,
  )
  expect('dueAt' in fields && 'endAt' in fields, 'no dueAt or no endAt')

  if (record.outcome === 'ok') expect('sentAt' in fields && 'events' in fields, 'ok without sentAt or events')
  if (record.outcome === 'dropped') expect(!('sentAt' in fields), 'dropped and sent')
  if (record.outcome !== 'ok') expect(typeof fields.reason === 'string', 'a failure without a reason')
  if (typeof fields.error === 'string') expect(fields.error.length <= 500, 'evidence of more than 500 characters')
  if ('outputTokens' in fields) expect('tokenSource' in fields, 'a token count without its source')

  if ('events' in record && record.events !== undefined && record.sentAt !== undefined) {
    const { us, kind, tokens } = record.events
    expect(us.length === kind.length && (tokens?.length ?? us.length) === us.length, 'events of different lengths')
    expect(
      us.every((gap) => Number.isInteger(gap) && gap >= 0),
      'gaps that are not whole microseconds',
    )
    expect(/^[trco]*$/.test(kind), `event kinds ${kind}`)
    const lastAt = record.sentAt + us.reduce((sum, gap) => sum + gap, 0) / 1000
    expect(lastAt <= record.endAt + 0.002, `last event at ${lastAt}, end at ${record.endAt}`)
  }
  return problems
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.has(name) || !seen.add(name))
}
