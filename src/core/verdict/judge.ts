/** VALID, SUSPECT or INVALID: a pure function of manifest, records, the client's log and the summary. */

import type { Finding, Limit } from '../limit.ts'
import type { RequestRecord } from '../record.ts'
import type { ClientSample, Manifest, ManifestScenario } from '../run.ts'
import type { ScenarioSummary, SteadyWindow, Summary, Verdict, VerdictReason } from '../summary.ts'
import { answerChecks } from './answer-checks.ts'
import { adviseCalibration, clientChecks } from './client-checks.ts'
import { type ClientLine, createClientLog, linesWithin } from './client-log.ts'
import { addEvidence, type Evidence, openEvidence } from './evidence.ts'
import type { Case, PlacedFinding } from './finding.ts'
import { round } from './finding.ts'
import { changeLimits } from './limits.ts'
import { adviseWarmup, loadChecks } from './load-checks.ts'
import { describeSteady } from './steady.ts'

/** Folds what a run leaves behind, live or from the log, in the same order: the same verdict to the last digit. */
export interface Judge {
  /** Once a record, in order of ending. */
  add(record: RequestRecord): void
  /** Once a line of the client's log, in order. */
  sample(sample: ClientSample): void
  /** The stretch of a scenario in which nothing changed any more. */
  steady(scenario: string): SteadyWindow | undefined
  /** After the last record and line, with the manifest as it is at the end, and what plugins found. */
  verdict(
    manifest: Manifest,
    summary: Pick<Summary, 'scenarios' | 'stopped'>,
    findings?: readonly PlacedFinding[],
  ): Verdict
}

/** `more`: the limits of plugins, whose rows follow those of the table. */
export function createJudge(scenarios: readonly ManifestScenario[], more: readonly Limit[] = []): Judge {
  const evidence: EvidenceByRun = new Map(scenarios.map(({ name }) => [name, new Map<number, Evidence>()]))
  const log = createClientLog()
  return {
    add(record) {
      const runs = evidence.get(record.scenario)
      if (runs === undefined || record.phase === 'beside') return
      const run = record.run ?? 0
      let of = runs.get(run)
      if (of === undefined) {
        of = openEvidence(scenarios.find(({ name }) => name === record.scenario)!)
        runs.set(run, of)
      }
      addEvidence(of, record)
    },
    sample: log.add,
    steady(scenario) {
      const of = evidence.get(scenario)?.get(0)
      return of === undefined ? undefined : describeSteady(of)
    },
    verdict: (manifest, summary, findings = []) =>
      judge(manifest, summary, { evidence, lines: log.lines, findings }, changeLimits(manifest.limits, more)),
  }
}

/** By the scenario's name, then by repetition; 0 where there is but one. */
type EvidenceByRun = ReadonlyMap<string, Map<number, Evidence>>

const checks = [...clientChecks, ...loadChecks, ...answerChecks]

interface Found {
  readonly evidence: EvidenceByRun
  readonly lines: readonly ClientLine[]
  /** Of plugins. */
  readonly findings: readonly PlacedFinding[]
}

type Table = ReadonlyMap<string, Limit>

function judge(
  manifest: Manifest,
  summary: Pick<Summary, 'scenarios' | 'stopped'>,
  { evidence, lines, findings }: Found,
  table: Table,
): Verdict {
  const ofRun = judgeFindings(findAboutRun(manifest, summary, lines), table)
  const cases = summary.scenarios.flatMap((scenario) => openCases(manifest, scenario, evidence, lines))
  // About all repetitions of a scenario together.
  const watched = new Map(
    summary.scenarios.map(({ scenario }) => [
      scenario,
      judgeFindings(
        findings.filter((finding) => finding.scenario === scenario),
        table,
      ),
    ]),
  )
  const ofPlugins = [...watched].flatMap(([scenario, reasons]) =>
    inOrder(reasons, table).map((reason): VerdictReason => ({ ...reason, scenario })),
  )
  const ofScenarios = cases.map((of) => {
    const found = judgeFindings(
      checks.flatMap((check) => check(of)),
      table,
    )
    return inOrder([...ofRun, ...(watched.get(of.summary.scenario) ?? []), ...found], table)
      .filter((reason) => found.some(({ code }) => code === reason.code))
      .map((reason): VerdictReason => ({ ...reason, ...placeOf(of) }))
  })
  const reasons = sortReasons([...inOrder(ofRun, table), ...ofScenarios.flat(), ...ofPlugins], table)
  const notes = cases.flatMap((of) =>
    [...adviseWarmup(of), ...adviseCalibration(of)].map((finding) => noteOf(finding, of)),
  )
  return { status: statusOf(reasons), reasons, ...(notes.length === 0 ? {} : { notes }) }
}

/** Repetitions are runs of their own: what changes from one to the next is no trend within either. */
function openCases(
  manifest: Manifest,
  scenario: ScenarioSummary,
  evidence: EvidenceByRun,
  lines: readonly ClientLine[],
): readonly Case[] {
  const runs = evidence.get(scenario.scenario)
  const known = manifest.scenarios.find(({ name }) => name === scenario.scenario)
  if (runs === undefined || known === undefined) return []
  return (scenario.runs ?? [undefined]).map((one): Case => {
    const summary = one === undefined ? scenario : { ...scenario, ...one }
    const of = runs.get(one?.run ?? 0) ?? openEvidence(known)
    return {
      manifest,
      summary,
      evidence: of,
      lines: linesWithin(lines, summary.window),
      ...(one === undefined ? {} : { run: one.run }),
    }
  })
}

function placeOf({ summary, run }: Case): Pick<VerdictReason, 'scenario' | 'run'> {
  return { scenario: summary.scenario, ...(run === undefined ? {} : { run }) }
}

/** The log has a line every quarter of a second, and one at the end. */
const UNWATCHED_MS = 1000

function findAboutRun(
  manifest: Manifest,
  { stopped, scenarios }: Pick<Summary, 'scenarios' | 'stopped'>,
  lines: readonly ClientLine[],
): readonly Finding[] {
  const { stepMs } = manifest.clock
  const jump = findJump(lines)
  const lastedMs = Math.max(0, ...scenarios.map(({ window }) => window.endAt - window.startAt))
  const cut = manifest.endedAt === undefined
  return [
    ...(stopped === undefined && !cut
      ? []
      : [{ code: 'stopped-early', figure: 1, message: stopped ?? 'the log of the run is cut off' }]),
    { code: 'clock-step', figure: round(stepMs), message: `the clock moves in steps of ${round(stepMs)} ms` },
    { code: 'clock-jump', figure: jump, message: `the wall clock jumped by ${jump} ms` },
    ...(lines.length === 0 && lastedMs > UNWATCHED_MS
      ? [{ code: 'client-unwatched', figure: 1, message: 'nothing is known about the client itself' }]
      : []),
  ]
}

/** A jump stays: two readings before it differ from two after it. One that was taken late is none. */
function findJump(lines: readonly ClientLine[]): number {
  let worst = 0
  const drifts = lines.flatMap(({ wallDriftMs }) => wallDriftMs ?? [])
  for (let i = 1; i < drifts.length; i++) {
    const before = drifts.slice(Math.max(0, i - 2), i)
    const after = drifts.slice(i, i + 2)
    worst = Math.max(worst, Math.min(...after.flatMap((late) => before.map((early) => Math.abs(late - early)))))
  }
  return round(worst)
}

function judgeFindings(findings: readonly Finding[], table: ReadonlyMap<string, Limit>): readonly VerdictReason[] {
  return findings.flatMap((finding) => {
    const limit = table.get(finding.code)
    return limit === undefined ? [] : judgeFinding(finding, limit)
  })
}

function judgeFinding({ code, figure, message, atMost }: Finding, limit: Limit): readonly VerdictReason[] {
  const passes = (bound: number | undefined): bound is number =>
    bound !== undefined && (limit.bad === 'above' ? figure > bound : figure < bound)
  const gravest = passes(limit.invalid) ? 'invalid' : passes(limit.suspect) ? 'suspect' : undefined
  const severity = gravest === undefined ? undefined : (atMost ?? gravest)
  if (severity === undefined) return []
  const bound = (limit[severity] ?? limit.invalid)!
  const unit = limit.unit === '' ? {} : { figure, limit: bound, unit: limit.unit }
  return [{ code, severity, ...unit, message, remedy: limit.remedy }]
}

/** Marks what follows from another reason that is there: from the gravest cause, the first of them in the table's order. */
function inOrder(reasons: readonly VerdictReason[], table: Table): readonly VerdictReason[] {
  const sorted = [...reasons].sort(byRow(table))
  return sorted.map((reason) => {
    const causes = sorted.filter(
      (other) => table.get(other.code)!.explains.includes(reason.code) && isGraveEnough(other, reason),
    )
    const cause = causes.find(({ severity }) => severity === 'invalid') ?? causes[0]
    return cause === undefined ? reason : { ...reason, follows: cause.code }
  })
}

function byRow(table: Table): (a: VerdictReason, b: VerdictReason) => number {
  const rows = [...table.keys()]
  return (a, b) => rows.indexOf(a.code) - rows.indexOf(b.code)
}

/** Within the client one thing is as grave as the other, seen differently. */
const CLIENT_CODES = new Set(['client-cpu', 'gc-pause', 'timer-lateness', 'client-stall', 'send-lateness'])

/**
 * A lesser fault does not explain a greater one: timers that are a little late make no proxy's bursts. A thread without CPU to
 * spare does, since it reads late whatever came. The longest time without the CPU was one time: what took less than half of
 * it was another.
 */
function isGraveEnough(cause: VerdictReason, effect: VerdictReason): boolean {
  if (effect.code === 'client-stall' && cause.unit === effect.unit && cause.figure! < effect.figure! / 2) return false
  const inClient = CLIENT_CODES.has(cause.code) && CLIENT_CODES.has(effect.code)
  return inClient || cause.code === 'client-cpu' || cause.severity === 'invalid' || effect.severity === 'suspect'
}

/** Causes first, the graver before the others, then what follows from them. */
function sortReasons(reasons: readonly VerdictReason[], table: Table): readonly VerdictReason[] {
  const rank = ({ follows, severity }: VerdictReason): number =>
    (follows === undefined ? 0 : 2) + (severity === 'invalid' ? 0 : 1)
  const compareRows = byRow(table)
  return [...reasons].sort((a, b) => rank(a) - rank(b) || compareRows(a, b))
}

function statusOf(reasons: readonly VerdictReason[]): Verdict['status'] {
  if (reasons.some(({ severity }) => severity === 'invalid')) return 'INVALID'
  return reasons.length > 0 ? 'SUSPECT' : 'VALID'
}

const ADVICE: Readonly<Record<string, string>> = {
  'warm-up': 'a longer --warmup keeps them out of the figures',
  uncalibrated: 'bench calibrate measures it',
}

function noteOf({ code, figure, message }: Finding, of: Case): VerdictReason {
  const unit = code === 'warm-up' ? '%' : 'events/s'
  return { code, severity: 'note', ...placeOf(of), figure, unit, message, remedy: ADVICE[code]! }
}
