/** Cases of metrics.json and stats.json, put to the functions that are theirs. */

import { describeGatewayLatency } from '../../src/core/compat/gateway/latency.ts'
import { listGatewayIssues } from '../../src/core/compat/gateway/rules.ts'
import { floorIndexPercentile, linearPercentile, roundIndexPercentile } from '../../src/core/compat/percentiles.ts'
import { aggregateBricks } from '../../src/core/compat/probador/bricks.ts'
import { describeLengths, estimatePromptTokens, generateEntries } from '../../src/core/compat/probador/dataset.ts'
import { aggregateGpu, parseNvidiaSmiLine } from '../../src/core/compat/probador/gpu.ts'
import { aggregateLoad } from '../../src/core/compat/probador/load.ts'
import {
  judgeProbadorQuality,
  nameProbadorValidation,
  parseProbadorValidation,
} from '../../src/core/compat/probador/quality.ts'
import {
  countHeterogeneousPrompts,
  drawMaxTokens,
  parseMaxTokensDistribution,
  poissonGapSecs,
  stepXorshift64,
  unitOf,
} from '../../src/core/compat/probador/random.ts'
import {
  aggregateProbadorRuns,
  listProbadorRegressions,
  probadorT95,
  summarizeProbadorValues,
} from '../../src/core/compat/probador/repeat.ts'
import { detailItlMs, type ProbadorRequest } from '../../src/core/compat/probador/request.ts'
import { judgeProbadorSweep } from '../../src/core/compat/probador/sweep.ts'
import { analyseProbadorTail } from '../../src/core/compat/probador/tail.ts'
import { checkSagellmContract, classifySagellmRegression } from '../../src/core/compat/sagellm/contract.ts'
import { aggregateSagellmHead, deriveSagellmClient } from '../../src/core/compat/sagellm/head.ts'
import { aggregateSagellmYear1 } from '../../src/core/compat/sagellm/year1.ts'
import { compareQuality } from '../../src/core/compat/vllm-rust/quality.ts'
import { divideServing, summarizeServing } from '../../src/core/compat/vllm-rust/serving.ts'
import type { Evaluator } from './cases.ts'

// biome-ignore lint/suspicious/noExplicitAny: a case is data of the form that its function has
type Data = any

function readRequest(record: Data): ProbadorRequest {
  return {
    success: record.success,
    latencyUs: record.latency_us,
    ttftUs: record.ttft_us,
    completionTokens: record.completion_tokens,
    promptTokens: record.prompt_tokens,
    chunkUs: record.chunk_timestamps_us ?? [],
    ...(record.finish_reason == null ? {} : { finishReason: record.finish_reason }),
  }
}

function evaluateLoad(input: Data): unknown {
  const requests: ProbadorRequest[] = input.records.map(readRequest)
  const figures = aggregateLoad(requests, {
    elapsedSecs: input.elapsed_secs,
    limits: {
      ...(input.slo_ttft_ms == null ? {} : { ttftMs: input.slo_ttft_ms }),
      ...(input.slo_tpot_ms == null ? {} : { tpotMs: input.slo_tpot_ms }),
      ...(input.slo_latency_ms == null ? {} : { latencyMs: input.slo_latency_ms }),
    },
    ...(input.num_layers == null ? {} : { layers: input.num_layers }),
  })
  return { ...figures, request_itl_ms: requests.filter(({ success }) => success).map(detailItlMs) }
}

function readAnswer(record: Data): Data {
  return {
    success: record.success,
    completionTokens: record.completion_tokens,
    ...(record.finish_reason == null ? {} : { finishReason: record.finish_reason }),
    ...(record.content == null ? {} : { content: record.content }),
  }
}

/** The vectors add in words that nothing is looked for. */
function nameParsed(text: string): string {
  const validation = parseProbadorValidation(text)
  const empty = validation.kind === 'contains' && validation.text === ''
  return nameProbadorValidation(validation) + (empty ? ' (empty string: always matches)' : '')
}

function evaluateGateway({ current, baseline }: Data): unknown {
  const issues = listGatewayIssues(current, baseline)
  const passed = issues.every(({ severity }) => severity !== 'fail')
  return { passed, n_issues: issues.length, issues: issues.map(({ text }) => text), exit_code: passed ? 0 : 1 }
}

function evaluateSummary(entries: ReturnType<typeof generateEntries>): unknown {
  const outputs = entries.map(({ maxTokens }) => maxTokens)
  return {
    sum_input_len: entries.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    sum_max_tokens: outputs.reduce((sum, tokens) => sum + tokens, 0),
    min_max_tokens: Math.min(...outputs),
    max_max_tokens: Math.max(...outputs),
    share_clipped_at_4: outputs.filter((tokens) => tokens === 4).length / outputs.length,
  }
}

const lengths = { inputMean: 128, inputDeviation: 64, outputMean: 128, outputDeviation: 96 }

/** What every response of the original's test carried, beside what the case says. */
const headDefaults = {
  peak_mem_mb: 10,
  kv_used_tokens: 1,
  kv_used_bytes: 2,
  prefix_hit_rate: 0.5,
  evict_count: 1,
  evict_ms: 0.5,
  spec_accept_rate: -1,
}

function evaluateHead(input: Data, expected: Data): unknown {
  const figures = aggregateSagellmHead(
    input.map((one: Data) => (one === null ? undefined : { ...headDefaults, ...one })),
  )
  return Object.fromEntries(Object.keys(expected).map((name) => [name, figures[name]]))
}

export const metricEvaluators: Readonly<Record<string, Evaluator>> = {
  aggregate_results: evaluateLoad,
  compute_tail_analysis: (input: Data) => analyseProbadorTail(input.records.map(readRequest), input.spike_threshold),
  compute_quality: (input: Data) =>
    judgeProbadorQuality(input.records.map(readAnswer), parseProbadorValidation(input.mode)),
  validation_mode_parse: (input: Data) => nameParsed(input),
  gpu_aggregate: (input: Data) =>
    aggregateGpu(input.samples, {
      intervalSecs: input.interval_s,
      completionTokens: input.completion_tokens,
      totalRequests: input.total_requests,
      ...(input.expected_clock_mhz == null ? {} : { expectedClockMhz: input.expected_clock_mhz }),
    }),
  parse_nvidia_smi_line: (input: Data) => parseNvidiaSmiLine(input),
  estimate_prompt_tokens: (input: Data) => estimatePromptTokens(input),
  dataset_dist_summary: (input: Data) => describeLengths(input),
  max_tokens_distribution: (input: Data) => drawMaxTokens(parseMaxTokensDistribution(input.spec)!, input.first),
  max_tokens_distribution_count: (input: Data) => countHeterogeneousPrompts(input.concurrency),
  xorshift64: (input: Data) => {
    let state = BigInt(input.seed)
    return Array.from({ length: input.count }, () => {
      state = stepXorshift64(state)
      return String(state)
    })
  },
  gen_dataset: (input: Data) =>
    generateEntries(
      {
        inputMean: input.input_mean,
        inputDeviation: input.input_stddev,
        outputMean: input.output_mean,
        outputDeviation: input.output_stddev,
      },
      input.first,
    ).map(({ inputTokens, words, maxTokens }) => ({ input_len: inputTokens, words, max_tokens: maxTokens })),
  gen_dataset_summary: (input: Data) => evaluateSummary(generateEntries(lengths, input.count)),
  poisson_delay_s: (input: Data) => poissonGapSecs(input.u, input.rate),
  poisson_delay_s_state0: (input: Data) => poissonGapSecs(unitOf(stepXorshift64(BigInt(input.state))), input.rate),
  sweep: (input: Data) => {
    const sweep = judgeProbadorSweep(input.levels as Data[], {
      saturationThreshold: input.saturation_threshold,
      earlyStop: input.early_stop,
    })
    const levels = sweep.levels.map(({ concurrency, saturated, saturation_reason }) => ({
      concurrency,
      saturated,
      saturation_reason,
    }))
    return { ...sweep, levels }
  },
  gateway_compare: evaluateGateway,
  gateway_latency_stats: (input: Data) => describeGatewayLatency(input),
  serving_compute_stats: (input: Data) =>
    summarizeServing(
      input.requests.map((request: Data) => ({
        ttftSecs: request.ttft_s,
        latencySecs: request.total_time_s,
        tokenSecs: request.token_timestamps_s,
      })),
      input.wall_s,
    ),
  serving_ratio: (input: Data) => divideServing(input.a, input.b),
  quality_compare: (input: Data) => {
    const verdict = compareQuality(input.candidate, input.reference, input.tolerance)
    return { ...verdict, exit_code: verdict.passed ? 0 : 1 }
  },
  sagellm_aggregate: (input: Data) =>
    aggregateSagellmYear1(input.map(({ error, ...one }: Data) => (error === null ? one : { ...one, error }))),
  sagellm_aggregate_head: evaluateHead,
  sagellm_client_metrics: (input: Data) =>
    deriveSagellmClient({
      startSecs: input.start_s,
      firstSecs: input.first_content_s,
      endSecs: input.end_s,
      outputTokens: input.output_tokens,
    }),
  sagellm_contract: (input: Data) => checkSagellmContract(input.version, input.metrics),
  sagellm_regression: (input: Data) => classifySagellmRegression(input.current, input.baseline, input.expected_changes),
  aggregate_brick_traces: (input: Data) => aggregateBricks(input),
  stat_summary: (input: Data) => summarizeProbadorValues(input),
  t_critical_95: (input: Data) => probadorT95(input),
  compute_aggregate: (input: Data) => aggregateProbadorRuns(input),
  compare_to_baseline: ({ current_means: means, baseline, threshold_pct }: Data) =>
    listProbadorRegressions(
      { ...means, latency_p50_ms: means.latency_p50, tpot_p50_ms: means.tpot_p50 },
      baseline,
      threshold_pct,
    ),
  percentile_linear: (input: Data) => linearPercentile(input.sorted, input.p),
  percentile_floor_index: (input: Data) => floorIndexPercentile(input.sorted, input.p),
  percentile_round_index: (input: Data) => roundIndexPercentile(input.sorted, input.p),
}
