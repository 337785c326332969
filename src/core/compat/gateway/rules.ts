/** The gateway harness's comparison with a base line, sentence by sentence. Its own script exits 1 on a FAIL only. */
import { fixed } from '../format.ts'

/** What it reads of a result file; a missing member counts as 0, as there. */
export interface GatewayFigures {
  readonly error_rate?: number
  readonly throughput_rps?: number
  readonly failed_requests?: number
  readonly latency_stats?: { readonly p50_ms?: number; readonly p95_ms?: number }
}

export interface GatewayIssue {
  readonly severity: 'fail' | 'warn'
  readonly text: string
}

export function listGatewayIssues(current: GatewayFigures, baseline: GatewayFigures): GatewayIssue[] {
  return [
    ...judgeErrors(current.error_rate ?? 0, baseline.error_rate ?? 0),
    ...judgeP95(current.latency_stats?.p95_ms ?? 0, baseline.latency_stats?.p95_ms ?? 0),
    ...judgeP50(current.latency_stats?.p50_ms ?? 0, baseline.latency_stats?.p50_ms ?? 0),
    ...judgeThroughput(current.throughput_rps ?? 0, baseline.throughput_rps ?? 0),
    ...judgeFailed(current.failed_requests ?? 0, baseline.failed_requests ?? 0),
  ]
}

function percent(share: number): string {
  return `${fixed(share * 100, 2)}%`
}

function judgeErrors(now: number, before: number): GatewayIssue[] {
  const was = `(baseline: ${percent(before)})`
  if (now > 0.01) return [{ severity: 'fail', text: `❌ ERROR RATE EXCEEDS 1%: ${percent(now)} ${was}` }]
  if (now <= before * 1.5) return []
  return [{ severity: 'warn', text: `⚠️  Error rate increased significantly: ${percent(now)} ${was}` }]
}

function changeOf(now: number, before: number): number | undefined {
  return before > 0 ? ((now - before) / before) * 100 : undefined
}

function judgeP95(now: number, before: number): GatewayIssue[] {
  const change = changeOf(now, before) ?? 0
  const values = `${fixed(now, 2)}ms vs ${fixed(before, 2)}ms baseline`
  if (change > 20) {
    const text = `❌ P95 LATENCY REGRESSED BY ${fixed(change, 1)}%: ${values} (threshold: 20%)`
    return [{ severity: 'fail', text }]
  }
  if (change <= 10) return []
  return [{ severity: 'warn', text: `⚠️  P95 latency increased by ${fixed(change, 1)}%: ${values}` }]
}

function judgeP50(now: number, before: number): GatewayIssue[] {
  const change = changeOf(now, before) ?? 0
  if (Math.abs(change) <= 15) return []
  const values = `${fixed(now, 2)}ms vs ${fixed(before, 2)}ms baseline`
  return [{ severity: 'warn', text: `${arrow(change)} P50 latency changed by ${fixed(change, 1)}%: ${values}` }]
}

function judgeThroughput(now: number, before: number): GatewayIssue[] {
  const change = changeOf(now, before) ?? 0
  if (Math.abs(change) <= 15) return []
  const values = `${fixed(now, 2)} req/s vs ${fixed(before, 2)} req/s baseline`
  return [{ severity: 'warn', text: `${arrow(change)} Throughput changed by ${fixed(change, 1)}%: ${values}` }]
}

function arrow(change: number): string {
  return change > 0 ? '📈' : '📉'
}

function judgeFailed(now: number, before: number): GatewayIssue[] {
  if (now <= before + 5) return []
  return [{ severity: 'warn', text: `⚠️  Failed requests increased: ${now} vs ${before} baseline` }]
}
