/** `/metrics`: the names of vLLM and of vllm-rust, with what was really served. */
import type { Load } from './load.ts'
import { type Histogram, Meter, type Quantity } from './meter.ts'
import type { MockSettings } from './options.ts'

const ttftBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
const itlBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
const latencyBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]

/** 1, 2, 5, 10, ... as far as a request can be long. */
function tokenBounds(limit: number): number[] {
  const bounds: number[] = []
  for (let decade = 1; decade <= limit; decade *= 10) bounds.push(decade, 2 * decade, 5 * decade)
  return bounds.filter((bound) => bound <= limit)
}

type Watched = readonly [name: string, quantity: Quantity, bounds: readonly number[], help: string]

function vllmHistograms(settings: MockSettings): readonly Watched[] {
  const tokens = tokenBounds(settings.maxModelLength)
  return [
    ['vllm:time_to_first_token_seconds', 'ttft', ttftBounds, 'Time to first token in seconds.'],
    ['vllm:inter_token_latency_seconds', 'itl', itlBounds, 'Time between tokens in seconds.'],
    ['vllm:request_time_per_output_token_seconds', 'tpot', itlBounds, 'Mean time per output token of a request.'],
    ['vllm:e2e_request_latency_seconds', 'e2e', latencyBounds, 'From arrival to end.'],
    ['vllm:request_queue_time_seconds', 'queue', latencyBounds, 'Waiting.'],
    ['vllm:request_inference_time_seconds', 'inference', latencyBounds, 'Running.'],
    ['vllm:request_prefill_time_seconds', 'prefill', latencyBounds, 'From start to first token.'],
    ['vllm:request_decode_time_seconds', 'decode', latencyBounds, 'From first token to last.'],
    ['vllm:request_prompt_tokens', 'promptTokens', tokens, 'Prompt tokens of a request.'],
    ['vllm:request_generation_tokens', 'generationTokens', tokens, 'Generated tokens of a request.'],
    ['vllm:request_params_max_tokens', 'maxTokens', tokens, 'max_tokens of a request.'],
  ]
}

const rustHistograms: readonly Watched[] = [
  [
    'vllm_time_to_first_token_seconds',
    'ttft',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    'Time to first token.',
  ],
  ['vllm_e2e_latency_seconds', 'e2e', [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120], 'From arrival to end.'],
  ['vllm_tokens_per_second', 'tokensPerSecond', [1, 5, 10, 25, 50, 100, 200, 500, 1000], 'Of a request.'],
  [
    'vllm_time_per_output_token_seconds',
    'tpot',
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5],
    'Mean time per output token.',
  ],
]

function watchedBy(settings: MockSettings): readonly Watched[] {
  return settings.profile === 'vllm-rust' ? rustHistograms : vllmHistograms(settings)
}

export function createMeter(settings: MockSettings): Meter {
  const meter = new Meter()
  for (const [name, quantity, bounds] of watchedBy(settings)) meter.watch(name, quantity, bounds)
  return meter
}

type Value = readonly [labels: Readonly<Record<string, string>>, value: number]

export function writeMetrics(settings: MockSettings, meter: Meter, load: Load, uptimeSeconds: number): string {
  const lines: string[] = []
  const labels = settings.profile === 'vllm-rust' ? {} : { engine: '0', model_name: settings.model }
  const write = (name: string, type: 'counter' | 'gauge', help: string, values: readonly Value[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const [more, value] of values) lines.push(`${name}${labelText({ ...labels, ...more })} ${value}`)
  }
  if (settings.profile === 'vllm-rust') writeRust(write, settings, meter, load, uptimeSeconds)
  else writeVllm(write, meter, load)
  for (const [name, , , help] of watchedBy(settings)) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`)
    lines.push(...histogramLines(name, meter.histograms.get(name)!.histogram, labels))
  }
  return `${lines.join('\n')}\n`
}

type Write = (name: string, type: 'counter' | 'gauge', help: string, values: readonly Value[]) => void

function writeVllm(write: Write, meter: Meter, load: Load): void {
  write('vllm:num_requests_running', 'gauge', 'Requests that run.', [[{}, load.running]])
  write('vllm:num_requests_waiting', 'gauge', 'Requests that wait.', [[{}, load.waiting]])
  write('vllm:kv_cache_usage_perc', 'gauge', 'Share of the cache in use, 0 to 1.', [[{}, 0]])
  write('vllm:prompt_tokens_total', 'counter', 'Prompt tokens processed.', [[{}, meter.promptTokens]])
  write('vllm:generation_tokens_total', 'counter', 'Tokens generated.', [[{}, meter.generationTokens]])
  write('vllm:prefix_cache_queries_total', 'counter', 'Prompt tokens looked up.', [[{}, meter.promptTokens]])
  write('vllm:prefix_cache_hits_total', 'counter', 'Prompt tokens found.', [[{}, 0]])
  write('vllm:num_preemptions_total', 'counter', 'Preemptions.', [[{}, 0]])
  const reasons = new Set(['stop', 'length', 'abort', 'error', 'repetition', ...meter.finished.keys()])
  write(
    'vllm:request_success_total',
    'counter',
    'Finished requests.',
    [...reasons].map((reason) => [{ finished_reason: reason }, meter.finished.get(reason) ?? 0]),
  )
}

function writeRust(write: Write, settings: MockSettings, meter: Meter, load: Load, uptimeSeconds: number): void {
  const finished = [...meter.finished].filter(([reason]) => reason !== 'abort' && reason !== 'error')
  const succeeded = finished.reduce((sum, [, count]) => sum + count, 0)
  write('vllm_requests_total', 'counter', 'Requests.', [[{}, meter.requests]])
  write('vllm_requests_success_total', 'counter', 'Requests answered.', [[{}, succeeded]])
  write('vllm_requests_error_total', 'counter', 'Requests refused or failed.', [[{}, meter.errors]])
  write('vllm_prompt_tokens_total', 'counter', 'Prompt tokens processed.', [[{}, meter.promptTokens]])
  write('vllm_generation_tokens_total', 'counter', 'Tokens generated.', [[{}, meter.generationTokens]])
  write('vllm_num_preemptions_total', 'counter', 'Preemptions.', [[{}, 0]])
  write('vllm_running_requests', 'gauge', 'Requests that run.', [[{}, load.running]])
  write('vllm_waiting_requests', 'gauge', 'Requests that wait.', [[{}, load.waiting]])
  write('vllm_kv_cache_usage_ratio', 'gauge', 'Share of the cache in use.', [[{}, 0]])
  write('vllm_prefix_cache_hit_ratio', 'gauge', 'Share of prompt tokens found.', [[{}, 0]])
  write('vllm_server_accepting_requests', 'gauge', '1 when it serves.', [[{}, settings.idle ? 0 : 1]])
  write('vllm_server_uptime_seconds', 'gauge', 'Since the start.', [[{}, uptimeSeconds]])
}

function histogramLines(name: string, histogram: Histogram, labels: Readonly<Record<string, string>>): string[] {
  const bucket = (bound: string, count: number): string =>
    `${name}_bucket${labelText({ ...labels, le: bound })} ${count}`
  return [
    ...histogram.bounds.map((bound, place) => bucket(String(bound), histogram.counts[place]!)),
    bucket('+Inf', histogram.count),
    `${name}_sum${labelText(labels)} ${histogram.sum}`,
    `${name}_count${labelText(labels)} ${histogram.count}`,
  ]
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
