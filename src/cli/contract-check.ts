/** `bench score --contract year1`: the contracts of sagellm, which pass or fail and know no points. */
import {
  checkSagellmContract,
  SAGELLM_CONTRACTS,
  type SagellmContract,
  type SagellmFigures,
} from '../core/compat/sagellm/contract.ts'
import { type ContractLine, figuresOfOwnRun, holdSagellmContract } from '../core/compat/sagellm/verdict.ts'
import { BenchError } from '../core/errors.ts'
import { escapeTerminal } from '../core/report/escape.ts'
import { renderJson } from '../core/report/json.ts'
import { formatFigure, NOTHING, padEnd, padStart } from '../core/report/text.ts'
import { exit } from './exit.ts'
import type { ResultSource } from './results.ts'

export function findSagellmContract(name: unknown): SagellmContract | undefined {
  return SAGELLM_CONTRACTS.find((contract) => contract === name)
}

export interface CheckOptions {
  readonly json: boolean
  /** Exit 1, and a figure that is missing is 0. */
  readonly compat: boolean
}

/** What to print, and the exit code. */
export function checkContract(
  contract: SagellmContract,
  sources: readonly ResultSource[],
  { json, compat }: CheckOptions,
): { readonly text: string; readonly code: number } {
  const named = tellApart(sources.flatMap(listFigures))
  if (named.length === 0) {
    throw new BenchError(
      'usage',
      `--contract ${contract} is for results of sagellm-benchmark and runs of ours; there are none`,
    )
  }
  if (compat) {
    const verdicts = Object.fromEntries(named.map(([name, figures]) => [name, checkSagellmContract(contract, figures)]))
    const passed = Object.values(verdicts).every((verdict) => verdict.passed)
    return { text: renderJson(verdicts), code: passed ? exit.ok : exit.failed }
  }
  const held = named.map(([name, figures]) => ({ name, lines: holdSagellmContract(contract, figures) }))
  const passed = held.every(({ lines }) => lines.every(({ status }) => status === 'met'))
  const text = json
    ? renderJson({ v: 1, kind: 'contract', contract, passed, results: held })
    : `${held.map(({ name, lines }) => renderLines(`${name}, contract ${contract}`, lines)).join('\n\n')}\n`
  return { text, code: passed ? exit.ok : exit.gateMissed }
}

type Named = readonly [name: string, figures: SagellmFigures]

function listFigures({ file, run, name, path }: ResultSource): { readonly path: string; readonly named: Named }[] {
  const all =
    file?.tool === 'sagellm'
      ? Object.entries(file.figures)
      : (run?.summary.scenarios ?? []).map(
          (scenario): Named => [`${name}, ${scenario.title}`, figuresOfOwnRun(scenario, run?.summary.plugins)],
        )
  return all.map((named) => ({ path, named }))
}

/** One workload in several files: the file's path tells which. */
function tellApart(all: ReturnType<typeof listFigures>): Named[] {
  const names = all.map(({ named: [name] }) => name)
  return all.map(({ path, named: [name, figures] }) => {
    const once = names.indexOf(name) === names.lastIndexOf(name)
    return [once ? name : `${name} (${path})`, figures]
  })
}

function renderLines(title: string, lines: readonly ContractLine[]): string {
  const width = Math.max(...lines.map(({ check }) => check.length))
  const rows = lines.map(({ check, better, limit, value, status }) => {
    const shown = value === undefined ? NOTHING : formatFigure(value)
    const wanted = `${better === 'lower' ? '<=' : '>='} ${limit}`
    const words = { met: 'met', missed: 'NOT MET', 'not-measured': 'not measured' }[status]
    return `${padEnd(check, width)}  ${padStart(shown, 10)}  ${padEnd(wanted, 9)}  ${words}`
  })
  return [escapeTerminal(title), ...rows].join('\n')
}
