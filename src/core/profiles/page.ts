/** `bench explain` on a terminal: figures side by side, and below them why they differ. */
import type { MetricResult } from '../metric.ts'
import { PROFILE_NAMES, type ProfileMetricId } from '../profile.ts'
import { escapeTerminal } from '../report/escape.ts'
import { formatFigure, NOTHING, padEnd, padStart, wrapWords } from '../report/text.ts'
import type { Evidence } from './evidence.ts'
import { type Explanation, explain, labelOf, listAgreed, type SideBySide, statisticOf } from './explain.ts'

export interface ExplainedScenario {
  readonly scenario: string
  readonly title: string
  readonly figures: SideBySide
  readonly explanations: readonly Explanation[]
  readonly agreed: readonly ProfileMetricId[]
}

export function explainScenario(
  scenario: string,
  title: string,
  figures: SideBySide,
  evidence: Evidence,
): ExplainedScenario {
  return { scenario, title, figures, explanations: explain(figures, evidence), agreed: listAgreed(figures) }
}

const STATISTICS = ['mean', 'p50', 'p99'] as const
const ROWS: readonly ProfileMetricId[] = ['ttft', 'itl', 'icl', 'tpot', 'e2e', 'req_s', 'output_tok_s', 'total_tok_s']
const LABEL = 14
const COLUMN = 11

/** Lines of at most `width` columns, 80 at least; what is not there is `-`, and why stands below. */
export function renderExplained({ title, figures, explanations, agreed }: ExplainedScenario, width: number): string[] {
  const wide = Math.min(100, Math.max(80, width))
  const head = padEnd('durations, ms', LABEL) + PROFILE_NAMES.map((name) => padStart(name, COLUMN)).join('')
  const wrap = (text: string): string[] => wrapWords(escapeTerminal(text), wide)
  return [
    ...wrap(title),
    '',
    head,
    ...ROWS.flatMap((metric) => renderRows(figures, metric)),
    '',
    ...describeGaps(figures).flatMap(wrap),
    '',
    ...(explanations.length === 0
      ? [agreed.length === 0 ? 'There is nothing to compare.' : 'All tools agree on this run.']
      : explanations.flatMap(({ kind, text }) => wrap(kind === 'reason' ? `  ${text}` : text))),
    ...(agreed.length === 0 || explanations.length === 0
      ? []
      : wrap(`They agree on ${agreed.map(labelOf).join(', ')}, within 0.5 %.`)),
  ]
}

function renderRows(figures: SideBySide, metric: ProfileMetricId): string[] {
  const isRate = metric.endsWith('_s')
  return (isRate ? (['mean'] as const) : STATISTICS).map((statistic, index) => {
    const cells = PROFILE_NAMES.map((name) => formatFigure(statisticOf(figures[name][metric], statistic)))
    const label = isRate ? labelOf(metric) : padEnd(index === 0 ? labelOf(metric) : '', LABEL - 4) + statistic
    return padEnd(label, LABEL) + cells.map((cell) => padStart(cell, COLUMN)).join('')
  })
}

/** `- TTFT, ITL of vllm, sglang: no streamed answer`, a line for each reason and those whom it concerns. */
function describeGaps(figures: SideBySide): string[] {
  const groups = new Map<string, string[]>()
  for (const metric of ROWS) {
    const reasons = new Map<string, string[]>()
    for (const name of PROFILE_NAMES) {
      const result: MetricResult = figures[name][metric]
      if (result.kind === 'absent') reasons.set(result.reason, [...(reasons.get(result.reason) ?? []), name])
    }
    for (const [reason, names] of reasons) {
      const group = `${names.join(', ')}: ${reason}`
      groups.set(group, [...(groups.get(group) ?? []), labelOf(metric)])
    }
  }
  const lines = [...groups].map(([group, labels]) => `${NOTHING} ${labels.join(', ')} of ${group}`)
  return [...lines, ...describeSmallSamples(figures)]
}

function describeSmallSamples({ inferbench }: SideBySide): string[] {
  const small = ROWS.flatMap((metric) => {
    const result = inferbench[metric]
    if (result.kind !== 'distribution' || result.distribution.quantiles.p99 !== undefined) return []
    return [result.distribution.count]
  })
  if (small.length === 0) return []
  return [`${NOTHING} p99 of inferbench: ${Math.min(...small)} samples are too few; the others print it all the same`]
}
