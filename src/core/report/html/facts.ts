/** What was measured, how, and from where. */
import { describeSlo } from '../../metrics/slo.ts'
import type { Manifest } from '../../run.ts'
import type { Summary } from '../../summary.ts'
import { formatDuration } from '../../units.ts'
import { describeProfile, describeServer } from '../phrases.ts'
import { html, type Markup } from './markup.ts'

type Fact = readonly [term: string, text: string | undefined]

export function renderFacts(summary: Summary, manifest: Manifest): Markup {
  const { target, adapter, platform, transport, tool, seed, fingerprint } = manifest
  const { cpu, cores, os } = platform.machine
  const slo = summary.scenarios[0]?.slo
  const machine = [cpu, cores === undefined ? undefined : `${cores} cores`, os].filter((part) => part !== undefined)
  const facts: Fact[] = [
    ['server', `${adapter}${target.server === undefined ? '' : ` ${target.server}`} at ${target.url}`],
    ['started by', manifest.server?.command],
    ['model', `${target.model}${target.modelDiscovered ? ' (the first that the server lists)' : ''}`],
    ['endpoint', `${target.endpoint}, ${target.stream ? 'streamed' : 'not streamed'}`],
    ['load', summarize(manifest.scenarios.map(({ arrival }) => arrival))],
    ['asked', summarize(manifest.scenarios.map(({ workload }) => describeWorkload(workload)))],
    ['good is', slo === undefined ? undefined : describeSlo(slo)],
    ['seed', String(seed)],
    ['start', describeStart(manifest)],
    ['cold start', describeServer(manifest)[0]],
    ['client', machine.length === 0 ? undefined : machine.join(', ')],
    [
      'runtime',
      `${platform.name} ${platform.version}, ${transport.name}, connections ${transport.connections}${transport.insecure ? ', certificates not verified' : ''}`,
    ],
    ['figures', describeProfile(summary)[0] ?? `inferbench ${tool.version}, definitions ${tool.definitions}`],
    ['fingerprint', fingerprint?.hash.slice(0, 16)],
  ]
  const known = facts.filter((fact): fact is readonly [string, string] => Boolean(fact[1]))
  return html`<dl class="facts">${known.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>`
}

/** ISO time without the part that nobody reads, and the length of the run. */
function describeStart({ startedAt, endedAt }: Manifest): string {
  const at = startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
  const length = endedAt === undefined ? Number.NaN : Date.parse(endedAt) - Date.parse(startedAt)
  return Number.isFinite(length) ? `${at}, ${formatDuration(length)} in all` : at
}

/** A list that does not grow with the number of scenarios. */
function summarize(texts: readonly (string | undefined)[]): string | undefined {
  const all = [...new Set(texts.filter((text) => text !== undefined && text !== ''))]
  if (all.length <= 4) return all.join('; ') || undefined
  return `${all.slice(0, 3).join('; ')}; and ${all.length - 3} more`
}

function describeWorkload(workload: Readonly<Record<string, unknown>>): string {
  const { kind, inputTokens, outputTokens, name } = workload
  const parts = [
    name ?? kind,
    inputTokens === undefined ? undefined : `${inputTokens} tokens in`,
    outputTokens === undefined ? undefined : `${outputTokens} out`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}
