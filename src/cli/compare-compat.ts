/** `bench compare --compat`: rules, words and exit codes as an old tool has them: 1 for a regression, 2 for sagellm's critical ones. */
import { type GatewayFigures, listGatewayIssues } from '../core/compat/gateway/rules.ts'
import { listProbadorRegressions } from '../core/compat/probador/repeat.ts'
import { asProbadorReads } from '../core/compat/probador/result.ts'
import { classifySagellmRegression, type SagellmFigures } from '../core/compat/sagellm/contract.ts'
import { describeSagellmRun } from '../core/compat/sagellm/result.ts'
import { figuresOfOwnRun } from '../core/compat/sagellm/verdict.ts'
import { BenchError } from '../core/errors.ts'
import type { Files } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { exit } from './exit.ts'
import { readLoggedRun } from './old-files.ts'
import type { ResultSource } from './results.ts'

export const COMPATS = ['probador', 'gateway', 'sagellm'] as const

export interface CompatRules {
  /** Percent; the tool's own where it is not given. */
  readonly failAt: number | undefined
  /** Metrics of sagellm that may change. */
  readonly expected: readonly string[]
}

export interface CompatVerdict {
  readonly text: string
  readonly code: number
}

const PROBADOR_PCT = 10

export async function compareAsOldTool(
  compat: (typeof COMPATS)[number],
  old: ResultSource,
  now: ResultSource,
  rules: CompatRules,
  files: Files,
): Promise<CompatVerdict> {
  if (compat === 'gateway') return compareAsGateway(old, now)
  return compat === 'sagellm' ? await compareAsSagellm(old, now, rules, files) : compareAsProbador(old, now, rules)
}

function compareAsGateway(old: ResultSource, now: ResultSource): CompatVerdict {
  const issues = listGatewayIssues(gatewayFigures(now), gatewayFigures(old))
  const failed = issues.some(({ severity }) => severity === 'fail')
  const text = `${[...issues.map((issue) => issue.text), failed ? 'FAIL' : 'PASS'].join('\n')}\n`
  return { text, code: failed ? exit.failed : exit.ok }
}

function compareAsProbador(old: ResultSource, now: ResultSource, { failAt }: CompatRules): CompatVerdict {
  const baseline = asProbadorReads(old.loads[0]!.runs?.[0] ?? old.loads[0]!.result)
  const current = asProbadorReads(now.loads[0]!.result)
  const regressions = listProbadorRegressions(seedFigures(current), seedFigures(baseline), failAt ?? PROBADOR_PCT)
  const lines = regressions.map(
    ({ metric, baseline_value, current_value, change_pct }) =>
      `${metric}: ${baseline_value.toFixed(1)} → ${current_value.toFixed(1)} (${change_pct > 0 ? '+' : ''}${change_pct.toFixed(1)}%) EXCEEDED`,
  )
  const text = `${['--- Regressions ---', ...lines].join('\n')}\n`
  return { text, code: regressions.length > 0 ? exit.failed : exit.ok }
}

function seedFigures(result: ReturnType<typeof asProbadorReads>): Parameters<typeof listProbadorRegressions>[0] {
  const { throughput_rps = 0, tokens_per_sec = 0, latency_p50_ms = 0, tpot_p50_ms = 0 } = result
  return { throughput_rps, tokens_per_sec, latency_p50_ms, tpot_p50_ms }
}

/** Of a result of another tool, what the gateway's rules look at. */
function gatewayFigures({ file, loads }: ResultSource): GatewayFigures {
  if (file?.tool === 'gateway') return file.figures
  const { error_rate = 0, throughput_rps = 0, failed = 0, latency_p50_ms = 0, latency_p95_ms = 0 } = loads[0]!.result
  return {
    error_rate,
    throughput_rps,
    failed_requests: failed,
    latency_stats: { p50_ms: latency_p50_ms, p95_ms: latency_p95_ms },
  }
}

/** Workloads of one name belong together; two sides with one each are compared whatever they are called. */
async function compareAsSagellm(
  old: ResultSource,
  now: ResultSource,
  { expected }: CompatRules,
  files: Files,
): Promise<CompatVerdict> {
  const [before, after] = await Promise.all([old, now].map((source) => sagellmFigures(source, files)))
  const [base, current] = [Object.entries(before!), Object.entries(after!)]
  if (base.length === 1 && current.length === 1) {
    const verdict = classifySagellmRegression(current[0]![1], base[0]![1], expected)
    return { text: renderJson(verdict), code: codeOf(verdict.overall_status) }
  }
  const shared = current.filter(([name]) => Object.hasOwn(before!, name))
  if (shared.length === 0) {
    throw new BenchError('usage', `${old.path} and ${now.path} have no workload in common`)
  }
  const verdicts = shared.map(
    ([name, figures]) => [name, classifySagellmRegression(figures, before![name]!, expected)] as const,
  )
  const code = Math.max(...verdicts.map(([, { overall_status }]) => codeOf(overall_status)))
  return { text: renderJson(Object.fromEntries(verdicts)), code }
}

function codeOf(status: string): number {
  return status === 'critical' ? 2 : exit.ok
}

type Workloads = Readonly<Record<string, SagellmFigures>>

/** By workload. Of a run of ours they are made from its log, by sagellm's own rules; a base line has only its summary. */
async function sagellmFigures({ file, run, path }: ResultSource, files: Files): Promise<Workloads> {
  if (file?.tool === 'sagellm') return file.figures
  if (run === undefined) {
    throw new BenchError('usage', `${path}: --compat sagellm compares its metrics files, and runs of ours`)
  }
  if ((await files.list(path)) === undefined) {
    return Object.fromEntries(run.summary.scenarios.map((one) => [one.scenario, figuresOfOwnRun(one)]))
  }
  const { scenarios } = await readLoggedRun(files, path, run.manifest)
  return describeSagellmRun(scenarios.map(({ plan, records }) => ({ name: plan.name, records }))).workloads
}
