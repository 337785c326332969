/** A comparison as text: a line a figure, the ratio last. */
import { codeSpan, escapeMarkdownCell, escapeTerminal } from '../report/escape.ts'
import { formatFigure, formatPercent, NOTHING, padEnd, padStart } from '../report/text.ts'
import type { Comparison } from './comparison.ts'
import type { Change } from './figures.ts'

const HEAD = ['', 'before', 'after', 'after/before', 'change', ''] as const

function cellsOf({ figure, before, after, ratio, change_pct: change, interval_pct, status }: Change): string[] {
  const show = (value: number | undefined): string =>
    figure.field === 'error_rate' ? formatPercent(value === undefined ? undefined : value * 100) : formatFigure(value)
  const sign = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(1)}`
  const span = interval_pct === undefined ? '' : ` [${sign(interval_pct[0])}, ${sign(interval_pct[1])}]`
  return [
    figure.unit === '' ? figure.title : `${figure.title}, ${figure.unit}`,
    show(before),
    show(after),
    ratio === undefined ? NOTHING : `${ratio.toFixed(2)}x`,
    change === undefined ? NOTHING : `${sign(change)} %${span}`,
    { better: 'better', worse: 'WORSE', unsure: 'unsure', same: '', absent: 'not measured' }[status],
  ]
}

/** Ended by LF. */
export function renderComparisonTable(comparison: Comparison): string {
  const blocks = comparison.loads.map(({ label, changes }) => {
    const rows = [[...HEAD], ...changes.map(cellsOf)]
    const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
    const lines = rows.map((row) =>
      row
        .map((cell, column) => (column === 0 || column === 5 ? padEnd : padStart)(cell, widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    return [escapeTerminal(label), ...lines].join('\n')
  })
  const head = `before: ${escapeTerminal(comparison.before)}\nafter:  ${escapeTerminal(comparison.after)}`
  return `${[head, ...blocks, ...notesOf(comparison, escapeTerminal)].join('\n\n')}\n`
}

/** Ended by LF. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const blocks = comparison.loads.flatMap(({ label, changes }) => [
    `## ${codeSpan(label)}`,
    [
      '| | before | after | after/before | change | |',
      '|---|--:|--:|--:|--:|---|',
      ...changes.map((change) => `| ${cellsOf(change).map(escapeMarkdownCell).join(' | ')} |`),
    ].join('\n'),
  ])
  const head = `before: ${codeSpan(comparison.before)}, after: ${codeSpan(comparison.after)}`
  return `${[head, ...blocks, ...notesOf(comparison, codeSpan)].join('\n\n')}\n`
}

function notesOf(
  { only_before, only_after, unlike, differences, doubts, threshold_pct }: Comparison,
  show: (text: string) => string,
): string[] {
  const lines = [
    `better and WORSE: by more than ${threshold_pct} %`,
    ...(unlike.length === 0 ? [] : [`compared, though unlike: ${unlike.map(show).join('; ')}`]),
    ...(differences.length === 0 ? [] : [`what differs: ${differences.map(show).join('; ')}`]),
    ...doubts.map(show),
    ...(only_before.length === 0 ? [] : [`only before: ${only_before.map(show).join(', ')}`]),
    ...(only_after.length === 0 ? [] : [`only after: ${only_after.map(show).join(', ')}`]),
  ]
  return [lines.join('\n')]
}
