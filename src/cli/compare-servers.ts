/** `bench compare --start A --start B`: two servers measured in turn, each into a run folder of its own. */
import { discover } from '../core/engine/discover.ts'
import { checkFolder, makeRunFolder } from '../core/engine/journal.ts'
import { createTurns, orderTurns, type Turns } from '../core/engine/turns.ts'
import { BenchError } from '../core/errors.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Files, Platform } from '../core/platform.ts'
import type { RunResult } from '../core/run.ts'
import type { Flag, Flags, FlagValue, GivenFlags } from './flags.ts'
import { makePlan } from './plan.ts'
import { createProgressView, type ProgressView } from './progress.ts'
import { listenForInterrupts, measurePlan } from './run.ts'
import { type ReadRunOptions, readRunOptions, runFlags } from './run-options.ts'
import type { Terminal } from './terminal.ts'

type Role = 'before' | 'after'

/** Each may be given once for both servers, or once for each: the first is BEFORE. */
const OF_A_SIDE = ['url', 'start', 'adapter', 'model', 'api-key-env', 'api-key-file'] as const

/** What belongs to one run, or is said otherwise here. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'junit',
  'html',
  'json',
  'compat',
  'compat-out',
  'definitions',
  'restart',
])

/** What is said otherwise of two. */
const WORDS: Readonly<Record<string, string>> = {
  url: 'Base URL of the servers, with or without /v1; twice, where they differ',
  start: 'Command that starts a server, for its turn; give two, the first is BEFORE',
}

/** Those of `bench run`, and labels. */
export const serverFlags: Flags = {
  label: {
    type: 'string',
    valueHint: 'NAME',
    group: 'Server',
    repeated: true,
    description: 'What a server is called; give two',
  },
  ...Object.fromEntries(
    Object.entries(runFlags)
      .filter(([name]) => !NOT_HERE.has(name))
      .map(([name, flag]) => [name, isOfASide(name) ? repeat(name, flag) : flag]),
  ),
}

function repeat(name: string, flag: Flag): Flag {
  return { ...flag, repeated: true, description: WORDS[name] ?? `${flag.description}; twice, where the two differ` }
}

function isOfASide(name: string): boolean {
  return (OF_A_SIDE as readonly string[]).includes(name)
}

/** The first flag that is about servers to be measured. */
export function findServerFlag(values: GivenFlags['values']): string | undefined {
  return Object.keys(serverFlags).find((name) => values[name] !== undefined)
}

export interface MeasuredServer {
  /** As the user called it. */
  readonly label?: string
  readonly role: Role
  readonly result: RunResult
  readonly folder: string
  readonly read: ReadRunOptions
}

export interface MeasuredServers {
  /** Where both run folders are. */
  readonly folder: string
  /** BEFORE, AFTER; none when it was interrupted. */
  readonly sides: readonly MeasuredServer[]
}

interface Side {
  readonly role: Role
  readonly label?: string
  readonly read: ReadRunOptions
  readonly plan: RunPlan
}

/** Measures both, as often as `--runs` says. Rejects with the failure of the side that failed; the other is stopped then. */
export async function measureServers(
  values: GivenFlags['values'],
  platform: Platform,
  files: Files,
  terminal: Terminal,
  silent: boolean,
): Promise<MeasuredServers> {
  const given = splitSides(values)
  const id = platform.randomId()
  const startedAt = new Date(platform.clock.epoch()).toISOString()
  const planned = await planSides(given, platform)
  const { out, label: labels } = values
  const folder = await makeRunFolder(files, { id, startedAt, ...(typeof out === 'string' && { out }) })
  const sides = planned.map((side, index): Side => {
    const label = (labels as readonly string[] | undefined)?.[index]
    return {
      ...side,
      ...(label !== undefined && { label }),
      plan: { ...side.plan, out: files.join(folder, side.role) },
    }
  })
  for (const { plan } of sides) await checkFolder(files, plan.out!)
  const view = createProgressView(terminal, () => platform.clock.now(), silent)
  const stopping = new AbortController()
  const restore = listenForInterrupts(platform, stopping, view, sides[0]!.read.options)
  try {
    const measured = await measureInTurn(sides, platform, view, stopping)
    return { folder, sides: stopping.signal.aborted ? [] : measured }
  } finally {
    view.clear()
    restore()
  }
}

/** The flags of each side, as `bench run` would be given them. */
function splitSides(values: GivenFlags['values']): readonly GivenFlags['values'][] {
  const counts = [...OF_A_SIDE, 'label'].map((name) => [name, (values[name] as readonly string[]) ?? []] as const)
  for (const [name, given] of counts) {
    if (given.length > 2)
      throw new BenchError('usage', `--${name} is given ${given.length} times, and two servers are compared`)
  }
  const countOf = (name: string): number => (values[name] as readonly string[] | undefined)?.length ?? 0
  const [starts, urls] = [countOf('start'), countOf('url')]
  const labels = (values.label ?? []) as readonly string[]
  const odd = labels.find((label) => /[=/\\]/.test(label))
  if (odd !== undefined) throw new BenchError('usage', `--label: "${odd}" holds one of = / \\; choose another`)
  if (countOf('label') === 1)
    throw new BenchError('usage', '--label is given once; give it for both servers, or for none')
  if (starts === 1) {
    throw new BenchError(
      'usage',
      '--start is given once; give it for both servers, or start both yourself and give --url twice',
    )
  }
  if (starts === 0 && urls < 2) {
    throw new BenchError('usage', 'bench compare measures two servers: give --start twice, or --url twice')
  }
  return [0, 1].map((side) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]): (readonly [string, FlagValue])[] => {
        if (name === 'label' || name === 'out' || !(name in serverFlags)) return []
        if (!isOfASide(name)) return [[name, value]]
        const [first, second = first] = value as readonly string[]
        return [[name, side === 0 ? first! : second!]]
      }),
    ),
  )
}

/** Both are asked the same: the second gets the seed of the first. */
async function planSides(
  [before, after]: readonly GivenFlags['values'][],
  platform: Platform,
): Promise<readonly Omit<Side, 'label'>[]> {
  const first = await planSide('before', before!, platform)
  return [first, await planSide('after', after!, platform, first.plan.seed)]
}

async function planSide(
  role: Role,
  values: GivenFlags['values'],
  platform: Platform,
  seed?: number,
): Promise<Omit<Side, 'label'>> {
  const read = await readRunOptions(values, platform)
  const made = await makePlan({ ...read.options, ...(seed !== undefined && { seed }) }, platform, read.nameOption, true)
  const { repeat, start } = made
  // Only one of them runs at a time, and what lies between two turns is not up to either.
  const plan = repeat === undefined ? made : { ...made, repeat: { ...repeat, restart: start !== undefined } }
  return { role, read, plan }
}

async function measureInTurn(
  sides: readonly Side[],
  platform: Platform,
  view: ProgressView,
  stopping: AbortController,
): Promise<readonly MeasuredServer[]> {
  const { signal } = stopping
  for (const side of sides) await requireServer(side, platform, viewOf(side, view), signal)
  const { runs = 1, cooldownMs = 0 } = sides[0]!.plan.repeat ?? {}
  const turns = createTurns(orderTurns(runs), cooldownMs, signal)
  const failures: unknown[] = []
  const measured = await Promise.all(
    sides.map(async (side, index) => {
      try {
        await turns.begin(index)
        return signal.aborted ? [] : [await measureSide(side, index, platform, viewOf(side, view), turns, signal)]
      } catch (thrown) {
        failures.push(nameSide(thrown, side))
        stopping.abort()
        return []
      } finally {
        turns.end()
      }
    }),
  )
  // The first; what the other says then follows from it.
  if (failures.length > 0) throw failures[0]
  return measured.flat()
}

async function measureSide(
  { plan, ...side }: Side,
  index: number,
  platform: Platform,
  view: ProgressView,
  turns: Turns,
  signal: AbortSignal,
): Promise<MeasuredServer> {
  const paced = plan.repeat === undefined ? plan : { ...plan, repeat: { ...plan.repeat, cooldownMs: 0 } }
  const result = await measurePlan(paced, platform, view, signal, {
    async rest() {
      turns.end()
      await turns.begin(index)
    },
  })
  if (result.failure !== undefined) throw result.failure
  return { ...side, result, folder: result.folder! }
}

/** One that is not there should not be found out after the other was measured. */
async function requireServer(
  side: Side,
  platform: Platform,
  { say }: ProgressView,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = side
  if (plan.start !== undefined) return
  const transport = platform.transports[plan.transport ?? platform.defaultTransport]!(
    plan.transportOptions,
    platform.clock,
  )
  try {
    await discover(plan, platform, transport, say, signal)
  } catch (thrown) {
    throw nameSide(thrown, side)
  } finally {
    await transport.close()
  }
}

function nameSide(thrown: unknown, side: Side): unknown {
  if (!(thrown instanceof BenchError)) return thrown
  return new BenchError(thrown.code, `${nameOf(side)}: ${thrown.message}`, { cause: thrown })
}

function nameOf({ role, label }: Pick<Side, 'role' | 'label'>): string {
  return label ?? role
}

function viewOf(side: Side, view: ProgressView): ProgressView {
  return {
    ...view,
    say: (line) => view.say(`${nameOf(side)}: ${line}`),
    update: (progress) => view.update({ ...progress, title: `${nameOf(side)}, ${progress.title}` }),
  }
}
