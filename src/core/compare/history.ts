/** The table that `probador llm report` keeps in a README: a row a load, between two marks. */
import { fixed } from '../compat/format.ts'
import type { LoadResult } from '../compat/probador/result.ts'
import { escapeMarkdownText } from '../report/escape.ts'

const START = '<!-- PERFORMANCE_START -->'
const END = '<!-- PERFORMANCE_END -->'
/** A start that ends its line, and the first end after it; a sentence that speaks of the marks has neither. */
const BLOCK = new RegExp(`${START}[ \\t]*(?:\\r?\\n((?:(?!${START})[\\s\\S])*?))?${END}`)

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
    escapeMarkdownText(result.timestamp?.split(/[T ]/)[0] ?? '-'),
    escapeMarkdownText(result.runtime_name),
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
  const found = BLOCK.exec(document)
  const kept = (found?.[1] ?? '').split(/\r?\n/).filter((line) => line.startsWith('|') && !HEAD_OR_RULE.test(line))
  const rows = [...new Set([...kept, ...results.map(rowOf)])]
  const block = `${START}\n${renderRows(rows)}\n${END}`
  if (found) return document.slice(0, found.index) + block + document.slice(found.index + found[0].length)
  const before = document.trimEnd()
  return `${before === '' ? '' : `${before}\n\n`}${block}\n`
}
