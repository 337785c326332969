/** Runs of ours in the words that scorecards read: figures of plugins, of validation and of the options. */
import type { MetricResult, PluginSummary, ScenarioSummary } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { describeOwnGpu } from '../../src/core/compat/own-gpu.ts'
import { describeOwnRun, joinScores, type OwnRun } from '../../src/core/compat/own-run.ts'
import { describeProbadorLoad } from '../../src/core/compat/probador/own-load.ts'
import { readLoadResult } from '../../src/core/compat/probador/result.ts'
import { describeSagellmRun } from '../../src/core/compat/sagellm/result.ts'
import { figuresOfOwnRun, holdSagellmContract } from '../../src/core/compat/sagellm/verdict.ts'
import { probadorContract as contract } from '../../src/core/score/contract.ts'
import { scoreResults } from '../../src/core/score/document.ts'
import { memoryLayout, powerLayout } from '../../src/core/score/text/flat.ts'
import { asWritten, renderTable } from '../../src/core/score/text/layout.ts'
import { okRecord } from '../metrics/records.ts'
import { loadResult } from './load-results.ts'

const distribution = (values: readonly number[], unit: string): MetricResult => {
  const sum = values.reduce((a, b) => a + b, 0)
  const [min, max] = [Math.min(...values), Math.max(...values)]
  const p50 = [...values].sort((a, b) => a - b)[values.length >> 1]!
  return {
    kind: 'distribution',
    unit,
    distribution: {
      count: values.length,
      sum,
      mean: sum / values.length,
      min,
      max,
      quantiles: { p50 },
      method: 'exact',
    },
  }
}
const scalar = (value: number, unit: string): MetricResult => ({ kind: 'scalar', unit, value })

const scenario: ScenarioSummary = {
  scenario: 'c1',
  title: '1 stream',
  window: { name: 'measure', startAt: 1000, endAt: 4000, pausedMs: 1000 },
  counts: { requests: 10, byOutcome: { ok: 8 }, byReason: {}, warmupRequests: 0, notes: {} },
  metrics: {
    tpot: distribution([7, 8, 9], 'ms'),
    output_tokens: distribution([40, 60], 'tokens'),
    quality: scalar(75, '%'),
  },
  tokenSources: {},
}

const seen = (plugin: string, metrics: Readonly<Record<string, MetricResult>>): PluginSummary => ({
  plugin,
  source: 'a meter',
  scenarios: [{ scenario: 'c1', metrics }],
})

const gpu = seen('gpu', {
  gpu_memory_used: distribution([8192, 10_240], 'MiB'),
  gpu_power: distribution([90, 110], 'W'),
  gpu_busy: { kind: 'absent', unit: '%', reason: 'not told' },
})

const run: OwnRun = {
  manifest: {
    startedAt: '2026-11-24T00:00:00Z',
    options: { numLayers: 28 },
    scenarios: [{ name: 'c1', title: '1 stream', arrival: 'closed loop, 1 slot', workload: {} }],
  } as unknown as OwnRun['manifest'],
  summary: { plugins: [gpu] },
}

describe('figures of plugins', () => {
  it('are those of probador: energy is the power that was drawn for as long as it was measured', () => {
    // 100 W for 2 s (3 s without a pause of 1 s), 100 tokens, 10 requests.
    expect(describeOwnGpu([gpu], scenario)).toEqual({
      memory_used_mb: { mean: 9216, max: 10_240, min: 8192 },
      power_draw_w: { mean: 100, max: 110, min: 90 },
      energy_total_wh: 200 / 3600,
      energy_per_token_mj: 2000,
      energy_per_request_mj: 20_000,
    })
  })

  it('take the energy of a counter where there is one, and the power from it where nothing else tells it', () => {
    const power = seen('power', { energy_gpu: scalar(300, 'J') })
    expect(describeOwnGpu([power], scenario)).toMatchObject({ power_draw_w: { mean: 150 }, energy_per_token_mj: 3000 })
    expect(describeOwnGpu([gpu, power], scenario)).toMatchObject({
      power_draw_w: { mean: 100 },
      energy_per_token_mj: 3000,
    })
  })

  it('are absent where nothing was seen, or another scenario was', () => {
    const empty: PluginSummary = { plugin: 'gpu', absent: 'no GPU here', scenarios: [] }
    expect(describeOwnGpu([empty], scenario)).toBeUndefined()
    expect(describeOwnGpu([gpu], { ...scenario, scenario: 'c2' })).toBeUndefined()
    expect(describeOwnGpu([], scenario)).toBeUndefined()
  })
})

it('GPU figures are in the result file of probador, which the cards read again', () => {
  const seenGpu = describeOwnGpu([gpu], scenario)!
  const settings = { runtime: 'mine', timestamp: '2026-11-24T00:00:00Z', concurrency: 1, stream: true }
  const file = describeProbadorLoad([], { ...settings, gpu: seenGpu })
  expect(file.gpu_telemetry).toEqual(seenGpu)
  const read = readLoadResult(JSON.parse(JSON.stringify(file)))
  expect(read?.gpu_telemetry).toMatchObject({ memory_used_mb: { max: 10_240 }, energy_per_token_mj: 2000 })
  expect(describeProbadorLoad([], settings)).not.toHaveProperty('gpu_telemetry')
})

describe('a run of ours', () => {
  const result = describeOwnRun(run, scenario, 'mine')

  it('has layers, quality and GPU, as formulas of probador have them', () => {
    expect(result).toMatchObject({
      itl_p50_ms: 8,
      num_layers: 28,
      decode_us_per_layer: 8000 / 28,
      decode_tok_per_sec: 125,
      quality: { total_validated: 8, passed: 6, pass_rate: 0.75 },
    })
  })

  it('fills the cards, to the number', () => {
    const cards = scoreResults({ results: [result], cards: ['layer', 'correctness', 'memory', 'power'] })
    // 285.7 us lie between excellent (220) and good (300): 75 + 25 * 14.3 / 80.
    expect(cards.layer?.entries).toMatchObject([{ num_layers: 28, score: 79, grade: 'B' }])
    // 75 % of 95 %.
    expect(cards.correctness?.entries).toMatchObject([{ total: 8, passed: 6, score: 59 }])
    // 125 tok/s in 10 GiB.
    expect(cards.memory?.entries).toMatchObject([{ vram_used_mb: 10_240, tok_per_sec_per_gb: 12.5, score: 47 }])
    expect(cards.memory?.entries[0]).not.toHaveProperty('vram_total_mb')
    // 125 tok/s at 100 W.
    expect(cards.power?.entries).toMatchObject([{ mean_power_w: 100, tok_per_watt: 1.25, score: 63 }])
  })

  it('without them scores nothing, and says so', () => {
    const { manifest } = run
    const { quality: _, ...metrics } = scenario.metrics
    const bare = describeOwnRun(
      { manifest: { ...manifest, options: {} }, summary: {} },
      { ...scenario, metrics },
      'mine',
    )
    const cards = scoreResults({ results: [bare], cards: ['layer', 'correctness', 'memory', 'power'] })
    for (const card of [cards.layer, cards.correctness, cards.memory, cards.power]) {
      expect(card).toEqual({ entries: [], not_measured: ['mine'] })
    }
  })

  it('takes its quality from the plugin of that name where answers were not validated', () => {
    const { quality: _, ...metrics } = scenario.metrics
    const evaluations = {
      quality: {
        quality_idle: scalar(0.7, '1'),
        'quality_idle.easy': { ...scalar(0.9, '1'), count: 100 },
        'quality_idle.hard': { ...scalar(0.5, '1'), count: 300 },
        'quality_busy.hard': { ...scalar(0, '1'), count: 300 },
      },
    }
    const { quality } = describeOwnRun({ ...run, summary: { evaluations } }, { ...scenario, metrics }, 'mine')
    expect(quality).toEqual({ total_validated: 400, passed: 240, pass_rate: 0.6 })
    expect(joinScores([{ score: 12.3, documents: 10 }])).toBeUndefined()
    expect(joinScores([])).toBeUndefined()
  })
})

describe('a contract of sagellm', () => {
  const server = seen('server', { server_prefix_hits: scalar(80, '%') })
  const process = seen('process', { server_memory: distribution([100, 400], 'MiB') })

  it("has memory and rates from plugins, the GPUs' before the processes'", () => {
    expect(figuresOfOwnRun(scenario, [gpu, process, server])).toMatchObject({
      avg_tpot_ms: 8,
      peak_mem_mb: 10_240,
      avg_prefix_hit_rate: 0.8,
    })
    expect(figuresOfOwnRun(scenario, [process])).toMatchObject({ peak_mem_mb: 400 })
    expect(figuresOfOwnRun(scenario)).not.toHaveProperty('peak_mem_mb')
    const lines = holdSagellmContract('year3', figuresOfOwnRun(scenario, [gpu, server]))
    expect(lines.filter(({ status }) => status === 'missed').map(({ check }) => check)).toEqual([
      'tpot_ms',
      'prefix_hit_rate',
    ])
    expect(lines.find(({ check }) => check === 'spec_accept_rate')).toMatchObject({ status: 'not-measured' })
  })
})

it("the peak of the server's memory is in sagellm's metrics file, where it was seen", () => {
  const workload = { name: 'Q1', records: [okRecord(), okRecord()] }
  const { workloads } = describeSagellmRun([{ ...workload, peakMemoryMb: 512 }])
  expect(workloads.Q1).toMatchObject({ peak_mem_mb: 512, avg_mem_mb: 512, successful_requests: 2 })
  expect(describeSagellmRun([workload]).workloads.Q1).toMatchObject({ peak_mem_mb: 0 })
})

describe('what a GPU figure lacks', () => {
  const result = loadResult({
    runtime_name: 'x',
    gpu_telemetry: { memory_used_mb: { max: 4096 }, power_draw_w: { mean: 50 } },
  })

  it('is a dash by our rules, and 0 by those of the original', () => {
    const ours = scoreResults({ results: [result], cards: ['memory', 'power'] })
    expect(renderTable(memoryLayout, ours.memory!.entries, asWritten, contract)).toMatch(/4096 +- +37\.5\*/)
    expect(renderTable(powerLayout, ours.power!.entries, asWritten, contract)).toMatch(/50\.0 +- +3\.00\*/)
    const theirs = scoreResults({ results: [result], cards: ['memory', 'power'], compat: true })
    expect(theirs.memory?.entries[0]?.vram_total_mb).toBe(0)
    expect(theirs.power?.entries[0]?.energy_per_token_mj).toBe(0)
  })
})
