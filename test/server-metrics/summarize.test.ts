import type { Distribution, MetricResult, Observation, Sample, ScenarioSummary, Series, Window } from 'inferbench'
import plugin from 'inferbench/plugins/server'
import { describe, expect, it } from 'vitest'
import { createReader } from '../../plugins/server/reading.ts'
import { sampleOf } from '../../plugins/server/samples.ts'
import { composed } from './fixtures.ts'
import { type Served, writeVllm } from './texts.ts'

const WINDOW: Window = { name: 'measure', startAt: 1000, endAt: 5000 }

type ReadingAt = readonly [at: number, text: string, edge?: true | undefined]

/** Readings of a server, as the plugin would have written them. */
function readAll(...readings: readonly ReadingAt[]): Sample[] {
  const reader = createReader()
  const samples: Sample[] = []
  for (const [at, text, edge] of readings) {
    const reading = reader(text)
    const sample = reading === undefined ? { at } : sampleOf(at, reading, samples.at(-1))
    samples.push(edge === undefined ? sample : { ...sample, edge })
  }
  return samples
}

const vllm = (at: number, served: Served, edge?: true): ReadingAt => [at, writeVllm(served), edge]

function summaryOf(mean: number, count: number): MetricResult {
  const distribution: Distribution = {
    count,
    sum: mean * count,
    mean,
    min: mean,
    max: mean,
    quantiles: {},
    method: 'exact',
  }
  return { kind: 'distribution', unit: 'ms', distribution }
}

/** Forty answers of 100 tokens in and 20 out, first token after 45 ms, whole after 210 ms. */
function scenarioOf(given: Partial<ScenarioSummary> = {}): ScenarioSummary {
  return {
    scenario: 's',
    title: 's',
    window: WINDOW,
    counts: { requests: 40, byOutcome: { ok: 40 }, byReason: {}, warmupRequests: 0, notes: {} },
    metrics: {
      ttft: summaryOf(45, 40),
      e2e: summaryOf(210, 40),
      input_tokens: summaryOf(100, 40),
      asked_input_tokens: summaryOf(92, 40),
      output_tokens: summaryOf(20, 40),
    },
    tokenSources: { server: 40 },
    ...given,
  }
}

interface Given extends Partial<Series> {
  readonly window?: Window
}

function summarize(samples: readonly Sample[], { window = WINDOW, ...given }: Given = {}): Observation {
  return plugin.summarize!(
    { samples, source: 'x', windows: [window], scenario: scenarioOf(), options: { every: 1000 }, ...given },
    window,
  )
}

function readValue(metrics: Observation['metrics'], id: string): number | string | undefined {
  const result = metrics[id]
  if (result?.kind === 'absent') return result.reason
  return result?.kind === 'scalar' ? result.value : result?.distribution.mean
}

const figureOf = ({ findings = [] }: Observation, code: string): number | undefined =>
  findings.find((finding) => finding.code === code)?.figure

/** Ten requests before the window, forty in it. */
const quiet = readAll(
  vllm(990, { requests: 10 }, true),
  vllm(2000, { requests: 18, running: 4 }),
  vllm(4000, { requests: 40, running: 8 }),
  vllm(5010, { requests: 50 }, true),
)

describe('a window', () => {
  it('is differed at its edges, and its gauges are taken between them', () => {
    const { metrics, line } = summarize(quiet)
    expect(readValue(metrics, 'server_output_tok_s')).toBe((40 * 20) / 4)
    expect(readValue(metrics, 'server_prompt_tok_s')).toBe((40 * 100) / 4)
    expect(readValue(metrics, 'server_req_s')).toBe(10)
    // 4 until half way between the readings, then 8; what was read while no load ran is no reading of the load.
    expect(metrics.server_running).toMatchObject({ distribution: { count: 2, mean: 6, min: 4, max: 8 } })
    expect(readValue(metrics, 'server_kv_cache')).toBe(6)
    expect(metrics.server_ttft).toMatchObject({ distribution: { count: 40, mean: 40, method: 'histogram' } })
    expect(readValue(metrics, 'server_prefix_hits')).toBe(0)
    expect(line).toBe('server running 6 (max 8), waiting 1.5 (max 2), KV cache 6 % (max 8)')
  })
  it('of several repetitions is all of them, without what lies between', () => {
    const windows = [WINDOW, { ...WINDOW, startAt: 6000, endAt: 10_000 }]
    const samples = readAll(
      vllm(990, { requests: 0 }, true),
      vllm(3000, { requests: 20, running: 4 }),
      vllm(5010, { requests: 40 }, true),
      vllm(5990, { requests: 1000 }, true),
      vllm(8000, { requests: 1020, running: 8 }),
      vllm(10_010, { requests: 1040 }, true),
    )
    const all = { ...WINDOW, endAt: 10_000, pausedMs: 1000 }
    const { metrics } = summarize(samples, { window: all, windows })
    expect(readValue(metrics, 'server_req_s')).toBe(10)
    expect(readValue(metrics, 'server_running')).toBe(6)
    expect(metrics.server_ttft).toMatchObject({ distribution: { count: 80 } })
  })
  it('shorter than the time between two readings has counters, and no gauges', () => {
    const samples = readAll(vllm(990, { requests: 10 }, true), vllm(5010, { requests: 50 }, true))
    const { metrics } = summarize(samples)
    expect(readValue(metrics, 'server_req_s')).toBe(10)
    expect(metrics.server_running).toMatchObject({ kind: 'absent', reason: expect.stringContaining('shorter') })
  })
  it('without readings near it has nothing', () => {
    expect(summarize(readAll(vllm(5010, { requests: 50 }))).metrics).not.toHaveProperty('server_req_s')
    const far = readAll(vllm(-9000, { requests: 0 }), vllm(3000, { requests: 30 }), vllm(5000, { requests: 50 }))
    expect(readValue(summarize(far).metrics, 'server_req_s')).toBe(20 / 4)
  })
  it('while nothing was asked has gauges too, and is not compared', () => {
    const idle: Window = { name: 'before', startAt: 0, endAt: 900 }
    const { metrics, findings } = summarize(readAll(vllm(0, { requests: 5 }, true), vllm(500, { requests: 5 })), {
      window: idle,
    })
    expect(readValue(metrics, 'server_running')).toBe(0)
    expect(readValue(metrics, 'server_output_tok_s')).toBe(0)
    expect(findings).toBeUndefined()
  })
})

describe('the server beside the client', () => {
  it('leaves what lies between them', () => {
    const { metrics } = summarize(quiet)
    expect(readValue(metrics, 'ttft_outside_server')).toBeCloseTo(5, 9)
    expect(readValue(metrics, 'e2e_outside_server')).toBeCloseTo(10, 9)
    expect(readValue(metrics, 'server_output_tokens_off')).toBe(0)
    expect(readValue(metrics, 'server_prompt_tokens_off')).toBe(0)
    expect(readValue(metrics, 'server_other_requests')).toBe(0)
  })
  it('says so when others were there, and compares no means then', () => {
    const samples = readAll(
      vllm(990, { requests: 10 }, true),
      vllm(3000, { requests: 30 }),
      vllm(5010, { requests: 60 }, true),
    )
    const seen = summarize(samples)
    expect(figureOf(seen, 'server-shared')).toBe(20)
    expect(figureOf(seen, 'server-tokens')).toBe(25)
    expect(readValue(seen.metrics, 'ttft_outside_server')).toBe('the server timed 50 requests, we 40')
    expect(seen.findings?.find(({ code }) => code === 'server-tokens')?.message).toContain('we 800: 25 %')
  })
  it('takes several answers to one request for no others', () => {
    const metrics = { ...scenarioOf().metrics, output_tokens: summaryOf(40, 40), input_tokens: summaryOf(200, 40) }
    const samples = readAll(vllm(990, { requests: 10 }, true), vllm(5010, { requests: 90 }, true))
    expect(figureOf(summarize(samples, { scenario: scenarioOf({ metrics }) }), 'server-shared')).toBe(0)
    expect(figureOf(summarize(samples), 'server-shared')).toBe(50)
  })
  it('compares no tokens when requests failed: the server worked for them as well', () => {
    const scenario = scenarioOf({
      counts: {
        requests: 41,
        byOutcome: { ok: 39, timeout: 1, dropped: 1 },
        byReason: {},
        warmupRequests: 0,
        notes: {},
      },
    })
    const seen = summarize(quiet, { scenario })
    expect(readValue(seen.metrics, 'server_output_tokens_off')).toContain('1 requests failed')
    expect(figureOf(seen, 'server-tokens')).toBeUndefined()
    expect(figureOf(seen, 'server-shared')).toBe(0)
  })
  it('says nothing of a few requests', () => {
    const scenario = scenarioOf({
      counts: { requests: 2, byOutcome: { ok: 2 }, byReason: {}, warmupRequests: 0, notes: {} },
    })
    expect(summarize(quiet, { scenario }).findings).toEqual([])
  })
})

describe('what makes a run doubtful', () => {
  const passes = (seen: Observation): string[] =>
    (seen.findings ?? [])
      .filter(({ code, figure }) => figure > (plugin.limits!.find((limit) => limit.code === code)?.suspect ?? Infinity))
      .map(({ code }) => code)

  it('is nothing of a quiet server', () => {
    expect(passes(summarize(quiet))).toEqual([])
  })
  it('a server that began again; its counters are read on', () => {
    const samples = readAll(
      vllm(990, { requests: 100 }, true),
      vllm(3000, { requests: 120, running: 4 }),
      vllm(4000, { requests: 5, running: 4 }),
      vllm(5010, { requests: 20 }, true),
    )
    const seen = summarize(samples)
    expect(readValue(seen.metrics, 'server_req_s')).toBe((20 + 5 + 15) / 4)
    expect(passes(seen)).toEqual(['server-restarted'])
  })
  it('one of two engines that began again; what the other counted is not counted twice', () => {
    const two = (first: number, second: number | undefined): string =>
      writeVllm({ requests: first }) +
      (second === undefined
        ? ''
        : writeVllm({ requests: second })
            .replaceAll('engine="0"', 'engine="1"')
            .replaceAll(/^#.*\n/gm, ''))
    const samples = readAll(
      [990, two(1000, 1000), true],
      [2000, two(1005, 1005)],
      [3000, two(1010, 2)],
      [4000, two(1015, undefined)],
      [5010, two(1020, 10), true],
    )
    const seen = summarize(samples)
    expect(readValue(seen.metrics, 'server_req_s')).toBe((20 + 5 + 10) / 4)
    expect(readValue(seen.metrics, 'server_output_tok_s')).toBe((20 * (20 + 5 + 10)) / 4)
    expect(seen.metrics.server_ttft).toMatchObject({ distribution: { count: 35, mean: expect.closeTo(40, 6) } })
    expect(figureOf(seen, 'server-restarted')).toBe(1)
  })
  it('preemptions', () => {
    const samples = readAll(
      vllm(990, { requests: 10, preemptions: 3 }, true),
      vllm(5010, { requests: 50, preemptions: 7 }, true),
    )
    expect(figureOf(summarize(samples), 'server-preemptions')).toBe(10)
    expect(passes(summarize(samples))).toEqual(['server-preemptions'])
  })
  it('a cache that was warm, beyond what the workload explains', () => {
    const workload = { kind: 'synthetic', inputTokens: '92', sharedPrefixTokens: 0 }
    const hits = (share: number): Sample[] =>
      readAll(vllm(990, { requests: 10, hits: 50 }, true), vllm(5010, { requests: 50, hits: 50 + share * 4000 }, true))
    // 8 tokens of template and a block of 16 are explained, of 100.
    expect(figureOf(summarize(hits(0.9), { workload }), 'server-warm-cache')).toBeCloseTo(90 - 24, 9)
    expect(figureOf(summarize(hits(0.2), { workload }), 'server-warm-cache')).toBe(0)
    const shared = { ...workload, sharedPrefixTokens: 60 }
    expect(figureOf(summarize(hits(0.8), { workload: shared }), 'server-warm-cache')).toBe(0)
    // Where the answers say it themselves, the verdict judges them one by one; and questions that come again are no surprise.
    const scenario = scenarioOf()
    const told = { ...scenario, metrics: { ...scenario.metrics, cached_tokens: summaryOf(90, 40) } }
    expect(figureOf(summarize(hits(0.9), { workload, scenario: told }), 'server-warm-cache')).toBeUndefined()
    expect(
      figureOf(summarize(hits(0.9), { workload: { kind: 'dataset', rows: 10 } }), 'server-warm-cache'),
    ).toBeUndefined()
    expect(figureOf(summarize(hits(0.9)), 'server-warm-cache')).toBeUndefined()
  })
})

describe('servers that show little', () => {
  it('a counter that appears with the first request has counted from zero', () => {
    const samples = readAll([990, '# EOF\n', true], [3000, composed('tgi')], [5010, composed('tgi'), true])
    const { metrics } = summarize(samples)
    expect(readValue(metrics, 'server_req_s')).toBe(10 / 4)
    expect(readValue(metrics, 'server_e2e')).toBeCloseTo(900, 6)
  })
  it('sums without buckets give a mean, and no distribution', () => {
    const before = composed('triton').replaceAll(/ [\d.e+]+$/gm, ' 0.0')
    const { metrics } = summarize(readAll([990, before, true], [5010, composed('triton'), true]))
    expect(readValue(metrics, 'server_queue_mean')).toBe(2)
    expect(metrics).not.toHaveProperty('server_queue')
    expect(metrics.server_ttft).toMatchObject({ distribution: { count: 20, mean: 135 } })
  })
  it('series that nothing ever counts in say nothing', () => {
    const at = (requests: number) =>
      `vllm_requests_total ${requests}\nvllm_running_requests 0\nvllm_waiting_requests 0\nvllm_kv_cache_usage_ratio 0\nvllm_generation_tokens_total 0\nvllm_prompt_tokens_total 0\n`
    const { metrics, line } = summarize(readAll([990, at(3), true], [3000, at(23)], [5010, at(43), true]))
    expect(metrics).not.toHaveProperty('server_running')
    expect(metrics).not.toHaveProperty('server_output_tok_s')
    expect(readValue(metrics, 'server_req_s')).toBe(10)
    expect(line).toBeUndefined()
  })
  it('another server under the same address is not differed with the first', () => {
    const samples = readAll(vllm(990, { requests: 10 }, true), [3000, composed('tgi')], [5010, composed('tgi'), true])
    expect(readValue(summarize(samples).metrics, 'server_req_s')).toBe(0)
  })
})
