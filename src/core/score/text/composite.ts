import { fixed, left, right } from '../../compat/format.ts'
import type { CompositeCard, RuntimeScore } from '../composite.ts'
import type { CompositeMetric } from '../contract.ts'
import { type Names, nameWidth, star } from './layout.ts'

interface CompositeColumn {
  readonly metric: CompositeMetric
  readonly head: string
  readonly unit: string
  readonly markdown: string
}

const AGGREGATE: CompositeColumn = { metric: 'aggregate_tok_s', head: 'Aggr', unit: 'tok/s', markdown: 'Aggregate' }
const DECODE: CompositeColumn = { metric: 'decode_tok_s', head: 'Decode', unit: 'tok/s', markdown: 'Decode' }
const TTFT: CompositeColumn = { metric: 'ttft_p50_ms', head: 'TTFT', unit: 'P50', markdown: 'TTFT P50' }
const ITL: CompositeColumn = { metric: 'itl_p50_ms', head: 'ITL', unit: 'P50', markdown: 'ITL P50' }
const TAIL: CompositeColumn = { metric: 'ttft_p99_ms', head: 'Tail', unit: 'P99', markdown: 'Tail P99' }
const SCALE: CompositeColumn = { metric: 'throughput_scaling', head: 'Scale', unit: 'ratio', markdown: 'Scaling' }
const ERROR: CompositeColumn = { metric: 'error_rate', head: 'Error', unit: 'Rate', markdown: 'Error' }

const CELL = 8

interface Shape {
  readonly title: string
  readonly columns: readonly CompositeColumn[]
}

/** The title asks for one stream where the weights ask for at most one: at 0 the columns are those of throughput, as in the original. */
function shapeOf({ concurrency }: CompositeCard): Shape {
  if (concurrency === 1) return { title: 'Interactive (c=1)', columns: [DECODE, TTFT, ITL, TAIL, ERROR] }
  return { title: `Throughput (c=${concurrency})`, columns: [AGGREGATE, DECODE, TTFT, ITL, SCALE, ERROR] }
}

const NAME_WIDTH = 12
const BASE_RULE = 74
const WIDE_RULE = 88

export function renderCompositeTable(card: CompositeCard, names: Names): string {
  const { title, columns } = shapeOf(card)
  const width = nameWidth(names, NAME_WIDTH, card.runtimes)
  const line = (first: string, cells: readonly string[], last: string): string =>
    `${[left(first, width), ...cells.map((cell) => right(cell, CELL))].join(' ')}  ${last}`
  const heads = columns.map(({ head }) => head)
  const units = columns.map(({ unit }) => unit)
  const rule = (columns.length === 5 ? BASE_RULE : WIDE_RULE) + width - NAME_WIDTH
  return [
    `Inference Runtime Scorecard — ${title}`,
    '',
    line('Runtime', heads, right('Composite', 10)),
    line('', units, right('Score', 10)),
    '-'.repeat(rule),
    ...card.runtimes.map((runtime) =>
      line(
        names.plain(runtime.name),
        columns.map(({ metric }) => showCell(runtime, metric)),
        showComposite(runtime),
      ),
    ),
    '',
    '* = best in class',
  ].join('\n')
}

function showCell(runtime: RuntimeScore, metric: CompositeMetric): string {
  const score = runtime.metrics[metric]
  return score === undefined ? '   -' : right(score.score, 3) + star(score.best)
}

function showComposite({ composite, grade }: RuntimeScore): string {
  return composite === undefined ? '    -' : `${right(fixed(composite, 1), 5)} ${grade}`
}

export function renderCompositeMarkdown(card: CompositeCard, names: Names): string {
  const { title, columns } = shapeOf(card)
  const heads = ['Runtime', ...columns.map(({ markdown }) => markdown), '**Composite**']
  const rows = card.runtimes.map((runtime) => {
    const cells = columns.map(({ metric }) => {
      const score = runtime.metrics[metric]
      if (score === undefined) return '-'
      return score.best ? ` **${score.score}**` : String(score.score)
    })
    const { composite, grade } = runtime
    const last = composite === undefined ? '-' : `**${fixed(composite, 1)} (${grade})**`
    return [names.markdown(runtime.name), ...cells, last]
  })
  return [
    `## Scorecard — ${title}`,
    '',
    `| ${heads.join(' | ')} |`,
    `|${heads.map((head) => '-'.repeat(head.length + 2)).join('|')}|`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}
