/** Metrics with samples from each request. Durations are derived here and nowhere else. */
import type { MetricDefinition } from '../metric.ts'
import type { OkRecord, RequestRecord } from '../record.ts'
import { roundToMicros } from '../units.ts'
import { msBetween, type Timings } from './timings.ts'

/** Takes one sample, or `weight` equal ones. */
export type TakeSample = (value: number, weight?: number) => void

/** A distribution over answers: only records with outcome `ok` have latencies. */
export interface AnswerMetric {
  readonly definition: MetricDefinition
  /** Only answers that came as a stream have it. */
  readonly needsStream: boolean
  /** Why there may be no sample although requests succeeded. */
  readonly whenEmpty: string
  samples(record: OkRecord, timings: Timings, take: TakeSample): void
}

/** A distribution over all records of the window, whatever became of them. */
export interface SendMetric {
  readonly definition: MetricDefinition
  readonly whenEmpty: string
  sample(record: RequestRecord): number | undefined
}

type Words = Pick<MetricDefinition, 'id' | 'title' | 'formula' | 'source'> & Partial<MetricDefinition>

function define(words: Words): MetricDefinition {
  return { unit: 'ms', direction: 'lower', version: 1, kind: 'distribution', ...words }
}

/** A metric that has at most one sample an answer. */
function single(
  words: Words,
  of: (record: OkRecord, timings: Timings) => number | undefined,
  options: { readonly needsStream?: boolean; readonly whenEmpty?: string } = {},
): AnswerMetric {
  return {
    definition: define(words),
    needsStream: options.needsStream ?? false,
    whenEmpty: options.whenEmpty ?? 'no answer had a token',
    samples(record, timings, take) {
      const value = of(record, timings)
      if (value !== undefined) take(value)
    },
  }
}

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
function tpotOf(record: OkRecord, timings: Timings): number | undefined {
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

/** Tokens of one kind an answer. */
function tokenCount(
  id: string,
  title: string,
  formula: string,
  source: string,
  of: (record: OkRecord) => number | undefined,
): AnswerMetric {
  const words: Words = { id, title, unit: 'tokens', direction: 'neutral', formula, source }
  return single(words, of, { whenEmpty: 'not counted' })
}

const INPUT_TOKENS = tokenCount(
  'input_tokens',
  'tokens in',
  'inputTokens an answer: prompt with chat template, as counted by the server',
  'usage.prompt_tokens of the OpenAI API',
  (record) => record.inputTokens,
)

const ASKED_INPUT_TOKENS = tokenCount(
  'asked_input_tokens',
  'tokens in, asked',
  'askedInputTokens an answer: what the workload aimed at, before the chat template',
  "the workload's own; differs from input_tokens by the template and by the tokenizer used",
  (record) => record.askedInputTokens,
)

const OUTPUT_TOKENS = tokenCount(
  'output_tokens',
  'tokens out',
  'outputTokens an answer, reasoning included',
  'usage.completion_tokens of the OpenAI API, else a tokenizer, else the number of events with tokens',
  (record) => record.outputTokens,
)

const REASONING_TOKENS = tokenCount(
  'reasoning_tokens',
  'reasoning tokens',
  'reasoningTokens an answer, a part of outputTokens',
  'usage.completion_tokens_details.reasoning_tokens of the OpenAI API',
  (record) => record.reasoningTokens,
)

const CACHED_TOKENS = tokenCount(
  'cached_tokens',
  'cached tokens',
  'cachedTokens an answer: the part of inputTokens that came from a prefix cache',
  'usage.prompt_tokens_details.cached_tokens of the OpenAI API',
  (record) => record.cachedTokens,
)

export const answerMetrics: readonly AnswerMetric[] = [
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
  INPUT_TOKENS,
  ASKED_INPUT_TOKENS,
  OUTPUT_TOKENS,
  REASONING_TOKENS,
  CACHED_TOKENS,
]

/** The sending of a record; a request that never had a connection has none. */
function sentAtOf(record: RequestRecord): number | undefined {
  return 'sentAt' in record ? record.sentAt : undefined
}

function connectStartOf(record: RequestRecord): number | undefined {
  return 'connect' in record ? record.connect?.startAt : undefined
}

const SEND_LATE: SendMetric = {
  definition: define({
    id: 'send_late',
    title: 'late sends',
    formula: '(connect.startAt, else sentAt) - (permitAt, else dueAt): from when it could be sent to when we began to',
    source: 'AIPerf replay_sched_lag; waiting for a permit and making a connection are metrics of their own',
  }),
  whenEmpty: 'nothing was sent',
  sample(record) {
    const beganAt = connectStartOf(record) ?? sentAtOf(record)
    return beganAt === undefined ? undefined : Math.max(0, msBetween(record.permitAt ?? record.dueAt, beganAt))
  },
}

const QUEUE_WAIT: SendMetric = {
  definition: define({
    id: 'queue_wait',
    title: 'wait for a permit',
    formula: 'permitAt - dueAt, of the requests that the cap on requests in flight held back',
    source: 'own; a cap on an open schedule brings coordinated omission back, so it must show',
  }),
  whenEmpty: 'no request was held back',
  sample: (record) =>
    record.permitAt === undefined ? undefined : Math.max(0, msBetween(record.dueAt, record.permitAt)),
}

const CONNECT: SendMetric = {
  definition: define({
    id: 'connect',
    title: 'connect',
    formula: 'sentAt - connect.startAt (DNS, TCP, TLS), of the requests that opened their connection',
    source: 'k6 http_req_connecting plus http_req_tls_handshaking; never part of ttft and e2e',
  }),
  whenEmpty: 'no request opened a connection',
  sample(record) {
    const startAt = connectStartOf(record)
    const sentAt = sentAtOf(record)
    return startAt === undefined || sentAt === undefined ? undefined : Math.max(0, msBetween(startAt, sentAt))
  },
}

export const sendMetrics: readonly SendMetric[] = [SEND_LATE, QUEUE_WAIT, CONNECT]
