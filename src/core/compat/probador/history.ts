/** The table that `probador llm report` keeps in a README: a row a load, between two marks. */
import { fixed } from '../format.ts'
import type { LoadResult } from './result.ts'

const START = '<!-- PERFORMANCE_START -->'
const END = '<!-- PERFORMANCE_END -->'

const HEAD = [
  'Date',
  'Runtime',
  'Concurrency',
  'RPS',
  'P50 (ms)',
  'P95 (ms)',
  'P99 (ms)',
  'TTFT P50 (ms)',
  'Tok/s',
  'Avg tok/req',
  'ITL P50 (ms)',
  'Decode tok/s',
  'Prefill tok/s',
  'TPOT P50 (ms)',
  'Err%',
  'Requests',
]

const HEAD_OR_RULE = /^\|\s*Date\s*\||^\|[\s:|-]+$/

function rowOf(result: LoadResult): string {
  // In the original only some columns show `-` for 0; what is absent was not measured in any of them.
  const figure = (value: number | undefined): string => (value === undefined || value === 0 ? '-' : fixed(value, 1))
  const errors = result.error_rate
  const cells = [
    result.timestamp?.split(/[T ]/)[0] ?? '-',
    result.runtime_name.replaceAll(/[\r\n]+/g, ' ').replaceAll('|', '\\|'),
    String(result.concurrency),
    figure(result.throughput_rps),
    figure(result.latency_p50_ms),
    figure(result.latency_p95_ms),
    figure(result.latency_p99_ms),
    figure(result.ttft_p50_ms),
    figure(result.tokens_per_sec),
    figure(result.avg_tok_per_req),
    figure(result.itl_p50_ms),
    figure(result.decode_tok_per_sec),
    figure(result.prefill_tok_per_sec),
    figure(result.tpot_p50_ms),
    errors === undefined ? '-' : errors === 0 ? '0%' : `${fixed(errors * 100, 1)}%`,
    String(result.total_requests ?? '-'),
  ]
  return `| ${cells.join(' | ')} |`
}

function renderRows(rows: readonly string[]): string {
  return [`| ${HEAD.join(' | ')} |`, `|${HEAD.map(() => '---').join('|')}|`, ...rows].join('\n')
}

/** The table alone. */
export function renderHistory(results: readonly LoadResult[]): string {
  return `${renderRows(results.map(rowOf))}\n`
}

/**
 * The document with a row for each result between the marks, after the rows that are there already; a row that is there is not
 * repeated. Without marks they are added at the end. What stands outside the marks is not touched.
 */
export function addToHistory(document: string, results: readonly LoadResult[]): string {
  const start = document.indexOf(START)
  const end = document.indexOf(END, start + START.length)
  const marked = start >= 0 && end > start
  const inside = marked ? document.slice(start + START.length, end) : ''
  const kept = inside.split(/\r?\n/).filter((line) => line.startsWith('|') && !HEAD_OR_RULE.test(line))
  const rows = [...new Set([...kept, ...results.map(rowOf)])]
  const block = `${START}\n${renderRows(rows)}\n${END}`
  if (marked) return document.slice(0, start) + block + document.slice(end + END.length)
  const before = document.trimEnd()
  return `${before === '' ? '' : `${before}\n\n`}${block}\n`
}
