/** The published JSON Schemas, held against what is really written, by a validator that we did not write. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import type { RequestRecord } from '../../src/core/record.ts'
import { renderJson } from '../../src/core/report/json.ts'
import { describeRunFile, RUN_FILE_KINDS, type RunFileKind } from '../../src/core/report/json-schema.ts'
import { parseManifest, parseRecordLine, parseSummary, readRecords } from '../../src/core/report/readers.ts'
import type { ClientSample, Manifest } from '../../src/core/run.ts'
import { sampleRecords } from '../conformance/plugin-records.ts'
import { droppedRecord, okRecord } from '../metrics/records.ts'
import { answers, manifestOf, summaryOf } from './runs.ts'

const folder = fileURLToPath(new URL('../../src/core/report/schema', import.meta.url))

/** Set to write the published schemas anew, after a change of the formats. */
const WRITE = 'INFERBENCH_WRITE_SCHEMAS'

const ajv = new Ajv({ allErrors: true, strict: true })
const validators = Object.fromEntries(RUN_FILE_KINDS.map((kind) => [kind, ajv.compile(describeRunFile(kind))]))

function errorsOf(kind: RunFileKind, value: unknown): unknown {
  const validate = validators[kind]!
  return validate(JSON.parse(JSON.stringify(value))) ? [] : validate.errors
}

const manifest: Manifest = manifestOf({
  scenarios: [
    {
      name: 'one',
      title: '16 streams',
      arrival: '16 streams',
      durationMs: 1000,
      maxInFlight: 8,
      workload: { kind: 'synthetic' },
      windows: [{ name: 'measure', startAt: 0.5, endAt: 10.25 }],
    },
  ],
  slo: [{ metric: 'ttft', limitMs: 200 }],
  gates: ['errors<1%'],
  fingerprint: {
    hash: 'h0',
    parts: { model: { hash: 'h1', text: 'Qwen/Qwen3-0.6B' } },
    scenarios: { one: { workload: { hash: 'h2', text: 'nothing' }, schedule: { hash: 'h3', text: '16 streams' } } },
  },
  endedAt: '2026-11-23T10:01:00.000Z',
})

const summary = summaryOf([...sampleRecords(), ...answers(3)], { slo: 'ttft=60ms', gates: ['errors<1%', 'itl.p99<1s'] })

const sample: ClientSample = {
  at: 250.125,
  timerLateMs: 0.4,
  cpu: [0.2],
  gcMs: 1,
  gcMaxMs: 0.5,
  memoryBytes: 100_000_000,
  openSockets: 16,
  inFlight: 16,
  lateSends: 0,
  undecodedBytes: 0,
}

describe('published schemas', () => {
  it.each(RUN_FILE_KINDS)('%s.json is what the code says', (kind) => {
    const path = `${folder}/${kind}.json`
    const described = JSON.stringify(describeRunFile(kind), null, 2)
    if (process.env[WRITE] !== undefined) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(path, `${described}\n`)
    }
    const published = JSON.parse(readFileSync(path, 'utf8'))
    expect(published, `out of date: run this test with ${WRITE}=1`).toEqual(JSON.parse(described))
  })

  it('accept what is written', () => {
    expect(errorsOf('manifest', manifest)).toEqual([])
    expect(errorsOf('summary', summary)).toEqual([])
    expect(errorsOf('client', sample)).toEqual([])
    for (const record of [...sampleRecords(), okRecord({ text: 'hello', permitAt: 3 }), droppedRecord()]) {
      expect(errorsOf('record', record)).toEqual([])
    }
  })

  it('accept members that they do not know', () => {
    expect(errorsOf('manifest', { ...manifest, later: 1 })).toEqual([])
    expect(errorsOf('record', { ...okRecord(), later: { a: 1 } })).toEqual([])
  })

  it('refuse what is no run', () => {
    const { dueAt: _, ...undated } = okRecord()
    expect(errorsOf('record', undated)).not.toEqual([])
    expect(errorsOf('record', { ...okRecord(), outcome: 'fine' })).not.toEqual([])
    expect(errorsOf('record', okRecord({ events: { us: [1.5], kind: 't' } }))).not.toEqual([])
    expect(errorsOf('manifest', { ...manifest, v: 2 })).not.toEqual([])
    expect(errorsOf('summary', { ...summary, scenarios: undefined })).not.toEqual([])
  })
})

function messageOf(task: () => unknown): string {
  try {
    task()
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'BenchError', code: 'usage' })
    return (thrown as Error).message
  }
  throw new Error('nothing was thrown')
}

/** Reads a log in pieces of `size` characters. */
async function readLog(path: string, log: string, size: number): Promise<{ records: RequestRecord[]; cut: boolean }> {
  const records: RequestRecord[] = []
  async function* pieces(): AsyncGenerator<string> {
    for (let at = 0; at < log.length; at += size) yield log.slice(at, at + size)
  }
  return { records, ...(await readRecords(path, pieces(), (record) => records.push(record))) }
}

describe('readers', () => {
  it('give back what was written', async () => {
    expect(parseManifest('manifest.json', renderJson(manifest))).toEqual(manifest)
    expect(parseSummary('summary.json', renderJson(summary))).toEqual(summary)
    const records = [...sampleRecords(), ...answers(2)]
    const log = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    for (const size of [1, 100, log.length]) {
      expect(await readLog('records.jsonl', log, size)).toEqual({ records, cut: false })
    }
  })

  it('keep members that they do not know', () => {
    const record = { ...okRecord(), later: [1, 2] }
    expect(parseRecordLine('records.jsonl', 1, JSON.stringify(record))).toEqual(record)
  })

  it('leave out a last line that was cut off, and no other', async () => {
    const [first, second] = answers(2).map((record) => JSON.stringify(record))
    for (const cut of [1, 20, second!.length - 1]) {
      const log = await readLog('records.jsonl', `${first}\n${second!.slice(0, cut)}`, 64)
      expect(log.records).toHaveLength(1)
      expect(log.cut).toBe(true)
    }
    const damaged = `${first!.slice(0, 30)}\n${second}\n`
    await expect(readLog('runs/x/records.jsonl', damaged, 64)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^runs\/x\/records\.jsonl:1 is no JSON/),
    })
  })

  it('name file, line and member', () => {
    const { sentAt: _, ...unsent } = okRecord()
    expect(messageOf(() => parseRecordLine('a/records.jsonl', 7, JSON.stringify(unsent)))).toMatch(
      /^a\/records\.jsonl:7: "sentAt": /,
    )
    const unsound = okRecord({ events: { us: [1, -2], kind: 'tt' } })
    expect(messageOf(() => parseRecordLine('a/records.jsonl', 7, JSON.stringify(unsound)))).toMatch(
      /^a\/records\.jsonl:7: "events\.us\.1": /,
    )
    const uneven = okRecord({ events: { us: [1, 2], kind: 't' } })
    expect(messageOf(() => parseRecordLine('a/records.jsonl', 8, JSON.stringify(uneven)))).toMatch(
      /^a\/records\.jsonl:8: "events" must hold as many kinds/,
    )
    expect(messageOf(() => parseManifest('a/manifest.json', '[]'))).toMatch(/^a\/manifest\.json: /)
    expect(messageOf(() => parseManifest('a/manifest.json', '{"v":1'))).toMatch(/^a\/manifest\.json is no JSON/)
  })

  it('say that a newer format needs a newer reader', () => {
    const newer = JSON.stringify({ ...manifest, v: 2 })
    expect(messageOf(() => parseManifest('a/manifest.json', newer))).toBe(
      'a/manifest.json has format 2, and this inferbench reads up to 1; use a newer inferbench',
    )
  })
})

describe('JSON for files', () => {
  it('says the same as JSON.stringify, with numbers of an array on one line', () => {
    const value = {
      list: [1, -2.5, 1e21],
      empty: [],
      nested: [[1, 2], ['[\n1\n]']],
      text: '[\n  1,\n  2\n]',
      none: null,
    }
    expect(JSON.parse(renderJson(value))).toEqual(value)
    expect(renderJson(value)).toContain('"list": [1,-2.5,1e+21],\n')
  })
})
