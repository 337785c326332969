/** `bench compare`: what changed between two results, and whether it may. */
import type { CommandDef } from 'citty'
import { listRegressions } from '../core/compare/comparison.ts'
import { BenchError } from '../core/errors.ts'
import type { Files, Platform } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { COMPATS, type CompatRules, compareAsOldTool } from './compare-compat.ts'
import { FORMATS, makeComparison, showComparison } from './compare-own.ts'
import { findServerFlag, type MeasuredServer, measureServers, serverFlags } from './compare-servers.ts'
import { exit } from './exit.ts'
import { readChoice, readPercent } from './flag-values.ts'
import type { GivenFlags } from './flags.ts'
import { judgeSummary } from './publish.ts'
import { exists, loadResults, type ResultSource } from './results.ts'
import { findMeantFlag } from './run-options.ts'
import type { Terminal } from './terminal.ts'

const group = 'Comparison'

const command: CommandDef = makeCommand(
  {
    name: 'compare',
    summary: 'Compare two results: ratios, and whether something got worse.',
    about:
      'BEFORE and AFTER are run folders or result files (of inferbench, probador, vllm-rust, sagellm or the gateway harness). Runs that differ in what was asked are refused, unless --force. Without them it measures two servers in turn: --start given twice starts one, measures and ends it, then the other; --url given twice measures two that run. Both are asked the same, by the options of bench run; with --runs the order alternates (before after, after before, ...). Exit code: 0, 1 when a server could not be measured, 2 when results cannot be compared, 3 when something got worse and --fail-on-regression is given, or a gate was not met, 4 when a verdict is worse than --require asks.',
    flags: {
      before: { type: 'positional', description: 'The base line' },
      after: { type: 'positional', description: 'What is compared with it' },
      'fail-on-regression': {
        type: 'string',
        valueHint: 'PERCENT',
        group,
        description: 'Exit with 3 when a judged figure is worse by more',
      },
      force: { type: 'boolean', group, description: 'Compare runs although they are unlike' },
      'set-baseline': {
        type: 'boolean',
        group,
        description:
          'Afterwards, write AFTER to BEFORE (a file) when nothing got worse, or when there is no BEFORE yet',
      },
      format: { type: 'string', valueHint: 'FORMAT', group, fallback: 'table', description: FORMATS.join(', ') },
      'expect-change': {
        type: 'string',
        valueHint: 'METRIC',
        group,
        repeated: true,
        description: 'With --compat sagellm: a metric that may change; repeatable',
      },
      compat: {
        type: 'string',
        valueHint: 'NAME',
        group,
        description: `Rules, words and exit codes of an old tool: ${COMPATS.join(', ')}`,
      },
      ...serverFlags,
    },
    findMeant: findMeantFlag,
    examples: [
      'bench compare bench-runs/monday bench-runs/tuesday --fail-on-regression 10',
      'bench compare baseline.json bench-runs/tuesday --set-baseline',
      'bench compare baseline.json current.json --compat gateway',
      "bench compare --url http://localhost:8000 --start 'serve old' --start 'serve new' --runs 4",
      'bench compare --url http://old:8000 --url http://new:8000 --label old --label new',
    ],
  },
  compare,
)
export default command

async function compare({ values, positionals, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  const { files, name } = platform
  if (files === undefined) throw new BenchError('unsupported', `${name} has no files to read results from`)
  const asked = readAsked(values)
  const flag = findServerFlag(values)
  if (flag === undefined) return await compareResults(positionals, asked, files, terminal)
  if (positionals.length > 0) {
    throw new BenchError(
      'usage',
      `--${flag} is about servers to be measured, and ${positionals[0]} is a result; compare results or servers`,
    )
  }
  if (asked.setBaseline) {
    throw new BenchError('usage', '--set-baseline writes AFTER to a file BEFORE; measured servers have none')
  }
  return await compareServers(values, asked, platform, files, terminal)
}

interface Asked extends CompatRules {
  readonly format: (typeof FORMATS)[number]
  readonly compat: (typeof COMPATS)[number] | undefined
  readonly force: boolean
  readonly setBaseline: boolean
}

function readAsked(values: GivenFlags['values']): Asked {
  return {
    format: readChoice(values, 'format', FORMATS) ?? 'table',
    compat: readChoice(values, 'compat', COMPATS),
    failAt: readPercent(values, 'fail-on-regression', 0),
    force: values.force === true,
    setBaseline: values['set-baseline'] === true,
    expected: (values['expect-change'] ?? []) as readonly string[],
  }
}

async function compareResults(
  [before, after]: readonly string[],
  asked: Asked,
  files: Files,
  terminal: Terminal,
): Promise<number> {
  if (before === undefined || after === undefined) {
    throw new BenchError(
      'usage',
      'bench compare needs two results (bench compare BEFORE AFTER) or two servers (--start or --url twice)',
    )
  }
  const { setBaseline } = asked
  const now = await loadOne(files, after)
  if ((setBaseline || asked.compat === 'gateway') && !(await exists(files, before))) {
    if (setBaseline) await writeBaseline(files, before, now)
    terminal.log.info(setBaseline ? `${before} is the base line now` : `no base line ${before}: nothing is compared`)
    return exit.ok
  }
  const old = await loadOne(files, before)
  const { code, worse } = await compareSources(old, now, asked, files, terminal)
  if (setBaseline && worse.length === 0) await writeBaseline(files, before, now)
  else if (setBaseline) terminal.log.warn(`${before} stays the base line: ${worse.join('; ')}`)
  return code
}

async function compareServers(
  values: GivenFlags['values'],
  asked: Asked,
  platform: Platform,
  files: Files,
  terminal: Terminal,
): Promise<number> {
  const { folder, sides } = await measureServers(values, platform, files, terminal, asked.format === 'json')
  const [old, now] = await Promise.all(
    sides.map((side) => loadOne(files, side.label === undefined ? side.folder : `${side.label}=${side.folder}`)),
  )
  if (old === undefined || now === undefined) {
    terminal.log.warn(`interrupted; what was measured is in ${folder}`)
    return exit.interrupted
  }
  // They were asked the same, so that what is unlike is the servers' own.
  const forced = { ...asked, force: true }
  const codes = [
    (await compareSources(old, now, forced, files, terminal)).code,
    ...sides.map((side) => judgeServer(side, terminal)),
  ]
  await files.writeText(files.join(folder, 'comparison.json'), renderJson(makeComparison(old, now, forced)))
  if (asked.compat === undefined && sides[0]!.read.options.runs === undefined) {
    terminal.log.info('each was measured once, which says nothing about chance; --runs 4 repeats them in turn')
  }
  // A code of an old tool stands before ours, and a gate before a verdict.
  return codes.find((code) => code !== exit.ok && code !== exit.verdictMissed) ?? Math.max(...codes)
}

interface Compared {
  readonly code: number
  /** What got worse: a line each. */
  readonly worse: readonly string[]
}

async function compareSources(
  old: ResultSource,
  now: ResultSource,
  asked: Asked,
  files: Files,
  terminal: Terminal,
): Promise<Compared> {
  if (asked.compat === undefined) return await compareOurs(old, now, asked, terminal)
  const { text, code } = await compareAsOldTool(asked.compat, old, now, asked, files)
  await terminal.out(text)
  return { code, worse: code === exit.ok ? [] : [`${now.path} is worse by the rules of ${asked.compat}`] }
}

async function loadOne(files: Files, path: string): Promise<ResultSource> {
  const { sources } = await loadResults(files, [path])
  const [source] = sources
  if (source === undefined || source.loads.length === 0)
    throw new BenchError('usage', `${path} holds no result to compare`)
  if (source.run === undefined && source.file === undefined) {
    throw new BenchError('usage', `${path} holds an evaluation of quality; bench eval --against compares those`)
  }
  if (sources.length > 1) {
    throw new BenchError('usage', `${path} holds ${sources.length} results; name one of them, such as ${source.path}`)
  }
  return source
}

async function compareOurs(old: ResultSource, now: ResultSource, asked: Asked, terminal: Terminal): Promise<Compared> {
  const comparison = makeComparison(old, now, asked)
  await terminal.out(showComparison(comparison, asked.format))
  const worse = listRegressions(comparison)
  if (asked.failAt === undefined) return { code: exit.ok, worse }
  for (const line of worse) terminal.log.error(`worse: ${line}`)
  return { code: worse.length > 0 ? exit.gateMissed : exit.ok, worse }
}

/** What its gates and `--require` ask for, and a line about how far it can be believed. */
function judgeServer({ role, label, result, folder, read }: MeasuredServer, terminal: Terminal): number {
  const { status, reasons } = result.summary.verdict
  const codes = [...new Set(reasons.map(({ code }) => code))]
  const line = `${label ?? role}: ${status}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}, ${folder}`
  if (status === 'VALID') terminal.log.info(line)
  else terminal.log.warn(line)
  return judgeSummary(result.summary, { ...read.options, json: true }, terminal)
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
