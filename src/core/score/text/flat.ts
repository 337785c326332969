/** Layouts of the cards with a line a result. */
import { fixed } from '../../compat/format.ts'
import { NOTHING } from '../../report/text.ts'
import type { Threshold } from '../contract.ts'
import type { ColdStartEntry, CorrectnessEntry, LayerEntry, MemoryEntry, PowerEntry } from '../flat.ts'
import type { OutputLengthEntry } from '../output-length.ts'
import type { ScalingEntry } from '../scaling.ts'
import { type Column, type Layout, star } from './layout.ts'

interface Graded {
  readonly score: number
  readonly grade: string
}

const SCORE: Column<Graded> = { head: 'Score', width: 8, cell: ({ score }) => String(score) }
const GRADE: Column<Graded> = { head: 'Grade', width: 8, cell: ({ grade }) => grade }

/** `Thresholds: excellent <= 220us, good <= 300us` */
function showThresholds({ excellent, good }: Threshold, operator: string, unit: string, scale = 1): string {
  const show = (value: number): string => `${operator} ${Number((value * scale).toPrecision(12))}${unit}`
  return `Thresholds: excellent ${show(excellent)}, good ${show(good)}`
}

export const layerLayout: Layout<LayerEntry> = {
  title: 'Per-Layer Decode Efficiency',
  nameWidth: 20,
  rule: 60,
  columns: [
    {
      head: 'us/layer',
      width: 12,
      cell: ({ us_per_layer, best }) => fixed(us_per_layer, 1) + star(best),
      markdown: {
        cell: ({ us_per_layer, best }) => (best ? ` **${fixed(us_per_layer, 1)}**` : fixed(us_per_layer, 1)),
      },
    },
    { head: 'Layers', width: 8, cell: ({ num_layers }) => String(num_layers) },
    SCORE,
    GRADE,
  ],
  metric: 'us_per_layer',
  footer: (threshold) => [showThresholds(threshold, '<=', 'us')],
}

export const correctnessLayout: Layout<CorrectnessEntry> = {
  title: 'Correctness Scores',
  nameWidth: 24,
  rule: 70,
  columns: [
    {
      head: 'Pass Rate',
      width: 10,
      rowWidth: 11,
      cell: ({ pass_rate, best }) => `${fixed(pass_rate * 100, 1)}%${star(best)}`,
      markdown: { cell: ({ pass_rate }) => `${fixed(pass_rate * 100, 1)}%` },
    },
    { head: 'Passed', width: 8, cell: ({ passed }) => String(passed) },
    { head: 'Total', width: 8, cell: ({ total }) => String(total) },
    SCORE,
    GRADE,
  ],
  metric: 'pass_rate',
  footer: (threshold) => [showThresholds(threshold, '=', '%', 100)],
}

export const memoryLayout: Layout<MemoryEntry> = {
  title: 'Memory Efficiency',
  nameWidth: 24,
  rule: 76,
  columns: [
    {
      head: 'VRAM MB',
      width: 10,
      cell: ({ vram_used_mb }) => fixed(vram_used_mb, 0),
      markdown: { head: 'VRAM (MB)' },
    },
    {
      head: 'Total MB',
      width: 10,
      cell: ({ vram_total_mb: total }) => (total === undefined ? NOTHING : fixed(total, 0)),
      markdown: { head: 'Total (MB)' },
    },
    {
      head: 'tok/s/GB',
      width: 12,
      cell: ({ tok_per_sec_per_gb, best }) => fixed(tok_per_sec_per_gb, 1) + star(best),
      markdown: { cell: ({ tok_per_sec_per_gb }) => fixed(tok_per_sec_per_gb, 1) },
    },
    SCORE,
    GRADE,
  ],
  metric: 'tok_per_sec_per_gb',
  footer: (threshold) => [showThresholds(threshold, '>=', ' tok/s/GB')],
}

export const coldStartLayout: Layout<ColdStartEntry> = {
  title: 'Cold Start Time',
  nameWidth: 24,
  rule: 56,
  columns: [
    {
      head: 'Start (ms)',
      width: 12,
      cell: ({ cold_start_ms, best }) => fixed(cold_start_ms, 0) + star(best),
      markdown: { cell: ({ cold_start_ms }) => fixed(cold_start_ms, 0) },
    },
    SCORE,
    GRADE,
  ],
  metric: 'cold_start_ms',
  footer: (threshold) => [showThresholds(threshold, '<=', 'ms')],
}

export const powerLayout: Layout<PowerEntry> = {
  title: 'Power Efficiency',
  nameWidth: 24,
  rule: 76,
  columns: [
    { head: 'Power (W)', width: 10, cell: ({ mean_power_w }) => fixed(mean_power_w, 1) },
    {
      head: 'mJ/token',
      width: 12,
      cell: ({ energy_per_token_mj: energy }) => (energy === undefined ? NOTHING : fixed(energy, 1)),
    },
    {
      head: 'tok/s/W',
      width: 10,
      cell: ({ tok_per_watt, best }) => fixed(tok_per_watt, 2) + star(best),
      markdown: { cell: ({ tok_per_watt }) => fixed(tok_per_watt, 2) },
    },
    SCORE,
    GRADE,
  ],
  metric: 'tok_per_watt',
  footer: (threshold) => [showThresholds(threshold, '>=', ' tok/s/W')],
}

export const scalingLayout: Layout<ScalingEntry> = {
  title: 'Concurrency Scaling Efficiency',
  nameWidth: 24,
  rule: 88,
  columns: [
    { head: 'c=1 tok/s', width: 10, cell: ({ c1_decode_tok_s }) => fixed(c1_decode_tok_s, 1) },
    {
      head: 'Peak Aggr',
      width: 12,
      cell: ({ peak_aggregate_tok_s }) => fixed(peak_aggregate_tok_s, 1),
      markdown: { head: 'Peak Aggregate', rule: 15 },
    },
    { head: 'Peak c', width: 8, cell: ({ peak_concurrency }) => String(peak_concurrency) },
    {
      head: 'Efficiency',
      width: 12,
      rowWidth: 13,
      cell: ({ scaling_efficiency, best }) => `${fixed(scaling_efficiency * 100, 1)}%${star(best)}`,
      markdown: { cell: ({ scaling_efficiency }) => `${fixed(scaling_efficiency * 100, 1)}%` },
    },
    SCORE,
    GRADE,
  ],
  metric: 'scaling_efficiency',
  footer: (threshold) => [
    showThresholds(threshold, '>=', '%', 100),
    'Efficiency = peak_aggregate / (c1_decode × peak_concurrency)',
  ],
}

export const outputLengthLayout: Layout<OutputLengthEntry> = {
  title: 'Per-Output-Length Scores',
  nameWidth: 24,
  rule: 80,
  columns: [
    { head: 'Output', width: 8, cell: ({ category }) => category },
    { head: 'Count', width: 8, cell: ({ request_count }) => String(request_count) },
    {
      head: 'AvgTok',
      width: 8,
      cell: ({ avg_output_tokens }) => fixed(avg_output_tokens, 1),
      markdown: { head: 'Avg Tokens' },
    },
    {
      head: 'Decode',
      width: 10,
      rowWidth: 9,
      cell: ({ decode_tok_s }) => fixed(decode_tok_s, 1),
      markdown: { head: 'Decode tok/s', rule: 13 },
    },
    { head: 'ITL', width: 8, cell: ({ itl_p50_ms }) => fixed(itl_p50_ms, 1), markdown: { head: 'ITL ms' } },
    {
      head: 'Score',
      width: 8,
      // Two columns under one head: points, a blank, the grade from where it starts.
      cell: ({ score, grade }) => `${String(score).padStart(5)} ${grade}`,
      markdown: { cell: ({ score }) => String(score) },
    },
    { ...GRADE, only: 'markdown' },
  ],
  metric: 'itl_p50_ms',
  footer: () => [],
}
