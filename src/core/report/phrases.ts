/** The sentences that terminal and Markdown share; not yet escaped, not yet laid out. */
import type { Distribution } from '../metric.ts'
import { metricRegistry } from '../metrics/registry.ts'
import { describeSlo } from '../metrics/slo.ts'
import type { Manifest } from '../run.ts'
import type { ScenarioSummary, Summary } from '../summary.ts'
import { formatDuration } from '../units.ts'
import { formatError, formatFigure, formatPercent, groupDigits } from './text.ts'

/** The columns of a table of latencies. */
export const COLUMNS = ['mean', 'p50', 'p90', 'p99', 'max'] as const

export type Column = (typeof COLUMNS)[number]

export function distributionOf(scenario: ScenarioSummary, id: string): Distribution | undefined {
  const result = scenario.metrics[id]
  return result?.kind === 'distribution' ? result.distribution : undefined
}

/** What a metric is called: its title where it is known, else its id. */
export function titlesOf(summary: Summary): (id: string) => string {
  const find = (id: string): string | undefined => (metricRegistry.get(id) ?? summary.definitions?.[id])?.title
  return (id) => {
    // One of several values of a metric that a plugin found by asking.
    const [, metric = id, name] = /^([^.]+)\.(.+)$/.exec(id) ?? []
    const title = find(metric)
    if (title === undefined) return id
    return name === undefined ? title : `${title} ${name}`
  }
}

export function scalarOf(scenario: ScenarioSummary, id: string): number | undefined {
  const result = scenario.metrics[id]
  return result?.kind === 'scalar' ? result.value : undefined
}

export function columnOf(distribution: Distribution | undefined, column: Column): number | undefined {
  if (distribution === undefined) return undefined
  return column === 'mean' || column === 'max' ? distribution[column] : distribution.quantiles[column]
}

/** `vllm 0.11.0 at http://localhost:8000, Qwen/Qwen3-0.6B, chat, streamed` */
export function describeTarget(manifest: Manifest): string {
  const { adapter, target } = manifest
  const server = target.server === undefined ? adapter : `${adapter} ${target.server}`
  const streamed = target.stream ? 'streamed' : 'not streamed'
  return `${server} at ${target.url}, ${target.model}, ${target.endpoint}, ${streamed}`
}

/** `server ready 12.3 s after its start (to within 30 ms)`; empty where the run did not start it. */
export function describeServer({ server }: Manifest): string[] {
  const starts = server?.coldStarts ?? []
  if (starts.length === 0) return []
  const times = starts.map(({ coldStartMs }) => formatDuration(coldStartMs)).join(', ')
  const within = formatDuration(Math.max(...starts.map(({ resolutionMs }) => resolutionMs)))
  return [`server ready ${times} after its start (to within ${within})`]
}

/** `16 streams, 400 requests, 128 tokens in, 64 out, seed 42, 31.2 s measured after 16 warm-up requests` */
export function describeScenario(scenario: ScenarioSummary, manifest: Manifest): string {
  const { counts, window } = scenario
  const output = distributionOf(scenario, 'output_tokens')
  const warmup = counts.warmupRequests === 0 ? '' : ` after ${plural(counts.warmupRequests, 'warm-up request')}`
  return [
    scenario.title,
    plural(counts.requests, 'request'),
    ...describeInput(scenario),
    ...(output === undefined ? [] : [`${formatCount(output.mean)} out`]),
    `seed ${manifest.seed}`,
    `${formatDuration(window.endAt - window.startAt - (window.pausedMs ?? 0))} measured${warmup}`,
  ].join(', ')
}

/** `128 tokens in`, `131.2 tokens in (128 asked)`, `128 tokens in asked`: counted by the server where it did. */
function describeInput(scenario: ScenarioSummary): string[] {
  const counted = distributionOf(scenario, 'input_tokens')?.mean
  const asked = distributionOf(scenario, 'asked_input_tokens')?.mean
  if (counted === undefined) return asked === undefined ? [] : [`${formatCount(asked)} tokens in asked`]
  const beside = asked === undefined || asked === counted ? '' : ` (${formatCount(asked)} asked)`
  return [`${formatCount(counted)} tokens in${beside}`]
}

/** A mean of counts: whole when it is. */
function formatCount(value: number): string {
  return Number.isInteger(value) ? groupDigits(value) : formatFigure(value)
}

export function plural(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `output 1 481 tok/s`, `requests 23.1 /s`, `goodput 22.8 /s (98.5 %) within ttft<=60ms`: what was measured of them. */
export function describeThroughput(scenario: ScenarioSummary): string[] {
  const output = scalarOf(scenario, 'output_tok_s')
  const requests = scalarOf(scenario, 'req_s')
  const goodput = scalarOf(scenario, 'goodput')
  const goodRate = scalarOf(scenario, 'goodput_req_s')
  return [
    ...(output === undefined ? [] : [`output ${formatFigure(output)} tok/s`]),
    ...(requests === undefined ? [] : [`requests ${formatFigure(requests)} /s`]),
    ...(goodput === undefined
      ? []
      : [
          `goodput ${goodRate === undefined ? '' : `${formatFigure(goodRate)} /s `}(${formatPercent(goodput)}) within ${describeSlo(scenario.slo ?? [])}`,
        ]),
  ]
}

/** `errors 0 of 400`, `late sends p99 0.3 ms`, `tokens counted by the server`, and what else was out of the ordinary. */
export function describeConduct(scenario: ScenarioSummary): string[] {
  const { byOutcome, requests } = scenario.counts
  const dropped = byOutcome.dropped ?? 0
  const tried = requests - dropped
  const failed = tried - (byOutcome.ok ?? 0)
  return [
    `errors ${groupDigits(failed)} of ${groupDigits(tried)}`,
    ...(dropped === 0 ? [] : [`dropped ${groupDigits(dropped)}`]),
    ...describeLateness(scenario, 'send_late', 'late sends'),
    ...describeLateness(scenario, 'queue_wait', 'waits for a permit'),
    ...describeTokenSources(scenario),
    ...describeCache(scenario),
    ...describeQuality(scenario),
    ...describeSpikes(scenario),
    ...describeBundling(scenario),
  ]
}

function describeLateness(scenario: ScenarioSummary, id: string, words: string): string[] {
  const distribution = distributionOf(scenario, id)
  if (distribution === undefined) return []
  const { p99 } = distribution.quantiles
  return [
    p99 === undefined ? `${words} max ${formatFigure(distribution.max)} ms` : `${words} p99 ${formatFigure(p99)} ms`,
  ]
}

const COUNTERS: Readonly<Record<string, string>> = {
  server: 'by the server',
  tokenizer: 'by a tokenizer',
  chunks: 'as events, each for one',
}

function describeTokenSources(scenario: ScenarioSummary): string[] {
  const sources = Object.entries(scenario.tokenSources)
  if (sources.length === 0) return []
  const words = sources.map(([source, count]) => {
    const counter = COUNTERS[source] ?? source
    return sources.length === 1 ? counter : `${counter} (${groupDigits(count)})`
  })
  return [`tokens counted ${words.join(', ')}`]
}

/** Said only where there are any, where answers became slower, and where layers were counted. */
function describeSpikes(scenario: ScenarioSummary): string[] {
  const spikes = scalarOf(scenario, 'tpot_spikes') ?? 0
  const layer = scalarOf(scenario, 'us_per_layer')
  const rises = scalarOf(scenario, 'tpot_degraded') === 1
  return [
    ...(rises ? [`TPOT rises by ${formatFigure(scalarOf(scenario, 'tpot_drift'))} ms a minute`] : []),
    ...(spikes === 0 ? [] : [`TPOT spikes ${groupDigits(spikes)}`]),
    ...(layer === undefined ? [] : [`${formatFigure(layer)} µs a layer`]),
  ]
}

/** Said only where answers were judged. */
function describeQuality(scenario: ScenarioSummary): string[] {
  const quality = scalarOf(scenario, 'quality')
  return quality === undefined ? [] : [`answers that passed ${formatPercent(quality)}`]
}

/** Said only where a prefix cache answered for some of the prompt. */
function describeCache(scenario: ScenarioSummary): string[] {
  const cached = distributionOf(scenario, 'cached_tokens')
  return cached === undefined || cached.sum === 0 ? [] : [`${formatCount(cached.mean)} tokens in cached`]
}

/** Said only where it changes how gaps are to be read. */
function describeBundling(scenario: ScenarioSummary): string[] {
  const tokens = scalarOf(scenario, 'tokens_per_event')
  return tokens === undefined || tokens < 1.1 ? [] : [`${formatFigure(tokens)} tokens an event`]
}

/** Failures by reason, the most frequent first: `http-error/rejected 3`. */
export function describeReasons(scenario: ScenarioSummary): string[] {
  const reasons = Object.entries(scenario.counts.byReason).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return reasons.map(([reason, count]) => `${reason} ${groupDigits(count)}`)
}

/** Rows of the main table, in order; `due` rows only where requests waited before they were sent. */
export function latencyRows(scenario: ScenarioSummary): string[] {
  const waited = (id: string): boolean => {
    const served = distributionOf(scenario, id)
    const due = distributionOf(scenario, `${id}_due`)
    return served !== undefined && due !== undefined && due.mean - served.mean >= Math.max(1, served.mean / 100)
  }
  const rows = [
    'ttft',
    ...(waited('ttft') ? ['ttft_due'] : []),
    'itl',
    'tpot',
    'e2e',
    ...(waited('e2e') ? ['e2e_due'] : []),
  ]
  return rows.filter((id) => distributionOf(scenario, id) !== undefined)
}

/** `TTFT, ITL, TPOT not measured: not streamed`, a line for each reason. */
export function describeMissing(scenario: ScenarioSummary, titleOf: (id: string) => string): string[] {
  const byReason = new Map<string, string[]>()
  for (const id of ['ttft', 'itl', 'tpot', 'e2e', 'output_tok_s']) {
    const result = scenario.metrics[id]
    if (result?.kind !== 'absent') continue
    byReason.set(result.reason, [...(byReason.get(result.reason) ?? []), titleOf(id)])
  }
  return [...byReason].map(([reason, titles]) => `${titles.join(', ')} not measured: ${reason}`)
}

/** What the manifest and the records noted, each on a line. */
export function describeNotes(manifest: Manifest, scenarios: readonly ScenarioSummary[]): string[] {
  const answers = scenarios.flatMap((scenario) => {
    const notes = Object.entries(scenario.counts.notes).map(([note, count]) => `${note} ${groupDigits(count)}`)
    if (notes.length === 0) return []
    const where = scenarios.length === 1 ? '' : ` (${scenario.title})`
    return [`answers noted${where}: ${notes.join(', ')}`]
  })
  return [...manifest.notes, ...answers]
}

/** Said only where figures are not ours: `figures as vllm bench serve defines them; ...`. */
export function describeProfile({ profile, definitions }: Summary): string[] {
  if (profile === undefined) return []
  const tool = definitions?.ttft?.source.split(':')[0] ?? profile
  return [`figures as ${tool} defines them, recomputed from this run's log; gates and verdict are ours`]
}

/**
 * `instrument error at this load: p99 0.4 ms first event, 0.1 ms gaps (calibrated 2026-11-23, socket, node 24)`: of the
 * scenario in which it is greatest. undefined where there was no load to know it of.
 */
export function describeInstrument({ calibration }: Manifest): string | undefined {
  if (calibration === undefined) return undefined
  const { key, madeAt, scenarios } = calibration
  const quotes = Object.values(scenarios)
  const beyond = quotes.filter(({ covered }) => !covered).length
  if (quotes.length === 0) return undefined
  if (madeAt === undefined) return 'instrument error not known: bench calibrate measures it'
  if (beyond === quotes.length) {
    return `instrument error not known: the load is beyond what was calibrated ${madeAt.slice(0, 10)}`
  }
  const rows = quotes.flatMap((quote) => (quote.covered ? [quote.row] : []))
  const first = Math.max(...rows.map(({ firstEvent }) => firstEvent.p99))
  const gaps = Math.max(...rows.map((row) => row.gaps.p99))
  const where = beyond === 0 ? 'at this load' : `in ${rows.length} of ${quotes.length} scenarios, the others beyond`
  const client = [`calibrated ${madeAt.slice(0, 10)}`, key.transport, key.runtime]
  return `instrument error ${where}: p99 ${formatError(first)} ms first event, ${formatError(gaps)} ms gaps (${client.join(', ')})`
}
