/** The server's view beside the client's: what lies between them, whether both count the same tokens, and who else was there. */
import type { Distribution, MetricResult, ScenarioSummary } from 'inferbench'
import { absent, type Figures, scalar } from './figures.ts'
import type { Counter, Time } from './vocabulary.ts'

type Named = readonly [id: string, result: MetricResult]

/** Means of different requests say nothing about each other; so many may be missing on one side, %. */
const SAME_REQUESTS = 5
/** Counts of tokens so near to each other are of the same requests, %. */
const SAME_TOKENS = 1

export interface Comparison {
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** Output and prompt tokens, server against us, %. */
  readonly tokensOff: readonly TokensOff[]
  /** Requests of others, and in percent of all that the server finished. */
  readonly others?: { readonly requests: number; readonly percent: number }
  readonly sent: number
}

export interface TokensOff {
  readonly kind: 'output' | 'prompt'
  readonly server: number
  readonly client: number
  readonly percent: number
}

export function compareWithClient(figures: Figures, scenario: ScenarioSummary): Comparison {
  const sent = countSent(scenario)
  const failed = sent - (scenario.counts.byOutcome.ok ?? 0)
  const tokens = [
    compareTokens('output', figures.counters.get('generation_tokens'), scenario, failed),
    compareTokens('prompt', figures.counters.get('prompt_tokens'), scenario, failed),
  ].filter((one) => one !== undefined)
  const tokensOff = tokens.flatMap(([, off]) => off ?? [])
  const finished = figures.counters.get('requests_finished')
  const others = countOthers(finished, sent, tokensOff)
  return {
    metrics: Object.fromEntries([
      ...outside('ttft_outside_server', 'ttft', figures, distributionOf(scenario, 'ttft')),
      ...outside('e2e_outside_server', 'end_to_end', figures, distributionOf(scenario, 'e2e')),
      ...tokens.map(([named]) => named),
      ...(others === undefined ? [] : [scalar('server_other_requests', others.percent, finished)]),
    ]),
    tokensOff,
    ...(others === undefined ? {} : { others }),
    sent,
  }
}

/** Requests of the window that reached the server, as far as we know. */
function countSent({ counts: { requests, byOutcome } }: ScenarioSummary): number {
  return Math.max(0, requests - (byOutcome.dropped ?? 0) - (byOutcome.refused ?? 0))
}

/**
 * A request for several answers counts as several in some servers. Others would have made tokens: where both count the same, there were none.
 */
function countOthers(
  finished: number | undefined,
  sent: number,
  tokensOff: readonly TokensOff[],
): Comparison['others'] | undefined {
  if (finished === undefined || finished <= 0) return undefined
  const same = tokensOff.some(({ kind, percent }) => kind === 'output' && Math.abs(percent) <= SAME_TOKENS)
  const requests = same ? 0 : Math.max(0, finished - sent)
  return { requests, percent: (100 * requests) / finished }
}

/** Means are exact on both sides, whatever the buckets are. */
function outside(id: string, time: Time, { times }: Figures, client: Distribution | undefined): readonly Named[] {
  const server = times.get(time)
  if (server === undefined || server.count <= 0 || client === undefined || client.count <= 0) return []
  if ((100 * Math.abs(server.count - client.count)) / client.count > SAME_REQUESTS)
    return [absent(id, `the server timed ${server.count} requests, we ${client.count}`)]
  return [scalar(id, client.mean - server.sum / server.count, client.count)]
}

function compareTokens(
  kind: TokensOff['kind'],
  server: number | undefined,
  scenario: ScenarioSummary,
  failed: number,
): readonly [Named, TokensOff?] | undefined {
  const id = `server_${kind}_tokens_off`
  const own = distributionOf(scenario, kind === 'output' ? 'output_tokens' : 'input_tokens')
  if (server === undefined || own === undefined || own.sum <= 0) return undefined
  if (failed > 0) return [absent(id, `${failed} requests failed: what the server made for them is not known`)]
  if (own.count < (scenario.counts.byOutcome.ok ?? 0)) return [absent(id, 'not all answers were counted by us')]
  const percent = (100 * (server - own.sum)) / own.sum
  return [scalar(id, percent, server), { kind, server, client: own.sum, percent }]
}

export function distributionOf({ metrics }: ScenarioSummary, id: string): Distribution | undefined {
  const result = metrics[id]
  return result?.kind === 'distribution' ? result.distribution : undefined
}

/** Percent, of a counter, of the requests that we sent. */
export function percentOfSent(figures: Figures, counter: Counter, sent: number): number | undefined {
  const value = figures.counters.get(counter)
  return value === undefined || sent <= 0 ? undefined : (100 * value) / sent
}
