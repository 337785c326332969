/** What the older tools would have written about a run, from its log. The first file is the one that says most. */
import { describeGatewayRun } from '../core/compat/gateway/result.ts'
import { describeOwnGpu } from '../core/compat/own-gpu.ts'
import { nameOfRun, streamsOf } from '../core/compat/own-run.ts'
import { describeProbadorBench, describeProbadorLoad, type ProbadorLoad } from '../core/compat/probador/own-load.ts'
import type { GpuResult } from '../core/compat/probador/result.ts'
import { judgeProbadorSweep } from '../core/compat/probador/sweep.ts'
import { describeSagellmRun } from '../core/compat/sagellm/result.ts'
import { describeServingRun } from '../core/compat/vllm-rust/result.ts'
import type { OldTool } from '../core/options/mod.ts'
import type { Files } from '../core/platform.ts'
import type { RequestRecord } from '../core/record.ts'
import { readRecords } from '../core/report/readers.ts'
import type { Manifest } from '../core/run.ts'
import type { Summary } from '../core/summary.ts'

export interface OldFile {
  readonly name: string
  readonly value: unknown
}

export interface LoggedScenario {
  readonly plan: Manifest['scenarios'][number]
  /** Of the measured phase, in the order in which they ended. */
  readonly records: readonly RequestRecord[]
  /** Over all repetitions. */
  readonly gpu?: GpuResult
}

export interface LoggedRun {
  readonly manifest: Manifest
  readonly scenarios: readonly LoggedScenario[]
  /** Requests before each scenario, about. */
  readonly warmup: number
}

/** `summary` tells what plugins saw. */
export async function readLoggedRun(
  files: Files,
  folder: string,
  manifest: Manifest,
  summary?: Pick<Summary, 'scenarios' | 'plugins'>,
): Promise<LoggedRun> {
  const records = new Map(manifest.scenarios.map(({ name }) => [name, [] as RequestRecord[]]))
  const log = files.join(folder, 'records.jsonl')
  let warmup = 0
  await readRecords(log, files.readPieces(log), (record) => {
    if (record.phase === 'measure') records.get(record.scenario)?.push(record)
    else if (record.phase === 'warmup') warmup++
  })
  return {
    manifest,
    scenarios: manifest.scenarios.map((plan) => {
      const figures = summary?.scenarios.find(({ scenario }) => scenario === plan.name)
      const gpu = figures && describeOwnGpu(summary?.plugins ?? [], figures)
      return { plan, records: records.get(plan.name)!, ...(gpu && { gpu }) }
    }),
    warmup: Math.round(warmup / Math.max(1, records.size)),
  }
}

const describers: Readonly<Record<OldTool, (run: LoggedRun) => readonly [OldFile, ...OldFile[]]>> = {
  gateway: ({ manifest, scenarios }) => [
    {
      name: 'bench_results.json',
      value: describeGatewayRun({
        url: manifest.target.url,
        concurrency: streamsOf(manifest.scenarios[0]!) ?? 1,
        endedEpochMs: Date.parse(manifest.endedAt ?? manifest.startedAt),
        records: scenarios[0]!.records,
      }),
    },
  ],
  'vllm-rust': ({ manifest, scenarios, warmup }) => [
    {
      name: 'results.json',
      value: describeServingRun({
        url: manifest.target.url,
        model: manifest.target.model,
        warmup,
        scenarios: scenarios.map(({ plan, records }) => ({ name: plan.name, records })),
      }),
    },
  ],
  sagellm: ({ scenarios }) => {
    const summary = describeSagellmRun(
      scenarios.map(({ plan, records, gpu }) => {
        const peakMemoryMb = gpu?.memory_used_mb?.max
        return { name: plan.name, records, ...(peakMemoryMb !== undefined && { peakMemoryMb }) }
      }),
    )
    const each = Object.entries(summary.workloads).map(([name, value]) => ({ name: `${name}_metrics.json`, value }))
    return [{ name: 'benchmark_summary.json', value: summary }, ...each]
  },
  probador: describeForProbador,
}

export function describeAsOldTool(tool: OldTool, run: LoggedRun): readonly [OldFile, ...OldFile[]] {
  return describers[tool](run)
}

/** One load is that of `llm load`, or with repetitions of `llm bench`; levels of concurrency are a sweep beside their loads. */
function describeForProbador({ manifest, scenarios }: LoggedRun): readonly [OldFile, ...OldFile[]] {
  const measured = scenarios.map((scenario) => ({ name: scenario.plan.name, runs: describeRuns(manifest, scenario) }))
  const repeated = measured.some(({ runs }) => runs.length > 1)
  const kind = repeated ? 'bench' : 'load'
  const loads = measured.map(
    ({ name, runs }): OldFile => ({
      name: measured.length === 1 ? `${kind}.json` : `${kind}-${name}.json`,
      value: repeated ? describeProbadorBench(runs) : runs[0],
    }),
  ) as [OldFile, ...OldFile[]]
  return measured.length === 1 || repeated ? loads : [describeSweep(measured.flatMap(({ runs }) => runs)), ...loads]
}

function describeRuns(manifest: Manifest, { plan, records, gpu }: LoggedScenario): readonly ProbadorLoad[] {
  const numbers = [...new Set(records.map(({ run = 1 }) => run))].sort((a, b) => a - b)
  return (numbers.length === 0 ? [1] : numbers).map((number) => {
    const { numLayers, spikeThreshold, validate } = manifest.options
    const coldStarts = manifest.server?.coldStarts
    const coldStart = coldStarts?.find(({ run }) => run === number) ?? coldStarts?.[0]
    return describeProbadorLoad(
      records.filter(({ run = 1 }) => run === number),
      {
        runtime: nameOfRun(manifest),
        timestamp: manifest.startedAt,
        concurrency: streamsOf(plan) ?? plan.maxInFlight ?? 0,
        stream: manifest.target.stream,
        limits: readLimits(manifest),
        ...(typeof numLayers === 'number' && { layers: numLayers }),
        ...(typeof spikeThreshold === 'number' && { spikeThreshold }),
        ...(typeof validate === 'string' && { validate }),
        ...(coldStart !== undefined && { coldStartMs: coldStart.coldStartMs }),
        // Its report of several runs never had one.
        ...(gpu !== undefined && numbers.length < 2 && { gpu }),
      },
    )
  })
}

function readLimits({ slo }: Manifest): { ttftMs?: number; tpotMs?: number; latencyMs?: number } {
  const limitOf = (...metrics: readonly string[]): number | undefined =>
    slo.find(({ metric }) => metrics.includes(metric))?.limitMs
  const [ttftMs, tpotMs, latencyMs] = [limitOf('ttft'), limitOf('tpot', 'itl'), limitOf('e2e')]
  return {
    ...(ttftMs !== undefined && { ttftMs }),
    ...(tpotMs !== undefined && { tpotMs }),
    ...(latencyMs !== undefined && { latencyMs }),
  }
}

/** All levels that were measured: its early stop has no place after the fact. */
function describeSweep(loads: readonly ProbadorLoad[]): OldFile {
  const levels = loads.map((result) => ({
    concurrency: result.concurrency,
    throughput_rps: result.throughput_rps,
    latency_p99_ms: result.latency_p99_ms,
    decode_tok_s: result.decode_tok_per_sec,
    result,
  }))
  return { name: 'sweep.json', value: judgeProbadorSweep(levels, { saturationThreshold: 2, earlyStop: false }) }
}
