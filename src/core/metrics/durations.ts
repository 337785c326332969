/** Durations of an answer. They are derived here and nowhere else. */
import type { OkRecord } from '../record.ts'
import { roundToMicros } from '../units.ts'
import { type AnswerMetric, define, single } from './contract.ts'
import { msBetween, type Timings } from './timings.ts'

const HEADERS = single(
  {
    id: 'headers',
    title: 'headers',
    formula: 'headersAt - sentAt: from the first byte of the request to the response head',
    source: 'k6 http_req_waiting; the head says nothing about tokens, since servers send it early',
  },
  (record) => msBetween(record.sentAt, record.headersAt),
)

const FIRST_EVENT = single(
  {
    id: 'first_event',
    title: 'first event',
    formula: 'first event of any kind - sentAt, a role or an empty delta included',
    source: 'what vllm bench serve calls TTFT',
  },
  (_, timings) => timings.firstEventMs,
  { needsStream: true, whenEmpty: 'no answer had an event' },
)

const TTFT = single(
  {
    id: 'ttft',
    title: 'TTFT',
    formula: 'first event with text, reasoning or a tool call - sentAt',
    source: 'AIPerf and GuideLLM time to first token; vllm bench serve also counts role events',
  },
  (_, timings) => timings.firstTokenMs,
  { needsStream: true },
)

const TTFT_ANSWER = single(
  {
    id: 'ttft_answer',
    title: 'TTFT answer',
    formula: 'first event with visible text - sentAt; reasoning and tool calls do not count',
    source: 'AIPerf time to first output token',
  },
  (_, timings) => timings.firstAnswerMs,
  { needsStream: true, whenEmpty: 'no answer had visible text' },
)

const ICL: AnswerMetric = {
  definition: define({
    id: 'icl',
    title: 'chunk gap',
    formula: 'each gap between two events with tokens of one answer, whatever number of tokens they hold',
    source: 'AIPerf inter-chunk latency; vllm bench serve and others call it ITL',
  }),
  needsStream: true,
  whenEmpty: 'no answer had two events with tokens',
  samples(_, timings, take) {
    for (const gap of timings.gapsMs) take(gap)
  },
}

const ITL: AnswerMetric = {
  definition: define({
    id: 'itl',
    title: 'ITL',
    formula: 'an event of k tokens after a gap g gives k samples of g/k; the first event with tokens gives none',
    source: 'SGLang bench_serving; an event counts as one token where its number of tokens is not known',
  }),
  needsStream: true,
  whenEmpty: 'no answer had two events with tokens',
  samples(_, timings, take) {
    for (let i = 0; i < timings.gapsMs.length; i++) {
      const tokens = timings.gapTokens[i]!
      take(timings.gapsMs[i]! / tokens, tokens)
    }
  },
}

/** Undefined for at most one token, and where all came in one event: then nothing was seen between tokens. */
export function tpotOf(record: OkRecord, timings: Timings): number | undefined {
  const { outputTokens } = record
  if (outputTokens === undefined || outputTokens <= 1 || timings.gapsMs.length === 0) return undefined
  return (timings.lastTokenMs! - timings.firstTokenMs!) / (outputTokens - 1)
}

const TPOT = single(
  {
    id: 'tpot',
    title: 'TPOT',
    formula: '(last token - first token) / (outputTokens - 1), one sample an answer; absent for at most one token',
    source: 'vllm bench serve TPOT; GuideLLM divides by all tokens and includes TTFT',
  },
  tpotOf,
  { needsStream: true, whenEmpty: 'no answer had two tokens in two events' },
)

const TOKENS_PER_SECOND_AND_USER = single(
  {
    id: 'tok_s_user',
    title: 'tok/s a user',
    unit: 'tok/s',
    direction: 'higher',
    formula: '1000 / tpot, one sample an answer: the speed that one reader sees',
    source: 'AIPerf output token throughput per user',
  },
  (record, timings) => {
    const tpot = tpotOf(record, timings)
    return tpot === undefined || tpot === 0 ? undefined : 1000 / tpot
  },
  { needsStream: true, whenEmpty: 'no answer had two tokens at two instants' },
)

/** Until the last token; of an answer without events for tokens (not streamed, empty), until its end. */
function endToEndOf(record: OkRecord, timings: Timings): number {
  return timings.streamed ? timings.lastTokenMs! : msBetween(record.sentAt, record.endAt)
}

const TOKENS_PER_SECOND_AND_REQUEST = single(
  {
    id: 'tok_s_request',
    title: 'tok/s a request',
    unit: 'tok/s',
    direction: 'higher',
    formula: '1000 * outputTokens / e2e, one sample an answer: the wait for the first token is in it',
    source: 'sagellm-benchmark throughput_tps; vllm-rust throughput_mean_tps',
  },
  (record, timings) => {
    const ms = endToEndOf(record, timings)
    return record.outputTokens === undefined || ms <= 0 ? undefined : (1000 * record.outputTokens) / ms
  },
  { whenEmpty: 'not counted' },
)

const E2E = single(
  {
    id: 'e2e',
    title: 'end to end',
    formula: 'last event with tokens - sentAt; endAt - sentAt when the answer was not streamed',
    source: 'AIPerf request latency; usage and end marks after the last token do not count',
  },
  endToEndOf,
)

const E2E_END = single(
  {
    id: 'e2e_end',
    title: 'end to end, with end mark',
    formula: 'endAt - sentAt: until the end of the answer, usage and end mark included',
    source: 'GuideLLM request latency',
  },
  (record) => msBetween(record.sentAt, record.endAt),
)

/** A duration since `sentAt` as one since `dueAt`. */
function sinceDue(record: OkRecord, sinceSentMs: number): number {
  return roundToMicros(msBetween(record.dueAt, record.sentAt) + sinceSentMs)
}

const TTFT_DUE = single(
  {
    id: 'ttft_due',
    title: 'TTFT from due',
    formula: 'first event with text, reasoning or a tool call - dueAt',
    source: 'wrk2: response time, free of coordinated omission; ttft is the service time',
  },
  (record, timings) => (timings.firstTokenMs === undefined ? undefined : sinceDue(record, timings.firstTokenMs)),
  { needsStream: true },
)

const E2E_DUE = single(
  {
    id: 'e2e_due',
    title: 'end to end from due',
    formula: 'last event with tokens - dueAt; endAt - dueAt when the answer was not streamed',
    source: 'wrk2: response time, free of coordinated omission; e2e is the service time',
  },
  (record, timings) => sinceDue(record, endToEndOf(record, timings)),
)

export const durationMetrics: readonly AnswerMetric[] = [
  TTFT,
  TTFT_ANSWER,
  ITL,
  ICL,
  TPOT,
  E2E,
  E2E_END,
  HEADERS,
  FIRST_EVENT,
  TTFT_DUE,
  E2E_DUE,
  TOKENS_PER_SECOND_AND_USER,
  TOKENS_PER_SECOND_AND_REQUEST,
]
