/** The recorded runs, and a way to judge them again: as they are, or with one thing changed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientSample, Manifest, OkRecord, RequestRecord, Summary } from 'inferbench'
import { summarizeRun } from '../../src/core/engine/summary.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import { createJudge } from '../../src/core/verdict/mod.ts'
import { root } from '../support/command.ts'
import { readLines } from '../support/run-folder.ts'

export interface Evidence {
  readonly manifest: Manifest
  readonly records: readonly RequestRecord[]
  readonly client: readonly ClientSample[]
  readonly stopped?: string
}

export function folderOf(name: string): string {
  return join(root, 'test/fixtures/verdict', name)
}

export function readEvidence(name: string): Evidence {
  const folder = folderOf(name)
  return {
    manifest: JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')),
    records: readLines<RequestRecord>(join(folder, 'records.jsonl')),
    client: readLines<ClientSample>(join(folder, 'series/client.jsonl')),
  }
}

export function judgeAgain({ manifest, records, client, stopped }: Evidence): Summary {
  const summarizer = createSummarizer({ slo: manifest.slo })
  const judge = createJudge(manifest.scenarios)
  for (const sample of client) judge.sample(sample)
  for (const record of records) {
    summarizer.add(record)
    judge.add(record)
  }
  return summarizeRun(manifest, summarizer, judge, [], stopped === undefined ? {} : { stopped })
}

/** The clean run with another manifest, other records or another log of the client. */
export function changeClean(changes: {
  readonly manifest?: (manifest: Manifest) => Manifest
  /** Measured answers only; `index` counts them. */
  readonly answer?: (record: OkRecord, index: number) => RequestRecord
  readonly sample?: (sample: ClientSample, index: number) => ClientSample
  readonly records?: (records: readonly RequestRecord[]) => readonly RequestRecord[]
  readonly stopped?: string
}): Evidence {
  const clean = readEvidence('clean')
  const { answer, sample, stopped } = changes
  let index = 0
  const changed = clean.records.map((record) =>
    answer !== undefined && record.outcome === 'ok' && record.phase === 'measure' ? answer(record, index++) : record,
  )
  return {
    manifest: changes.manifest?.(clean.manifest) ?? clean.manifest,
    records: changes.records?.(changed) ?? changed,
    client: sample === undefined ? clean.client : clean.client.map(sample),
    ...(stopped === undefined ? {} : { stopped }),
  }
}

/** As a schedule of one rate, in the order of sending. */
export function asOpen(manifest: Manifest, ratePerSecond: number): Manifest {
  return {
    ...manifest,
    scenarios: manifest.scenarios.map((scenario) => ({ ...scenario, load: { kind: 'open', ratePerSecond } })),
  }
}
