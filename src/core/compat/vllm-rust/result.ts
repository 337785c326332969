/** The result file of vllm-rust's `bench_serving.py`, from the records of a run: its definitions, its rounding. */
import type { OkRecord, RequestRecord } from '../../record.ts'
import { measureWallSecs, readAnswerInstants } from '../answer-instants.ts'
import { roundHalfEven } from '../format.ts'
import { type ServingRequest, summarizeServing } from './serving.ts'

export interface ServingRun {
  readonly url: string
  readonly model: string
  /** Requests before each scenario. */
  readonly warmup: number
  readonly scenarios: readonly {
    readonly name: string
    /** Of the measured phase. */
    readonly records: readonly RequestRecord[]
  }[]
}

export interface ServingResult {
  readonly base_url: string
  readonly model: string
  readonly warmup: number
  readonly num_requests: number
  readonly scenarios: readonly Readonly<Record<string, string | number>>[]
}

/** A scenario with a failed request is left out, as there. */
export function describeServingRun({ url, model, warmup, scenarios }: ServingRun): ServingResult {
  return {
    base_url: url,
    model,
    warmup,
    num_requests: Math.max(0, ...scenarios.map(({ records }) => records.length)),
    scenarios: scenarios.flatMap(({ name, records }) => {
      const answers = records.filter((record) => record.outcome === 'ok')
      return answers.length === 0 || answers.length < records.length ? [] : [describeScenario(name, answers)]
    }),
  }
}

function describeScenario(name: string, answers: readonly OkRecord[]): Readonly<Record<string, string | number>> {
  const { num_requests, total_tokens, total_time, ...figures } = summarizeServing(
    answers.map(describeRequest),
    measureWallSecs(answers),
  )
  const rounded = Object.entries(figures).map(([figure, value]) => [
    figure.startsWith('throughput') ? `${figure}_tps` : `${figure}_ms`,
    roundHalfEven(value, 2),
  ])
  return {
    name,
    num_requests,
    ...(Object.fromEntries(rounded) as Record<string, number>),
    total_tokens,
    total_time_s: roundHalfEven(total_time, 3),
  }
}

function describeRequest(record: OkRecord): ServingRequest {
  const { startAt, textAt, endAt } = readAnswerInstants(record)
  const tokenSecs = textAt.map((at) => (at - startAt) / 1000)
  const latencySecs = (endAt - startAt) / 1000
  return { ttftSecs: tokenSecs[0] ?? latencySecs, latencySecs, tokenSecs }
}
