/** JUnit XML: a suite a scenario, a case a gate, and one case for whether its requests succeeded at all. */
import type { Manifest } from '../run.ts'
import type { GateResult, ScenarioSummary, Summary } from '../summary.ts'
import { escapeXml } from './escape.ts'

/** A gate that was missed is a failure, one that could not be measured an error. Times are of the measured window. */
export function renderJUnit(summary: Summary, manifest: Manifest): string {
  const suites = summary.scenarios.map((scenario) => renderSuite(scenario, summary, manifest))
  const totals = sumCounts(suites.map((suite) => suite.counts))
  const seconds = summary.scenarios.reduce((sum, scenario) => sum + secondsOf(scenario), 0)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="inferbench" ${countAttributes(totals)} time="${seconds.toFixed(3)}">`,
    ...suites.map((suite) => suite.xml),
    '</testsuites>',
    '',
  ].join('\n')
}

interface Counts {
  readonly tests: number
  readonly failures: number
  readonly errors: number
}

function sumCounts(all: readonly Counts[]): Counts {
  const sum = (key: keyof Counts): number => all.reduce((total, counts) => total + counts[key], 0)
  return { tests: sum('tests'), failures: sum('failures'), errors: sum('errors') }
}

function countAttributes({ tests, failures, errors }: Counts): string {
  return `tests="${tests}" failures="${failures}" errors="${errors}" skipped="0"`
}

function secondsOf({ window }: ScenarioSummary): number {
  return (window.endAt - window.startAt) / 1000
}

function renderSuite(scenario: ScenarioSummary, summary: Summary, manifest: Manifest): { xml: string; counts: Counts } {
  const cases = [
    requestsCase(scenario),
    ...summary.gates.filter((gate) => gate.scenario === scenario.scenario).map(gateCase),
  ]
  const counts: Counts = {
    tests: cases.length,
    failures: cases.filter((item) => item.kind === 'failure').length,
    errors: cases.filter((item) => item.kind === 'error').length,
  }
  const seconds = secondsOf(scenario).toFixed(3)
  const name = escapeXml(scenario.title)
  const timestamp = escapeXml(manifest.startedAt.replace(/(?:\.\d+)?Z$/, ''))
  const xml = [
    `  <testsuite name="${name}" ${countAttributes(counts)} time="${seconds}" timestamp="${timestamp}">`,
    '    <properties>',
    ...propertiesOf(manifest, summary).map(
      ([key, value]) => `      <property name="${key}" value="${escapeXml(value)}"/>`,
    ),
    '    </properties>',
    ...cases.map((item) => renderCase(item, name, seconds)),
    '  </testsuite>',
  ].join('\n')
  return { xml, counts }
}

function propertiesOf(manifest: Manifest, summary: Summary): (readonly [key: string, value: string])[] {
  return [
    ['run', manifest.id],
    ['tool', `${manifest.tool.name} ${manifest.tool.version}`],
    ['adapter', manifest.adapter],
    ['url', manifest.target.url],
    ['model', manifest.target.model],
    ['seed', String(manifest.seed)],
    ['verdict', summary.verdict.status],
  ]
}

interface TestCase {
  readonly name: string
  readonly kind: 'passed' | 'failure' | 'error'
  readonly message: string
  readonly type: string
}

function requestsCase({ counts }: ScenarioSummary): TestCase {
  const ok = counts.byOutcome.ok ?? 0
  const reasons = Object.entries(counts.byReason).map(([reason, count]) => `${reason} ${count}`)
  return {
    name: 'requests',
    kind: ok > 0 ? 'passed' : 'error',
    message: `no request succeeded of ${counts.requests}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`,
    type: 'run-failed',
  }
}

const KINDS = { met: 'passed', missed: 'failure', 'not-measured': 'error' } as const

function gateCase(gate: GateResult): TestCase {
  return { name: gate.gate, kind: KINDS[gate.status], message: gate.line, type: `gate-${gate.status}` }
}

function renderCase({ name, kind, message, type }: TestCase, suite: string, seconds: string): string {
  const open = `    <testcase name="${escapeXml(name)}" classname="inferbench.${suite}" time="${seconds}"`
  if (kind === 'passed') return `${open}/>`
  const text = escapeXml(message)
  return `${open}>\n      <${kind} message="${text}" type="${type}">${text}</${kind}>\n    </testcase>`
}
