/** The sentences about verdict and steady state that terminal, Markdown and GitHub share; not yet escaped, not yet laid out. */
import type { MetricResult } from '../metric.ts'
import type { ScenarioSummary, Summary, VerdictReason } from '../summary.ts'
import { plural } from './phrases.ts'
import { formatFigure, groupDigits } from './text.ts'

export interface ReasonLine {
  readonly code: string
  readonly severity: NonNullable<VerdictReason['severity']>
  /** `99.2 % (limit 85)`; empty where the code says it all. */
  readonly figure: string
  /** What was found; absent in summaries of older versions. */
  readonly message?: string
  /** The remedy, or the code that it follows from. */
  readonly advice: string
}

/** A line a code: of several scenarios the first, which is the gravest, and how many there are. */
export function describeVerdict({ verdict, scenarios }: Summary): ReasonLine[] {
  const byCode = new Map<string, VerdictReason[]>()
  for (const reason of verdict.reasons) byCode.set(reason.code, [...(byCode.get(reason.code) ?? []), reason])
  return [...byCode].map(([code, reasons]): ReasonLine => {
    const [first] = reasons as [VerdictReason]
    const { follows, message } = first
    const where = first.scenario === undefined ? '' : describeWhere(reasons, scenarios)
    return {
      code,
      severity: first.severity ?? 'suspect',
      figure: describeFigure(first) + where,
      ...(message === undefined ? {} : { message }),
      advice: follows === undefined ? first.remedy : `follows from ${follows}`,
    }
  })
}

function describeFigure({ figure, limit, unit = '' }: VerdictReason): string {
  if (figure === undefined) return ''
  const value = `${formatPlain(figure)} ${unit}`.trimEnd()
  // None of it is allowed: the figure says it all.
  return limit === undefined || limit === 0 ? value : `${value} (limit ${formatPlain(limit)})`
}

/** Counts, and limits that people set, have no decimals that nobody gave them. */
function formatPlain(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? groupDigits(value) : formatFigure(value)
}

/** ` in 16 streams`, ` in 3 of 4 scenarios`, ` in run 2`, ` in 3 runs`; empty where there is but one place. */
function describeWhere(reasons: readonly VerdictReason[], scenarios: readonly ScenarioSummary[]): string {
  const names = new Set(reasons.map(({ scenario }) => scenario))
  const runs = new Set(reasons.flatMap(({ run }) => run ?? []))
  if (names.size > 1) return ` in ${names.size} of ${scenarios.length} scenarios`
  const title = scenarios.find(({ scenario }) => names.has(scenario))?.title
  const where = scenarios.length > 1 && title !== undefined ? ` in ${title}` : ''
  if (runs.size === 0) return where
  return `${where} in ${runs.size === 1 ? `run ${[...runs][0]}` : `${runs.size} runs`}`
}

/** `TTFT grew ...; a longer --warmup ...`: advice that changes nothing about the status. */
export function describeVerdictNotes({ verdict, scenarios }: Summary): string[] {
  // The instrument's error has a line of its own.
  const notes = (verdict.notes ?? []).filter(({ code }) => code !== 'uncalibrated')
  return notes.map(({ message, remedy, scenario }) => {
    const title = scenarios.length === 1 ? undefined : scenarios.find((one) => one.scenario === scenario)?.title
    return `${title === undefined ? '' : `${title}: `}${message === undefined ? '' : `${message}; `}${remedy}`
  })
}

/** `steady after 20 requests: TTFT 46.9 ms, TPOT 10.1 ms, output 1 490 tok/s` (means); empty where there is no steady state. */
export function describeSteady({ steady }: ScenarioSummary): string[] {
  if (steady === undefined) return []
  const { metrics, skipped } = steady
  const figures = [
    describeMean('TTFT', metrics.ttft),
    describeMean('TPOT', metrics.tpot),
    describeMean('end to end', metrics.e2e),
    describeRate('output', metrics.output_tok_s),
  ].flat()
  const from = skipped === 0 ? 'from the start' : `after ${plural(skipped, 'request')}`
  return figures.length === 0 ? [] : [`steady ${from}: ${figures.join(', ')}`]
}

function describeMean(title: string, result: MetricResult | undefined): string[] {
  return result?.kind === 'distribution' ? [`${title} ${formatFigure(result.distribution.mean)} ${result.unit}`] : []
}

function describeRate(title: string, result: MetricResult | undefined): string[] {
  return result?.kind === 'scalar' ? [`${title} ${formatFigure(result.value)} ${result.unit}`] : []
}
