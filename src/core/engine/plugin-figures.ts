/**
 * What plugins make of their samples. A pure function of manifest, series and the client's own figures, so that a report gives
 * what the run gave; what a plugin gives is checked as if it came from a stranger.
 */
import * as v from 'valibot'
import { describeError } from '../errors.ts'
import type { MetricDefinition, MetricResult } from '../metric.ts'
import type { MetricPlugin, Observation, Sample, Series } from '../plugin.ts'
import { metricResultSchema } from '../report/schema.ts'
import type { Manifest, ManifestPlugin } from '../run.ts'
import type { Evaluations, PluginFigures, PluginSummary, ScenarioSummary, Window } from '../summary.ts'
import { type PlacedFinding, pluginLimits } from '../verdict/mod.ts'

/** What one line of a table has room for. */
const LINE_WIDTH = 76
const MEASURE = 'measure'

export interface PluginResults {
  readonly summaries: readonly PluginSummary[]
  readonly findings: readonly PlacedFinding[]
}

/** By id of the plugin, in order of their instants. */
export type SamplesById = ReadonlyMap<string, readonly Sample[]>

/** `plugins` may lack some of the manifest: of those it is said what they read, without figures. */
export function summarizePlugins(
  plugins: readonly MetricPlugin[],
  manifest: Manifest,
  samples: SamplesById,
  scenarios: readonly ScenarioSummary[],
): PluginResults {
  const findings: PlacedFinding[] = []
  const summaries = (manifest.plugins ?? []).flatMap((known): PluginSummary[] => {
    const { options: _, builtIn: __, ...told } = known
    if (known.source === undefined && known.absent === undefined) return []
    const plugin = plugins.find(({ id }) => id === known.plugin)
    if (plugin?.summarize === undefined || known.source === undefined) return [{ ...told, scenarios: [] }]
    const figures = scenarios.map((scenario) => {
      const given = observeScenario(plugin, known, manifest, samples.get(plugin.id) ?? [], scenario)
      findings.push(...given.findings.map((finding) => ({ ...finding, scenario: scenario.scenario })))
      return given.figures
    })
    return [{ ...told, scenarios: figures }]
  })
  return { summaries, findings }
}

/**
 * Those whose metrics a summary has, in the manifest's order: what nobody asked for and cannot work here is as if it were not there.
 * A report may have more of them; they follow.
 */
export function listActive(
  plugins: readonly MetricPlugin[],
  { plugins: known = [] }: Manifest,
): readonly MetricPlugin[] {
  const place = new Map(known.map(({ plugin }, i) => [plugin, i]))
  const missing = known.filter(({ auto, source, absent }) => auto && source === undefined && absent !== undefined)
  return plugins
    .filter(({ id }) => !missing.some(({ plugin }) => plugin === id))
    .sort((a, b) => (place.get(a.id) ?? known.length) - (place.get(b.id) ?? known.length))
}

/** The scenarios as gates see them: with what plugins measured in them, or why they did not, and what they found by asking after. */
export function withPluginMetrics(
  scenarios: readonly ScenarioSummary[],
  plugins: readonly MetricPlugin[],
  summaries: readonly PluginSummary[],
  evaluations: Evaluations = {},
): readonly ScenarioSummary[] {
  const missing = summaries.filter((one) => one.scenarios.length === 0).map((one) => listAbsent(one, plugins))
  return scenarios.map((scenario) => {
    const watched = summaries.flatMap((one) =>
      one.scenarios.filter((figures) => figures.scenario === scenario.scenario),
    )
    const found = [...watched.map(({ metrics }) => metrics), ...Object.values(evaluations)]
    return { ...scenario, metrics: Object.assign({}, ...missing, scenario.metrics, ...found) }
  })
}

function listAbsent(
  { plugin, absent: reason }: PluginSummary,
  plugins: readonly MetricPlugin[],
): PluginFigures['metrics'] {
  const definitions = plugins.find(({ id }) => id === plugin)?.definitions ?? []
  if (reason === undefined) return {}
  return Object.fromEntries(
    definitions.map(({ id, unit }): [string, MetricResult] => [id, { kind: 'absent', unit, reason }]),
  )
}

interface Observed {
  readonly figures: PluginFigures
  readonly findings: readonly Omit<PlacedFinding, 'scenario'>[]
}

function observeScenario(
  plugin: MetricPlugin,
  { source = '', options = {} }: ManifestPlugin,
  manifest: Manifest,
  samples: readonly Sample[],
  scenario: ScenarioSummary,
): Observed {
  const windows = listWindows(manifest, scenario)
  const workload = manifest.scenarios.find(({ name }) => name === scenario.scenario)?.workload
  const series: Series = {
    samples,
    source,
    windows,
    scenario,
    options,
    ...(workload === undefined ? {} : { workload }),
  }
  const names = [...new Set(windows.map(({ name }) => name))]
  const measured = observe(plugin, series, joinWindows(windows, MEASURE))
  const phases = names
    .filter((name) => name !== MEASURE && samples.length > 0)
    .map((name) => [name, observe(plugin, series, joinWindows(windows, name)).metrics] as const)
    .filter(([, metrics]) => Object.values(metrics).some(({ kind }) => kind !== 'absent'))
  return {
    figures: {
      scenario: scenario.scenario,
      ...(measured.line === undefined ? {} : { line: measured.line }),
      metrics: measured.metrics,
      ...(phases.length === 0 ? {} : { phases: Object.fromEntries(phases) }),
      ...(measured.fault === undefined ? {} : { fault: measured.fault }),
    },
    findings: measured.findings,
  }
}

/** As the run left them; of one that was cut off, as its records have them. */
function listWindows(manifest: Manifest, { scenario, window, runs }: ScenarioSummary): readonly Window[] {
  const idle = (name: 'before' | 'after'): readonly Window[] => (manifest.idle ?? []).filter((one) => one.name === name)
  const known = manifest.scenarios.find(({ name }) => name === scenario)?.windows
  const own = known ?? (runs ?? [{ window }]).map((one) => ({ ...one.window, name: MEASURE }))
  const loaded = own.map(({ name, startAt, endAt }): Window => ({ name, startAt, endAt }))
  return [...idle('before'), ...loaded, ...idle('after')]
}

/** From the first one's start to the last one's end; what lies between is no part of any. */
function joinWindows(windows: readonly Window[], name: string): Window {
  const parts = windows.filter((one) => one.name === name)
  const startAt = Math.min(...parts.map((one) => one.startAt))
  const endAt = Math.max(...parts.map((one) => one.endAt))
  if (parts.length === 0) return { name, startAt: 0, endAt: 0 }
  const pausedMs = endAt - startAt - parts.reduce((sum, one) => sum + one.endAt - one.startAt, 0)
  return { name, startAt, endAt, ...(parts.length === 1 ? {} : { pausedMs }) }
}

interface Checked extends Pick<Observation, 'line'> {
  readonly metrics: Readonly<Record<string, MetricResult>>
  readonly findings: readonly Omit<PlacedFinding, 'scenario'>[]
  readonly fault?: string
}

function observe(plugin: MetricPlugin, series: Series, window: Window): Checked {
  try {
    return check(plugin, plugin.summarize!(series, window))
  } catch (thrown) {
    const fault = oneLine(`its figures failed: ${describeError(thrown)}`)
    const absent = plugin.definitions.map(({ id, unit }): [string, MetricResult] => [
      id,
      { kind: 'absent', unit, reason: fault },
    ])
    return { metrics: Object.fromEntries(absent), findings: [], fault }
  }
}

/** Throws for what cannot be read at all. */
function check(plugin: MetricPlugin, { metrics, line, findings = [] }: Observation): Checked {
  const faults: string[] = []
  const kept: Record<string, MetricResult> = {}
  const known = new Map(plugin.definitions.map((definition) => [definition.id, definition]))
  for (const [id, given] of Object.entries(metrics)) {
    const definition = known.get(id)
    if (definition === undefined) {
      faults.push(`"${id}" is none of its metrics`)
      continue
    }
    const result = checkResult(definition, given)
    if (typeof result === 'string') {
      faults.push(`${id}: ${result}`)
      kept[id] = { kind: 'absent', unit: definition.unit, reason: result }
    } else kept[id] = result
  }
  const codes = pluginLimits([plugin]).map(({ code }) => code)
  const sound = findings.filter(
    ({ code, figure, message }) => codes.includes(code) && Number.isFinite(figure) && typeof message === 'string',
  )
  if (sound.length < findings.length) faults.push('a finding is of no limit of its own, or without a figure')
  return {
    metrics: kept,
    ...(typeof line === 'string' && line !== '' ? { line: oneLine(line, LINE_WIDTH) } : {}),
    findings: sound.map(({ code, figure, message }) => ({ code, figure, message: oneLine(message) })),
    ...(faults.length === 0 ? {} : { fault: oneLine(faults.join('; ')) }),
  }
}

/** The result as a file holds it, or what is wrong with it. */
function checkResult({ kind, unit }: MetricDefinition, given: MetricResult): MetricResult | string {
  // What is no number is none in JSON.
  const read = v.safeParse(metricResultSchema, JSON.parse(JSON.stringify(given)))
  if (!read.success) return 'the plugin gave no result that can be read'
  const result = read.output as MetricResult
  if (result.unit !== unit) return `the plugin gave ${result.unit} in the place of ${unit}`
  if (result.kind !== 'absent' && result.kind !== kind) return `the plugin gave a ${result.kind}, and it is a ${kind}`
  return result
}

function oneLine(text: string, width = 300): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}
