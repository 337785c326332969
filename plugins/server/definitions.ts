import type { MetricDefinition } from 'inferbench'
import { TIMES, type Time } from './vocabulary.ts'

const SOURCE = "the server's own metrics, by the names of each server (plugins/server/dialects.ts)"

function define(
  definition: Pick<MetricDefinition, 'id' | 'title' | 'unit' | 'formula'> & Partial<MetricDefinition>,
): MetricDefinition {
  return { direction: 'neutral', version: 1, kind: 'scalar', source: SOURCE, ...definition }
}

const OVER_TIME = 'over time: each reading within the window stands for the time to which no other is nearer'

/** Our ids of the vocabulary's durations. */
export const timeIds: Readonly<Record<Time, readonly [id: string, title: string]>> = {
  ttft: ['server_ttft', 'TTFT in the server'],
  itl: ['server_itl', 'ITL in the server'],
  tpot: ['server_tpot', 'TPOT in the server'],
  end_to_end: ['server_e2e', 'end to end in the server'],
  queue_time: ['server_queue', 'waiting in the server'],
  prefill_time: ['server_prefill', 'prefill in the server'],
  decode_time: ['server_decode', 'decode in the server'],
}

/** A histogram, or the mean alone where the server only counts and adds. */
function defineTime(time: Time): readonly MetricDefinition[] {
  const [id, title] = timeIds[time]
  return [
    define({
      id,
      title,
      unit: 'ms',
      direction: 'lower',
      kind: 'distribution',
      formula:
        'increase of the buckets over the window; quantiles by linear interpolation, none in the first bucket; min and max are bounds',
    }),
    define({
      id: `${id}_mean`,
      title: `${title}, mean`,
      unit: 'ms',
      direction: 'lower',
      formula: 'increase of the time / increase of the count; only where the server has no buckets',
    }),
  ]
}

/** In the order of reports. */
export const definitions: readonly MetricDefinition[] = [
  define({
    id: 'server_running',
    title: 'running requests',
    unit: '1',
    kind: 'distribution',
    formula: `requests in the batch, of all engines, ${OVER_TIME}`,
  }),
  define({
    id: 'server_waiting',
    title: 'waiting requests',
    unit: '1',
    direction: 'lower',
    kind: 'distribution',
    formula: `requests that wait to be scheduled, of all engines, ${OVER_TIME}`,
  }),
  define({
    id: 'server_kv_cache',
    title: 'KV cache in use',
    unit: '%',
    kind: 'distribution',
    formula: `of the engine whose cache is fullest, ${OVER_TIME}`,
  }),
  define({
    id: 'server_prefix_hits',
    title: 'prefix cache hits',
    unit: '%',
    formula: '100 * prompt tokens found in the prefix cache / prompt tokens looked up',
  }),
  define({
    id: 'server_preemptions',
    title: 'preemptions',
    unit: '1',
    direction: 'lower',
    formula: 'requests that were taken out of the batch to make room, over the window',
  }),
  define({
    id: 'server_draft_accepted',
    title: 'accepted drafts',
    unit: '%',
    direction: 'higher',
    formula: '100 * accepted tokens / drafted tokens of speculative decoding',
  }),
  define({
    id: 'server_accepted_tokens',
    title: 'accepted draft tokens',
    unit: 'tokens',
    formula: 'tokens that speculative decoding did not have to compute one by one',
  }),
  define({
    id: 'server_prompt_tok_s',
    title: 'prompt tokens in the server',
    unit: 'tok/s',
    direction: 'higher',
    formula: 'increase of prompt tokens, those from a cache included / seconds',
  }),
  define({
    id: 'server_output_tok_s',
    title: 'output tokens in the server',
    unit: 'tok/s',
    direction: 'higher',
    formula: 'increase of generated tokens / seconds',
  }),
  define({
    id: 'server_req_s',
    title: 'requests in the server',
    unit: 'requests/s',
    direction: 'higher',
    formula: 'increase of finished requests, whatever their end / seconds',
  }),
  ...TIMES.flatMap(defineTime),
  define({
    id: 'ttft_outside_server',
    title: 'TTFT outside the server',
    unit: 'ms',
    direction: 'lower',
    formula:
      'mean ttft of the client - mean TTFT of the server: network, proxies, its HTTP part and tokenizer, our event loop',
    source: "the client's ttft from sentAt; where the server's clock starts is its own choice",
  }),
  define({
    id: 'e2e_outside_server',
    title: 'end to end outside the server',
    unit: 'ms',
    direction: 'lower',
    formula: 'mean e2e of the client - mean duration of a request in the server',
    source: "the client's e2e from sentAt; where the server's clock starts and ends is its own choice",
  }),
  define({
    id: 'server_output_tokens_off',
    title: 'output tokens, server against us',
    unit: '%',
    formula: "100 * (server's generated tokens - sum of outputTokens) / sum of outputTokens",
  }),
  define({
    id: 'server_prompt_tokens_off',
    title: 'prompt tokens, server against us',
    unit: '%',
    formula: "100 * (server's prompt tokens - sum of inputTokens) / sum of inputTokens",
  }),
  define({
    id: 'server_other_requests',
    title: "others' requests",
    unit: '%',
    direction: 'lower',
    formula: '100 * requests that the server finished beyond those that we sent / all that it finished',
  }),
]
