/** Load results as probador writes them. */
import type { LoadResult } from '../../src/core/compat/probador/result.ts'

export function loadResult(fields: Partial<LoadResult> & { readonly runtime_name: string }): LoadResult {
  return {
    timestamp: '2026-03-08T10:00:00Z',
    concurrency: 1,
    total_requests: 100,
    successful: 100,
    failed: 0,
    error_rate: 0,
    throughput_rps: 2,
    tokens_per_sec: 150,
    latency_p50_ms: 600,
    latency_p95_ms: 650,
    latency_p99_ms: 700,
    ttft_p50_ms: 15,
    ttft_p99_ms: 20,
    itl_p50_ms: 7,
    tpot_p50_ms: 7,
    decode_tok_per_sec: 150,
    prompt_tokens_total: 2300,
    ...fields,
  }
}

/** Numbers that paiml/qwen-coder-deploy published: decode, TTFT p50, ITL, TTFT p99. */
const PUBLISHED = {
  vllm: [168.3, 11.4, 5.9, 14],
  llamacpp: [160.7, 10.1, 6.2, 13.3],
  ollama: [163.5, 70.5, 6.1, 72],
  realizr: [154.8, 13.4, 6.5, 34.5],
} as const

export const published: readonly LoadResult[] = Object.entries(PUBLISHED).map(
  ([name, [decode, ttft, itl, tail]], index) =>
    loadResult({
      runtime_name: name,
      timestamp: `2026-03-08T10:0${index}:00Z`,
      decode_tok_per_sec: decode,
      tokens_per_sec: decode,
      ttft_p50_ms: ttft,
      itl_p50_ms: itl,
      tpot_p50_ms: itl,
      ttft_p99_ms: tail,
    }),
)
