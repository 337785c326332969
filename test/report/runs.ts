/** Runs for tests of reports: a manifest, and summaries of records made for the purpose. */
import { evaluateGates, parseGate } from '../../src/core/metrics/gates.ts'
import { parseSlo } from '../../src/core/metrics/slo.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import type { OkRecord, RequestRecord } from '../../src/core/record.ts'
import type { Manifest } from '../../src/core/run.ts'
import type { Summary } from '../../src/core/summary.ts'
import { okRecord } from '../metrics/records.ts'

export function manifestOf(fields: Partial<Manifest> = {}): Manifest {
  return {
    v: 1,
    id: '2026-11-23-k3f9',
    tool: { name: 'inferbench', version: '0.1.0', definitions: 1 },
    platform: { name: 'node', version: '24.0.0', machine: { cpu: 'some cpu', cores: 8 } },
    clock: { originEpochMs: 1_795_000_000_000, stepMs: 0.001 },
    adapter: 'vllm',
    target: {
      url: 'http://localhost:8000',
      model: 'Qwen/Qwen3-0.6B',
      modelDiscovered: true,
      endpoint: 'chat',
      stream: true,
      server: '0.11.0',
    },
    transport: { name: 'socket', connections: 'reuse', insecure: false },
    seed: 42,
    scenarios: [{ name: 'one', title: '16 streams', arrival: '16 streams', requests: 400, workload: {} }],
    slo: [],
    gates: [],
    options: {},
    notes: [],
    startedAt: '2026-11-23T10:00:00.000Z',
    ...fields,
  }
}

/** `count` answers of 64 tokens, 10 ms apart, 46 ms to the first, 16 at a time; each a little slower than the one before. */
export function answers(count: number, fields: Partial<OkRecord> = {}): OkRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const sentAt = Math.floor(i / 16) * 690 + (i % 16) * 0.1
    const us = [46_000 + i * 50, ...Array.from({ length: 63 }, () => 10_000 + i)]
    const endAt = sentAt + us.reduce((sum, one) => sum + one, 0) / 1000
    const base = { dueAt: sentAt - 0.05, sentAt, headersAt: sentAt + 4, endAt, events: { us, kind: 't'.repeat(64) } }
    return okRecord({ ...base, inputTokens: 128, outputTokens: 64, ...fields })
  })
}

export function summaryOf(
  records: readonly RequestRecord[],
  options: { readonly slo?: string; readonly gates?: readonly string[]; readonly titles?: readonly string[] } = {},
): Summary {
  const names = [...new Set(records.map((record) => record.scenario))]
  const summarizer = createSummarizer({ slo: parseSlo(options.slo ?? '') })
  for (const record of records) summarizer.add(record)
  const scenarios = summarizer.summary(names.map((name, i) => ({ name, title: options.titles?.[i] ?? '16 streams' })))
  const gates = (options.gates ?? []).map((text) => parseGate(text))
  return {
    v: 1,
    scenarios,
    gates: evaluateGates(gates, scenarios),
    verdict: { status: 'VALID', reasons: [] },
  }
}
