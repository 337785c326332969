/** `bench sweep`: load after load, and the highest that meets `--slo`. */
import type { CommandDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions } from '../core/options/mod.ts'
import type { RunPlan } from '../core/plan.ts'
import { listLoads } from '../core/sweep/mod.ts'
import type { SweepRules } from '../core/sweep.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { readDecimal, readNumber, readPercent } from './flag-values.ts'
import type { Flags, GivenFlags } from './flags.ts'
import { carryOut } from './run.ts'
import { findMeantFlag, readRunOptions, runFlags } from './run-options.ts'

const fallback = { from: 1, to: 256, factor: 2, precision: 5, share: 95, mostRuns: 5, saturation: 2 }
const group = 'Sweep'
/** For each rate, where nothing bounds it. */
const RATE_MS = 10_000

const sweepFlags: Flags = {
  by: {
    type: 'string',
    valueHint: 'LOAD',
    group,
    fallback: 'streams; rate with --rate',
    description:
      'What rises: streams (requests kept in flight) or rate (requests a second, 10s of each without --duration or --requests)',
  },
  from: { type: 'string', valueHint: 'N', group, fallback: `${fallback.from}`, description: 'The least load' },
  to: {
    type: 'string',
    valueHint: 'N',
    group,
    fallback: `${fallback.to}, or as many as --requests`,
    description: 'The greatest load',
  },
  factor: {
    type: 'string',
    valueHint: 'N',
    group,
    fallback: `${fallback.factor}`,
    description: 'Without a search, each load is so many times the one before',
  },
  saturation: {
    type: 'string',
    valueHint: 'N',
    group,
    fallback: `${fallback.saturation}`,
    description: 'A load is saturated when its p99 latency is above so many times that of the least load',
  },
  'no-early-stop': { type: 'boolean', group, description: 'Without a search, go on after the first saturated load' },
  'no-search': { type: 'boolean', group, description: 'With --slo, measure each load once instead of searching' },
  share: {
    type: 'string',
    valueHint: 'PERCENT',
    group,
    fallback: `${fallback.share}`,
    description: 'With --slo, share of requests that must keep every limit',
  },
  precision: {
    type: 'string',
    valueHint: 'PERCENT',
    group,
    fallback: `${fallback.precision}`,
    description: 'With --slo, how far apart the loads are that the answer lies between',
  },
  'most-runs': {
    type: 'string',
    valueHint: 'N',
    group,
    fallback: `${fallback.mostRuns}`,
    description: 'With --slo, how often a load at the edge is measured at most until it is decided',
  },
}

/** As in a run, in other words. */
const listFlags: Flags = {
  concurrency: {
    type: 'string',
    valueHint: 'N,N[,N...]',
    group,
    description: 'These numbers of streams, and no others',
  },
  rate: { type: 'string', valueHint: 'R,R[,R...]', group, description: 'These rates, and no others' },
}

/** What has no place in a sweep: it decides itself what is repeated, and its loads differ in nothing but the load. */
const NOT_HERE = ['runs', 'cooldown', 'restart', 'stages', 'replay', 'workload', 'compat', 'compatOut'] as const
const NOT_HERE_FLAGS: ReadonlySet<string> = new Set([...NOT_HERE, 'compat-out'])

/** As probador called them. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'concurrency-levels': 'concurrency',
  'saturation-threshold': 'saturation',
}

const command: CommandDef = makeCommand(
  {
    name: 'sweep',
    summary: 'Measure load after load: saturation, knee, and the highest load that meets --slo.',
    about:
      'With --slo it searches for the highest load at which enough requests keep the limits: doubles the load until one misses them, halves what lies between, and measures the two at the edge until they are decided. Without, it climbs a ladder of loads until one is saturated. --concurrency or --rate with a list names the loads. All other options are those of bench run. Exit code: 0 done, 1 the run failed, 2 wrong usage, 3 no load meets --slo or a gate was not met, 4 the verdict is worse than --require asks, 130 interrupted.',
    flags: {
      ...sweepFlags,
      ...Object.fromEntries(Object.entries(runFlags).filter(([name]) => !NOT_HERE_FLAGS.has(name))),
      ...listFlags,
    },
    findMeant: (written) => OLD_NAMES[written.replace(/^-+/, '')] ?? findMeantFlag(written),
    examples: [
      'bench sweep --url http://localhost:8000',
      'bench sweep --url http://localhost:8000 --slo ttft=200ms,tpot=30ms --duration 20s',
      'bench sweep --url http://localhost:8000 --by rate --slo ttft=200ms --to 100 --duration 30s',
      'bench sweep --url http://localhost:8000 --concurrency 1,2,4,8,16 --no-early-stop',
    ],
  },
  sweep,
)
export default command

async function sweep({ values, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  const read = await readRunOptions(values, platform)
  const misplaced = NOT_HERE.find((name) => read.options[name] !== undefined)
  if (misplaced !== undefined) {
    throw new BenchError('usage', `${read.nameOption(misplaced)} has no place in bench sweep; leave it out`)
  }
  const rules = readRules(values, read.options)
  const { concurrency: _, rate: __, ...options } = read.options
  const loads = rules.unit === 'streams' ? { concurrency: rules.loads } : { rate: rules.loads }
  const unbounded = options.requests === undefined && options.duration === undefined
  // As many requests as a run would send take minutes at a low rate.
  const bound = rules.unit === 'requests/s' && unbounded ? { duration: RATE_MS } : {}
  return await carryOut({ ...read, options: { ...options, ...bound, ...loads } }, platform, terminal, (plan) =>
    arrange(plan, rules),
  )
}

/** The rules name the loads; what was asked for stands there alone. */
function arrange(plan: RunPlan, rules: SweepRules): RunPlan {
  if (plan.scenarios.length !== rules.loads.length) {
    throw new BenchError('usage', 'bench sweep takes one length of prompts and one of answers; give no lists of them')
  }
  const { concurrency: _, rate: __, ...options } = plan.options
  return { ...plan, sweep: rules, options }
}

function readRules(values: GivenFlags['values'], options: CheckedOptions): SweepRules {
  const search = options.slo !== undefined && values['no-search'] !== true
  refuseIdle(values, search)
  const unit = readUnit(values, options)
  const loads = readLoads(values, options, unit, search)
  const saturation = readDecimal(values, 'saturation', 1, 1000) ?? fallback.saturation
  const common = { unit, loads, saturation }
  if (!search) return { kind: 'ladder', ...common, earlyStop: values['no-early-stop'] !== true }
  const share = (readPercent(values, 'share', 1, 100) ?? fallback.share) / 100
  return { kind: 'search', ...common, share, mostRuns: readNumber(values, 'most-runs', 1, 100) ?? fallback.mostRuns }
}

/** A flag that would do nothing is a mistake. */
function refuseIdle(values: GivenFlags['values'], search: boolean): void {
  const idle = search ? ['factor', 'no-early-stop'] : ['share', 'precision', 'most-runs']
  const found = idle.find((name) => values[name] !== undefined)
  if (found === undefined) return
  throw new BenchError(
    'usage',
    search
      ? `--${found} is about a ladder, and --slo asks for a search; add --no-search`
      : `--${found} is about the search for the highest load that meets limits; give them with --slo`,
  )
}

function readUnit(values: GivenFlags['values'], { concurrency, rate }: CheckedOptions): SweepRules['unit'] {
  const listed = rate !== undefined ? 'rate' : concurrency !== undefined ? 'streams' : undefined
  const by = values.by ?? listed ?? 'streams'
  if (by !== 'streams' && by !== 'rate') throw new BenchError('usage', `--by: "${by}" is neither streams nor rate`)
  if (listed !== undefined && by !== listed) {
    throw new BenchError('usage', `--by ${by} contradicts --${listed === 'rate' ? 'rate' : 'concurrency'}; give one`)
  }
  return by === 'rate' ? 'requests/s' : 'streams'
}

function readLoads(
  values: GivenFlags['values'],
  options: CheckedOptions,
  unit: SweepRules['unit'],
  search: boolean,
): readonly number[] {
  const listed = unit === 'streams' ? options.concurrency : options.rate
  const flag = unit === 'streams' ? 'concurrency' : 'rate'
  if (listed !== undefined) {
    const other = ['from', 'to', 'factor', 'precision'].find((name) => values[name] !== undefined)
    if (other !== undefined) throw new BenchError('usage', `--${other} contradicts --${flag}, which lists the loads`)
    const loads = [...new Set(listed)].sort((a, b) => a - b)
    if (loads.length > 1) return loads
    throw new BenchError(
      'usage',
      `--${flag} ${loads[0]} is one load; list several, give --from and --to, or use bench run`,
    )
  }
  const whole = unit === 'streams'
  const read = whole ? readNumber : readDecimal
  const least = whole ? 1 : 0.001
  const from = read(values, 'from', least, 100_000) ?? fallback.from
  const most = whole && options.requests !== undefined ? Math.min(fallback.to, options.requests) : fallback.to
  const to = read(values, 'to', least, 100_000) ?? Math.max(most, from + 1)
  if (to <= from) throw new BenchError('usage', `--to ${to} is not above --from ${from}`)
  if (whole && options.requests !== undefined && to > options.requests) {
    throw new BenchError('usage', `--to ${to}: ${options.requests} requests (--requests) never keep so many in flight`)
  }
  const factor = search
    ? 1 + (readPercent(values, 'precision', 0.1, 100) ?? fallback.precision) / 100
    : (readDecimal(values, 'factor', 1.01, 100) ?? fallback.factor)
  return listLoads(from, to, factor, whole)
}
