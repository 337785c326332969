/** `--compat`: the result files of the tool that somebody comes from, and its exit code, beside everything that is ours. */
import { type GatewayResult, isGatewayFailure } from '../core/compat/gateway/result.ts'
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions, OldTool } from '../core/options/mod.ts'
import { isMatrix } from '../core/options/workloads.ts'
import type { Platform } from '../core/platform.ts'
import type { RunResult } from '../core/run.ts'
import { mergeOptions } from './config.ts'
import { scrub } from './errors.ts'
import { exit } from './exit.ts'
import { describeAsOldTool, readLoggedRun } from './old-files.ts'

/** What each does when it is told nothing. */
const DEFAULTS: Readonly<Record<OldTool, Partial<CheckedOptions>>> = {
  // run_bench.py: a hundred requests one after the other, none before them.
  gateway: { adapter: 'gateway', concurrency: [1], requests: 100, warmup: { requests: 0 }, timeout: 30_000 },
  // llm load
  probador: {
    concurrency: [4],
    duration: 30_000,
    warmup: { ms: 0 },
    promptProfile: ['medium'],
    timeout: 120_000,
  },
  // run --workload year1
  sagellm: { workload: ['year1'], warmup: { requests: 0 } },
  // bench_serving.py with the levels of run_comparison.sh: a connection a request, answers as long as the model likes.
  'vllm-rust': {
    workload: ['vllm-rust'],
    endpoint: 'completions',
    connections: 'fresh',
    forceLength: false,
    requests: 20,
    warmup: { requests: 3 },
  },
}

/** The old tool's defaults under the user's options. Throws a usage error for what its result file could not hold. */
export function completeAsOldTool(options: CheckedOptions): CheckedOptions {
  const { compat, out, duration, requests, workload } = options
  if (compat === undefined) return options
  if (out === null) throw new BenchError('usage', '--compat reads the log of the run, so the run needs a folder')
  if (compat === 'gateway') requireOneLoop(options)
  // They bound the same thing: a default of the one would cut short what the user says of the other.
  const bounds = [
    ...(duration === undefined ? [] : ['requests']),
    ...((requests ?? workload) === undefined ? [] : ['duration']),
  ]
  const replaced = [...bounds, ...(hasOwnLevels(options) ? ['workload'] : [])]
  const defaults = Object.entries(DEFAULTS[compat]).filter(([name]) => !replaced.includes(name))
  return mergeOptions(Object.fromEntries(defaults), { ...options }) as CheckedOptions
}

function requireOneLoop({ concurrency = [], rate, stages, replay, workload }: CheckedOptions): void {
  if ([rate, stages, replay, workload].some((load) => load !== undefined) || concurrency.length > 1) {
    throw new BenchError('usage', '--compat gateway writes the result of one closed loop; give one --concurrency')
  }
}

/** Levels that a default workload does not take. */
function hasOwnLevels({ compat, concurrency, outputTokens }: CheckedOptions): boolean {
  const [preset] = compat === undefined ? [] : (DEFAULTS[compat].workload ?? [])
  return preset !== undefined && !isMatrix(preset) && (concurrency !== undefined || outputTokens !== undefined)
}

/** Writes the files, and returns the exit code that the old tool would have ended with. */
export async function writeOldResult(
  { manifest, folder, summary }: RunResult,
  { compat, compatOut }: CheckedOptions,
  { files }: Platform,
): Promise<number> {
  if (files === undefined || folder === undefined || compat === undefined) return exit.ok
  const written = describeAsOldTool(compat, await readLoggedRun(files, folder, manifest, summary))
  if (compatOut !== undefined && written.length > 1) await files.makeFolder(compatOut)
  for (const { name, value } of written) {
    const path = written.length > 1 ? files.join(compatOut ?? folder, name) : (compatOut ?? files.join(folder, name))
    await files.writeText(path, scrub(`${JSON.stringify(value, null, 2)}\n`))
  }
  return compat === 'gateway' && isGatewayFailure(written[0].value as GatewayResult) ? exit.failed : exit.ok
}
