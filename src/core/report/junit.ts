/** JUnit XML: a suite a scenario, a case a gate, and one case for whether its requests succeeded at all. */
import type { Manifest } from '../run.ts'
import type { GateResult, ScenarioSummary, Summary } from '../summary.ts'
import { escapeXml } from './escape.ts'

/** A gate that was missed is a failure, one that could not be measured an error. Times are of the measured window. */
export function renderJUnit(summary: Summary, manifest: Manifest): string {
  return renderSuites(
    summary.scenarios.map((scenario) => ({
      name: scenario.title,
      seconds: (scenario.window.endAt - scenario.window.startAt) / 1000,
      startedAt: manifest.startedAt,
      properties: propertiesOf(manifest, summary),
      cases: [
        requestsCase(scenario),
        ...summary.gates.filter((gate) => gate.scenario === scenario.scenario).map(gateCase),
      ],
    })),
  )
}

export interface TestSuite {
  readonly name: string
  readonly seconds: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly properties: readonly (readonly [name: string, value: string])[]
  readonly cases: readonly TestCase[]
}

export interface TestCase {
  readonly name: string
  /** Skipped: nothing can be said. */
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped'
  /** What is wrong; says nothing of a case that passed. */
  readonly message: string
  readonly type: string
}

export function renderSuites(suites: readonly TestSuite[]): string {
  const seconds = suites.reduce((sum, suite) => sum + suite.seconds, 0).toFixed(3)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="inferbench" ${countCases(suites.flatMap(({ cases }) => cases))} time="${seconds}">`,
    ...suites.map(renderSuite),
    '</testsuites>',
    '',
  ].join('\n')
}

function countCases(cases: readonly TestCase[]): string {
  const count = (wanted: TestCase['kind']): number => cases.filter(({ kind }) => kind === wanted).length
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
}

function renderSuite({ name: title, seconds: duration, startedAt, properties, cases }: TestSuite): string {
  const seconds = duration.toFixed(3)
  const name = escapeXml(title)
  const timestamp = escapeXml(startedAt.replace(/(?:\.\d+)?Z$/, ''))
  return [
    `  <testsuite name="${name}" ${countCases(cases)} time="${seconds}" timestamp="${timestamp}">`,
    '    <properties>',
    ...properties.map(([key, value]) => `      <property name="${key}" value="${escapeXml(value)}"/>`),
    '    </properties>',
    ...cases.map((item) => renderCase(item, name, seconds)),
    '  </testsuite>',
  ].join('\n')
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
  if (kind === 'skipped') return `${open}>\n      <skipped message="${text}"/>\n    </testcase>`
  return `${open}>\n      <${kind} message="${text}" type="${type}">${text}</${kind}>\n    </testcase>`
}
