/** `bench compare`: what changed between two results, and whether it may. */
import type { CommandDef } from 'citty'
import { type Comparison, compareSides, listDifferences, listRegressions } from '../core/compare/comparison.ts'
import { renderComparisonMarkdown, renderComparisonTable } from '../core/compare/text.ts'
import { listGatewayIssues } from '../core/compat/gateway/rules.ts'
import { listProbadorRegressions } from '../core/compat/probador/repeat.ts'
import { asProbadorReads } from '../core/compat/probador/result.ts'
import { classifySagellmRegression } from '../core/compat/sagellm/contract.ts'
import { compareFingerprints } from '../core/engine/fingerprint.ts'
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/nearest.ts'
import type { Files } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'
import { exists, loadResults, type ResultSource } from './results.ts'
import type { Terminal } from './terminal.ts'

const FORMATS = ['table', 'json', 'markdown'] as const
const COMPATS = ['probador', 'gateway', 'sagellm'] as const
const THRESHOLD_PCT = 10

const command: CommandDef = makeCommand(
  {
    name: 'compare',
    summary: 'Compare two results: ratios, and whether something got worse.',
    about:
      'BEFORE and AFTER are run folders or result files (of inferbench, probador, vllm-rust, sagellm or the gateway harness). Runs that differ in what was asked are refused, unless --force. Exit code: 0, 2 when they cannot be compared, 3 when something got worse and --fail-on-regression is given.',
    flags: {
      before: { type: 'positional', required: true, description: 'The base line' },
      after: { type: 'positional', required: true, description: 'What is compared with it' },
      'fail-on-regression': {
        type: 'string',
        valueHint: 'PERCENT',
        description: 'Exit with 3 when a judged figure is worse by more',
      },
      force: { type: 'boolean', description: 'Compare runs although they are unlike' },
      'set-baseline': {
        type: 'boolean',
        description:
          'Afterwards, write AFTER to BEFORE (a file) when nothing got worse, or when there is no BEFORE yet',
      },
      format: { type: 'string', valueHint: 'FORMAT', fallback: 'table', description: FORMATS.join(', ') },
      'expect-change': {
        type: 'string',
        valueHint: 'METRIC',
        repeated: true,
        description: 'With --compat sagellm: a metric that may change; repeatable',
      },
      compat: {
        type: 'string',
        valueHint: 'NAME',
        description: `Rules, words and exit codes of an old tool: ${COMPATS.join(', ')}`,
      },
    },
    examples: [
      'bench compare bench-runs/monday bench-runs/tuesday --fail-on-regression 10',
      'bench compare baseline.json bench-runs/tuesday --set-baseline',
      'bench compare baseline.json current.json --compat gateway',
    ],
  },
  compare,
)
export default command

async function compare({ values, positionals, terminal }: CommandContext): Promise<number> {
  const [before, after] = positionals
  if (before === undefined || after === undefined) {
    throw new BenchError('usage', 'bench compare needs two results: bench compare BEFORE AFTER')
  }
  const { files, name } = await loadPlatform()
  if (files === undefined) throw new BenchError('unsupported', `${name} has no files to read results from`)
  const format = pick('format', values.format, FORMATS) ?? 'table'
  const compat = pick('compat', values.compat, COMPATS)
  const failAt = readPercent(values['fail-on-regression'])
  const setBaseline = values['set-baseline'] === true
  const now = await loadOne(files, after)
  if (!(await exists(files, before)) && (setBaseline || compat === 'gateway')) {
    if (setBaseline) await writeBaseline(files, before, now)
    terminal.log.info(setBaseline ? `${before} is the base line now` : `no base line ${before}: nothing is compared`)
    return exit.ok
  }
  const old = await loadOne(files, before)
  const code =
    compat === undefined
      ? await compareOurs(old, now, { format, failAt, force: values.force === true }, terminal)
      : await compareCompat(compat, old, now, failAt, (values['expect-change'] ?? []) as readonly string[], terminal)
  if (setBaseline && code === exit.ok) await writeBaseline(files, before, now)
  return code
}

function pick<Name extends string>(flag: string, value: unknown, names: readonly Name[]): Name | undefined {
  if (value === undefined) return undefined
  const found = names.find((name) => name === value)
  if (found !== undefined) return found
  throw new BenchError('usage', `--${flag}: there is no "${value}"${suggestName(String(value), names)}`)
}

function readPercent(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const percent = /^\d+(\.\d+)?%?$/.test(value) ? Number.parseFloat(value) : Number.NaN
  if (percent >= 0) return percent
  throw new BenchError('usage', `--fail-on-regression: "${value}" is not a percentage; write a number such as 10`)
}

async function loadOne(files: Files, path: string): Promise<ResultSource> {
  const { sources } = await loadResults(files, [path])
  const [source] = sources
  if (source === undefined || source.loads.length === 0)
    throw new BenchError('usage', `${path} holds no result to compare`)
  if (sources.length > 1) {
    throw new BenchError('usage', `${path} holds ${sources.length} results; name one of them, such as ${source.path}`)
  }
  return source
}

interface OwnOptions {
  readonly format: (typeof FORMATS)[number]
  readonly failAt: number | undefined
  readonly force: boolean
}

async function compareOurs(
  old: ResultSource,
  now: ResultSource,
  { format, failAt, force }: OwnOptions,
  terminal: Terminal,
): Promise<number> {
  const unlike = findUnlike(old, now)
  if (unlike.length > 0 && !force) {
    throw new BenchError(
      'usage',
      `${old.path} and ${now.path} are unlike: ${unlike.join('; ')}; --force compares them all the same`,
    )
  }
  const comparison = compareSides(nameSide(old), nameSide(now), failAt ?? THRESHOLD_PCT, unlike)
  if (comparison.loads.length === 0) {
    throw new BenchError(
      'usage',
      `${old.path} and ${now.path} have no load in common: ${comparison.only_before.join(', ')} and ${comparison.only_after.join(', ')}`,
    )
  }
  await terminal.out(show(comparison, format))
  if (failAt === undefined) return exit.ok
  const regressions = listRegressions(comparison)
  for (const line of regressions) terminal.log.error(`worse: ${line}`)
  return regressions.length > 0 ? exit.gateMissed : exit.ok
}

function nameSide({ path, name, loads }: ResultSource): { name: string; loads: ResultSource['loads'] } {
  return { name: name === path ? path : `${path} (${name})`, loads }
}

/** What was asked, and what the numbers mean, must match; who is measured and by what machine may differ, and is said. */
function findUnlike(old: ResultSource, now: ResultSource): string[] {
  const [a, b] = [old.run?.manifest.fingerprint, now.run?.manifest.fingerprint]
  if (a === undefined || b === undefined) return listDifferences(old, now)
  return compareFingerprints(a, b)
    .filter(({ about, name }) => (about === 'what is asked' && name !== 'seed') || about === 'what numbers mean')
    .map(({ line }) => line)
}

function show(comparison: Comparison, format: (typeof FORMATS)[number]): string {
  if (format === 'json') return renderJson(comparison)
  return format === 'markdown' ? renderComparisonMarkdown(comparison) : renderComparisonTable(comparison)
}

/** Rules and exit codes as the old tool has them: 1 for a regression, 2 for sagellm's critical ones. */
async function compareCompat(
  compat: (typeof COMPATS)[number],
  old: ResultSource,
  now: ResultSource,
  failAt: number | undefined,
  expected: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (compat === 'gateway') {
    const issues = listGatewayIssues(gatewayFigures(now), gatewayFigures(old))
    const failed = issues.some(({ severity }) => severity === 'fail')
    await terminal.out(`${[...issues.map(({ text }) => text), failed ? 'FAIL' : 'PASS'].join('\n')}\n`)
    return failed ? exit.failed : exit.ok
  }
  if (compat === 'sagellm') {
    const verdict = classifySagellmRegression(sagellmFigures(now), sagellmFigures(old), expected)
    await terminal.out(renderJson(verdict))
    return verdict.overall_status === 'critical' ? 2 : exit.ok
  }
  const baseline = asProbadorReads(old.loads[0]!.runs?.[0] ?? old.loads[0]!.result)
  const regressions = listProbadorRegressions(
    seedFigures(asProbadorReads(now.loads[0]!.result)),
    seedFigures(baseline),
    failAt ?? THRESHOLD_PCT,
  )
  const lines = regressions.map(
    ({ metric, baseline_value, current_value, change_pct }) =>
      `${metric}: ${baseline_value.toFixed(1)} → ${current_value.toFixed(1)} (${change_pct > 0 ? '+' : ''}${change_pct.toFixed(1)}%) EXCEEDED`,
  )
  await terminal.out(`${['--- Regressions ---', ...lines].join('\n')}\n`)
  return regressions.length > 0 ? exit.failed : exit.ok
}

function seedFigures(result: ReturnType<typeof asProbadorReads>): Parameters<typeof listProbadorRegressions>[0] {
  const { throughput_rps = 0, tokens_per_sec = 0, latency_p50_ms = 0, tpot_p50_ms = 0 } = result
  return { throughput_rps, tokens_per_sec, latency_p50_ms, tpot_p50_ms }
}

/** Of a result of another tool, what the gateway's rules look at. */
function gatewayFigures({ file, loads }: ResultSource): Parameters<typeof listGatewayIssues>[0] {
  if (file?.tool === 'gateway') return file.figures
  const { error_rate = 0, throughput_rps = 0, failed = 0, latency_p50_ms = 0, latency_p95_ms = 0 } = loads[0]!.result
  return {
    error_rate,
    throughput_rps,
    failed_requests: failed,
    latency_stats: { p50_ms: latency_p50_ms, p95_ms: latency_p95_ms },
  }
}

function sagellmFigures({ file, path }: ResultSource): Parameters<typeof classifySagellmRegression>[0] {
  const figures = file?.tool === 'sagellm' ? Object.values(file.figures) : []
  if (figures.length === 1) return figures[0]!
  throw new BenchError('usage', `${path}: --compat sagellm compares two metrics files of one workload each`)
}

/** A file that {@link loadOne} reads: of a run of ours manifest and summary, of another tool's result itself. */
async function writeBaseline(files: Files, path: string, { run, path: from }: ResultSource): Promise<void> {
  if ((await files.list(path)) !== undefined) {
    throw new BenchError(
      'usage',
      `--set-baseline writes a file, and ${path} is a folder; name a file, such as baseline.json`,
    )
  }
  await files.writeText(
    path,
    run === undefined ? await files.readText(from) : renderJson({ v: 1, kind: 'baseline', ...run }),
  )
}
