import type { Finding, Series } from 'inferbench'
import { type Comparison, distributionOf, percentOfSent } from './against-client.ts'
import type { Figures } from './figures.ts'

/** A share of fewer requests is no share. */
const LEAST_REQUESTS = 5
/** vLLM and others cache prompts in blocks of so many tokens; a block begun may well be shared. */
const CACHE_BLOCK = 16

export function findProblems(figures: Figures, against: Comparison, series: Series): readonly Finding[] {
  if (against.sent < LEAST_REQUESTS) return []
  return [
    ...(figures.resets === 0 ? [] : [foundRestart(figures.resets)]),
    ...findOthers(against),
    ...findTokens(against),
    ...findWarmCache(figures, series),
    ...findPreemptions(figures, against),
  ]
}

function foundRestart(resets: number): Finding {
  return { code: 'server-restarted', figure: resets, message: `the server's counters began again ${times(resets)}` }
}

function findOthers({ others }: Comparison): readonly Finding[] {
  if (others === undefined) return []
  const figure = round(others.percent)
  return [
    {
      code: 'server-shared',
      figure,
      message: `${figure} % of the requests that the server finished were not ours (${round(others.requests)})`,
    },
  ]
}

/** The worse of the two. */
function findTokens({ tokensOff }: Comparison): readonly Finding[] {
  const worst = [...tokensOff].sort((left, right) => Math.abs(right.percent) - Math.abs(left.percent))[0]
  if (worst === undefined) return []
  const { kind, server, client, percent } = worst
  return [
    {
      code: 'server-tokens',
      figure: round(Math.abs(percent)),
      message: `the server counted ${round(server)} ${kind} tokens, we ${round(client)}: ${round(percent)} %`,
    },
  ]
}

/**
 * Where answers tell their cached tokens, the verdict judges them one by one; this is for servers that only count. What the workload explains is
 * taken from means: the shared prefix, the chat template, a block begun.
 */
function findWarmCache({ counters }: Figures, { scenario, workload }: Series): readonly Finding[] {
  const [hits, queries] = [counters.get('prefix_cache_hits'), counters.get('prefix_cache_queries')]
  const told = distributionOf(scenario, 'cached_tokens')
  const explained = explainedShare(workload, scenario)
  if (hits === undefined || queries === undefined || queries <= 0 || told !== undefined || explained === undefined)
    return []
  const figure = round(Math.max(0, (100 * hits) / queries - explained))
  return [
    {
      code: 'server-warm-cache',
      figure,
      message: `${figure} % of the prompt tokens came from a cache that this workload did not fill`,
    },
  ]
}

/** In percent of the prompt tokens; undefined where prompts build on each other or come again. */
function explainedShare(workload: Series['workload'], scenario: Series['scenario']): number | undefined {
  const prompt = distributionOf(scenario, 'input_tokens')?.mean
  if (workload === undefined || workload.kind !== 'synthetic' || !prompt) return undefined
  const asked = distributionOf(scenario, 'asked_input_tokens')?.mean ?? prompt
  const shared = typeof workload.sharedPrefixTokens === 'number' ? workload.sharedPrefixTokens : 0
  return (100 * (shared + Math.max(0, prompt - asked) + CACHE_BLOCK)) / prompt
}

function findPreemptions(figures: Figures, { sent }: Comparison): readonly Finding[] {
  const percent = percentOfSent(figures, 'preemptions', sent)
  if (percent === undefined) return []
  const count = figures.counters.get('preemptions')!
  return [
    {
      code: 'server-preemptions',
      figure: round(percent),
      message: `the server took requests out of its batch ${times(count)}, at ${sent} requests`,
    },
  ]
}

function times(count: number): string {
  return count === 1 ? 'once' : `${round(count)} times`
}

/** Four significant digits: figures are for reading. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}
