/** `bench score`: how good results are, on a scale that people agreed on beforehand. */
import type { CommandDef } from 'citty'
import { parse as parseYaml } from 'yaml'
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/nearest.ts'
import type { Files } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { type Contract, probadorContract } from '../core/score/contract.ts'
import { parseContract } from '../core/score/contract-file.ts'
import { CARDS, lowestComposite, type ScoreDocument, scoreResults } from '../core/score/document.ts'
import { probadorJson } from '../core/score/probador-json.ts'
import { renderScores } from '../core/score/text/document.ts'
import { loadPlatform } from '../platform/load.ts'
import { addDetails } from './answer-details.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { checkContract, findSagellmContract } from './contract-check.ts'
import { exit } from './exit.ts'
import { readNumber } from './flag-values.ts'
import type { Flags } from './flags.ts'
import { loadResults, type Results } from './results.ts'
import type { Terminal } from './terminal.ts'

const cardFlags: Flags = Object.fromEntries(
  CARDS.map((card) => [
    `by-${card}`,
    { type: 'boolean', group: 'Cards', description: `Add the card by ${card.replace('-', ' ')}` },
  ]),
)

const FORMATS = ['table', 'json', 'markdown'] as const

type Format = (typeof FORMATS)[number]

const command: CommandDef = makeCommand(
  {
    name: 'score',
    summary: 'Score results: a composite for each server and load, and cards by what else matters.',
    about:
      'RESULTS are folders of runs and evaluations, result files (of inferbench, probador, vllm-rust, sagellm or the gateway harness), or folders that hold such. NAME=PATH names who was measured. Exit code: 0, 2 when there is nothing to score, 3 when a composite is below --fail-on-grade.',
    flags: {
      results: {
        type: 'positional',
        required: true,
        repeated: true,
        description: 'Run folders, result files, or folders of them',
      },
      concurrency: {
        type: 'string',
        alias: 'c',
        valueHint: 'N',
        description: 'Score only results at this concurrency',
      },
      platform: {
        type: 'string',
        valueHint: 'TEXT',
        description: "Score only results whose runtime's name holds TEXT",
      },
      contract: {
        type: 'string',
        valueHint: 'FILE',
        fallback: 'the one of probador 2.0.0',
        description:
          'Thresholds, weights and grades of your own, JSON or YAML; or year1, year2, year3: the contracts of sagellm, which pass (0) or not (3)',
      },
      'fail-on-grade': {
        type: 'string',
        valueHint: 'GRADE',
        description: 'Exit with 3 when a composite has a lower grade, such as B+',
      },
      format: {
        type: 'string',
        valueHint: 'FORMAT',
        fallback: 'table',
        description: `${FORMATS.join(', ')}; json is one document`,
      },
      out: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'Write there instead of to standard output' },
      compat: {
        type: 'string',
        valueHint: 'probador',
        description: 'Scores, text, JSON and exit codes as probador llm score has them',
      },
      ...cardFlags,
    },
    examples: [
      'bench score bench-runs/2026-11-23-k3f9',
      'bench score vllm=runs/a sglang=runs/b --by-scaling --fail-on-grade B',
      'bench score results/ --format markdown --out score.md',
    ],
  },
  score,
)
export default command

async function score({ values, positionals, terminal }: CommandContext): Promise<number> {
  if (positionals.length === 0) throw new BenchError('usage', 'bench score needs results: bench score bench-runs/...')
  const { files, name } = await loadPlatform()
  if (files === undefined) throw new BenchError('unsupported', `${name} has no files to read results from`)
  const agreement = findSagellmContract(values.contract)
  if (agreement !== undefined) {
    const { sources } = await loadResults(files, positionals)
    const options = { json: values.format === 'json', compat: values.compat === 'sagellm' }
    const { text, code } = checkContract(agreement, sources, options)
    await deliver(text, values.out, files, terminal)
    return code
  }
  const compat = readCompat(values.compat)
  const format = readFormat(values.format, compat)
  const concurrency = readNumber(values, 'concurrency', 0)
  const contract = await readContract(files, values.contract)
  const grade = readGrade(values['fail-on-grade'], contract, compat)
  const results = choose(await loadResults(files, positionals), values.platform, compat)
  if (!compat) for (const line of results.skipped) terminal.log.warn(line)
  const sources =
    values['by-output-length'] === true
      ? await Promise.all(results.sources.map((source) => addDetails(source, files)))
      : results.sources
  const loads = sources.flatMap((source) => source.loads.map(({ result }) => ({ ...result, source_file: source.path })))
  if (loads.length + results.training.length === 0) return await sayNothing(positionals, compat, terminal)
  const document = scoreResults({
    results: loads,
    training: results.training,
    cards: CARDS.filter((card) => values[`by-${card}`] === true),
    contract,
    compat,
    ...(concurrency === undefined ? {} : { concurrency }),
  })
  if (isEmpty(document)) return await sayNothing(positionals, compat, terminal)
  const text = show(document, format, compat)
  await deliver(text, values.out, files, terminal)
  return grade === undefined ? exit.ok : judge(document, grade, compat, terminal)
}

async function deliver(text: string, path: unknown, files: Files, terminal: Terminal): Promise<void> {
  if (typeof path === 'string') await files.writeText(path, text)
  else await terminal.out(text)
}

function readCompat(value: unknown): boolean {
  if (value === undefined) return false
  if (value === 'probador') return true
  throw new BenchError(
    'usage',
    `--compat: "${value}" has no scorecards; there is probador, and sagellm with --contract year1`,
  )
}

/** probador takes a format that it does not know for a table. */
function readFormat(value: unknown, compat: boolean): Format {
  if (value === undefined) return 'table'
  const format = FORMATS.find((name) => name === value)
  if (format !== undefined) return format
  if (compat) return 'table'
  throw new BenchError('usage', `--format: there is no "${value}"${suggestName(String(value), FORMATS)}`)
}

async function readContract(files: Files, path: unknown): Promise<Contract> {
  if (typeof path !== 'string') return probadorContract
  const text = await files.readText(path)
  let value: unknown
  try {
    // YAML holds JSON.
    value = parseYaml(text)
  } catch (cause) {
    throw new BenchError('usage', `${path} is neither JSON nor YAML`, { cause })
  }
  return parseContract(path, value)
}

interface Wanted {
  readonly label: string
  readonly least: number
}

function readGrade(value: unknown, contract: Contract, compat: boolean): Wanted | undefined {
  if (typeof value !== 'string') return undefined
  const grade = contract.grades.find(([, label]) => label === value)
  if (grade !== undefined) return { label: value, least: grade[0] }
  if (compat) return { label: value, least: 0 }
  const labels = contract.grades.map(([, label]) => label)
  throw new BenchError(
    'usage',
    `--fail-on-grade: "${value}" is no grade of the contract; there are ${labels.join(', ')}`,
  )
}

/** With `compat`, only what probador reads: results of its load test. */
function choose(results: Results, platform: unknown, compat: boolean): Results {
  const sources = results.sources.map((source) => ({
    ...source,
    loads: source.loads.filter(
      ({ result }) =>
        (typeof platform !== 'string' || result.runtime_name.includes(platform)) &&
        (!compat || source.run !== undefined || source.file?.kind === 'load'),
    ),
  }))
  return { ...results, sources }
}

async function sayNothing(paths: readonly string[], compat: boolean, terminal: Terminal): Promise<number> {
  if (!compat) throw new BenchError('usage', `${paths.join(', ')}: no results to score`)
  await terminal.out(`No results found in ${paths.join(', ')}\n`)
  return exit.ok
}

function show(document: ScoreDocument, format: Format, compat: boolean): string {
  if (format !== 'json') return renderScores(document, format, compat)
  return compat ? probadorJson(document) : renderJson(document)
}

/** Not one score. */
function isEmpty({
  composite,
  training = [],
  layer,
  correctness,
  memory,
  power,
  scaling,
  ...more
}: ScoreDocument): boolean {
  const flat = [layer, correctness, memory, more['cold-start'], power, scaling]
  return composite.length + training.length + flat.reduce((sum, card) => sum + (card?.entries.length ?? 0), 0) === 0
}

function judge(document: ScoreDocument, { label, least }: Wanted, compat: boolean, terminal: Terminal): number {
  const lowest = lowestComposite(document)
  if (lowest !== undefined && lowest >= least) return exit.ok
  if (lowest === undefined && compat) return exit.ok
  const found = lowest === undefined ? 'a composite was not measured' : `the lowest composite is ${lowest}`
  terminal.log.error(`${found}; ${label} starts at ${least}`)
  return compat ? exit.failed : exit.gateMissed
}
