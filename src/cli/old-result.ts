/** `--compat`: the result file of the tool that somebody comes from, and its exit code, beside everything that is ours. */
import { describeGatewayRun, isGatewayFailure } from '../core/compat/gateway/result.ts'
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions } from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'
import type { RequestRecord } from '../core/record.ts'
import { readRecords } from '../core/report/readers.ts'
import type { RunResult } from '../core/run.ts'
import { scrub } from './errors.ts'
import { exit } from './exit.ts'

/** What run_bench.py does when it is told nothing: a hundred requests one after the other, none before them. */
const DEFAULTS: Partial<CheckedOptions> = {
  adapter: 'gateway',
  concurrency: [1],
  requests: 100,
  warmup: { requests: 0 },
  timeout: 30_000,
}

/** The old tool's defaults under the user's options. Throws a usage error for what one old result file could not hold. */
export function completeAsOldTool(options: CheckedOptions): CheckedOptions {
  const { compat, out, concurrency = [], rate, stages, replay, duration } = options
  if (out === null) throw new BenchError('usage', '--compat reads the log of the run, so the run needs a folder')
  if ([rate, stages, replay].some((load) => load !== undefined) || concurrency.length > 1) {
    throw new BenchError('usage', `--compat ${compat} writes the result of one closed loop; give one --concurrency`)
  }
  const { requests, ...others } = DEFAULTS
  return { ...(duration === undefined ? DEFAULTS : others), ...options }
}

/** Writes the file, and returns the exit code that the old tool would have ended with. */
export async function writeOldResult(
  { manifest, folder }: RunResult,
  options: CheckedOptions,
  platform: Platform,
): Promise<number> {
  const { files } = platform
  if (files === undefined || folder === undefined) return exit.ok
  const records: RequestRecord[] = []
  const log = files.join(folder, 'records.jsonl')
  await readRecords(log, files.readPieces(log), (record) => {
    if (record.phase === 'measure') records.push(record)
  })
  const result = describeGatewayRun({
    url: manifest.target.url,
    concurrency: options.concurrency?.[0] ?? 1,
    endedEpochMs: manifest.endedAt === undefined ? platform.clock.epoch() : Date.parse(manifest.endedAt),
    records,
  })
  await files.writeText(
    options.compatOut ?? files.join(folder, 'bench_results.json'),
    scrub(`${JSON.stringify(result, null, 2)}\n`),
  )
  return isGatewayFailure(result) ? exit.failed : exit.ok
}
