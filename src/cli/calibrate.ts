/** `bench calibrate`: how far this client's stamps are from the truth, load by load. */
import type { CommandDef } from 'citty'
import type { Calibration } from '../core/calibration.ts'
import { estimateClimb, type Level } from '../core/engine/calibrate.ts'
import { type ErrorOf, findLargest, type LimitName } from '../core/engine/calibration.ts'
import { writeCalibration } from '../core/engine/calibration-cache.ts'
import { BenchError, describeError } from '../core/errors.ts'
import type { Platform } from '../core/platform.ts'
import { renderLadderHead, renderLadderPicture, renderLadderRow } from '../core/report/ladder.ts'
import { plural } from '../core/report/phrases.ts'
import { groupDigits } from '../core/report/text.ts'
import { formatDuration, parseDuration } from '../core/units.ts'
import { loadPlatform } from '../platform/load.ts'
import { AGAINST_FLAGS, compareWithLog } from './against.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'
import { readNumber } from './flag-values.ts'
import type { Flags, GivenFlags } from './flags.ts'
import { calibrateClient, defaultLevels, stepMsOf } from './own-calibration.ts'
import { readRunOptions, runFlags } from './run-options.ts'
import type { Terminal } from './terminal.ts'

const LADDER_FLAGS = ['quick', 'levels', 'max-streams']
const CLIENT_FLAGS = ['transport', 'connections', 'threads']
const MOST_STREAMS = 2000

const flags: Flags = {
  quick: { type: 'boolean', group: 'Ladder', description: 'Fewer and shorter steps' },
  levels: {
    type: 'string',
    valueHint: 'N[@GAP],...',
    group: 'Ladder',
    fallback: `1 to ${MOST_STREAMS} streams at 10ms, then shorter gaps`,
    description: 'Streams, and the time between the events of each: 1,10,100,100@2ms',
  },
  'max-streams': {
    type: 'string',
    valueHint: 'N',
    group: 'Ladder',
    fallback: `${MOST_STREAMS}`,
    description: 'Where the ladder ends',
  },
  ...Object.fromEntries(CLIENT_FLAGS.map((name) => [name, { ...runFlags[name]!, group: 'Client' }])),
  against: {
    type: 'string',
    valueHint: 'URL',
    group: 'Your own server',
    description: 'Load this server instead, and compare with what its log says that it sent',
  },
  run: {
    type: 'string',
    valueHint: 'FOLDER',
    group: 'Your own server',
    description: 'Compare a run that there is already',
  },
  log: {
    type: 'string',
    valueHint: 'FILE',
    group: 'Your own server',
    description:
      'What the server sent: a line a request, "ID ARRIVED COUNT SENT SENT ..." or JSON with id, arrivedAt and sentAt, in nanoseconds',
  },
  ...Object.fromEntries(AGAINST_FLAGS.map((name) => [name, { ...runFlags[name]!, group: 'Load for your own server' }])),
  json: { type: 'boolean', description: 'Print the result as JSON and nothing else' },
}

const command: CommandDef = makeCommand(
  {
    name: 'calibrate',
    summary: 'Measure the error of this client, load by load.',
    about:
      'Streams answers from a server that knows when it sent each event, and compares. What comes out is kept for this machine, runtime, transport and number of threads, and every later run quotes it. Best done while nothing else runs.',
    flags,
    examples: [
      'bench calibrate',
      'bench calibrate --quick',
      'bench calibrate --levels 1,100,1000,100@2ms --transport undici',
    ],
  },
  calibrate,
)
export default command

async function calibrate({ values, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  const { against, run, log } = values
  if (against === undefined && run === undefined && log === undefined) {
    refuseIdle(values, AGAINST_FLAGS, '--against')
    return await climb(values, platform, terminal)
  }
  refuseIdle(values, LADDER_FLAGS, 'a ladder, without --log')
  if (typeof log !== 'string' || (against === undefined) === (run === undefined)) {
    throw new BenchError('usage', 'comparing takes --log FILE, and either --against URL or --run FOLDER')
  }
  const json = values.json === true
  if (typeof run === 'string') {
    refuseIdle(values, [...AGAINST_FLAGS, ...CLIENT_FLAGS], '--against')
    return await compareWithLog({ log, folder: run, json }, platform, terminal)
  }
  const load = [...AGAINST_FLAGS, ...CLIENT_FLAGS].filter((name) => values[name] !== undefined)
  const given = { ...Object.fromEntries(load.map((name) => [name, values[name]!])), url: against! }
  return await compareWithLog({ log, given, json }, platform, terminal)
}

/** A flag that would do nothing is a mistake. */
function refuseIdle(values: GivenFlags['values'], names: readonly string[], needed: string): void {
  const idle = names.find((name) => values[name] !== undefined)
  if (idle !== undefined) throw new BenchError('usage', `--${idle} goes with ${needed} only`)
}

async function climb(values: GivenFlags['values'], platform: Platform, terminal: Terminal): Promise<number> {
  const client = Object.fromEntries(Object.entries(values).filter(([name]) => CLIENT_FLAGS.includes(name)))
  const { options, nameOption } = await readRunOptions(client, platform)
  const quick = values.quick === true
  const stepMs = quick ? stepMsOf.quick : stepMsOf.whole
  const maxStreams = readNumber(values, 'max-streams', 1, 100_000) ?? MOST_STREAMS
  const levels = typeof values.levels === 'string' ? parseLevels(values.levels) : defaultLevels(quick, maxStreams)
  const json = values.json === true
  const say = json ? async () => {} : (lines: readonly string[]) => terminal.out(`${lines.join('\n')}\n`)
  const about = formatDuration(1000 * Math.ceil(estimateClimb(levels, stepMs) / 1000)).replace('.0 s', ' s')
  const stopping = new AbortController()
  const restore = platform.onInterrupt?.(() => stopping.abort())
  let announced = false
  let headed = false
  try {
    const calibration = await calibrateClient(
      { client: options, levels, stepMs, nameOption },
      platform,
      {
        onStart() {
          if (!announced && !json)
            terminal.err(`calibrating ${platform.name}: ${plural(levels.length, 'load')}, about ${about}\n`)
          announced = true
        },
        onRow(row) {
          void say([...(headed ? [] : renderLadderHead()), renderLadderRow(row)])
          headed = true
        },
        onFailure: (level, thrown) => terminal.log.warn(`${describeLevel(level)}: ${describeError(thrown)}`),
      },
      stopping.signal,
    )
    if (calibration === undefined || stopping.signal.aborted) {
      terminal.log.warn('interrupted; nothing was kept')
      return exit.interrupted
    }
    const path = await writeCalibration(platform, calibration)
    if (json) await terminal.out(`${JSON.stringify({ ...calibration, limits: listLimits(calibration) }, null, 2)}\n`)
    await say(['', ...renderLadderPicture(calibration.rows), '', ...describeLimits(calibration), '', `kept in ${path}`])
    return exit.ok
  } finally {
    restore?.()
  }
}

/** `1,10,100@2ms` */
export function parseLevels(text: string): Level[] {
  return text.split(',').map((part) => {
    const [count = '', gap] = part.trim().split('@')
    const streams = /^\d+$/.test(count) ? Number(count) : 0
    const gapMs = gap === undefined ? 10 : (parseDuration(gap) ?? 0)
    if (streams >= 1 && streams <= 100_000 && gapMs >= 0.1 && gapMs <= 1000) return { streams, gapMs }
    throw new BenchError(
      'usage',
      `--levels: "${part}" is no level; write streams, and a gap from 0.1ms to 1s where it is not 10ms: 1,100,100@2ms`,
    )
  })
}

function describeLevel({ streams, gapMs }: Level): string {
  return `${groupDigits(streams)} stream${streams === 1 ? '' : 's'} at ${formatDuration(gapMs)}`
}

interface Limit {
  readonly error: ErrorOf
  readonly limit: LimitName
  /** Absent: not even the smallest load. */
  readonly streams?: number
  readonly eventsPerSecond?: number
}

function listLimits({ rows }: Calibration): Limit[] {
  return (['absolute', 'relative'] as const).flatMap((limit) =>
    (['firstEvent', 'gaps'] as const).map((error): Limit => {
      const row = findLargest(rows, error, limit)
      const load = row === undefined ? {} : { streams: row.streams, eventsPerSecond: row.eventsPerSecond }
      return { error, limit, ...load }
    }),
  )
}

const ERRORS: Readonly<Record<ErrorOf, string>> = { firstEvent: 'first event', gaps: 'gaps' }
const LIMITS: Readonly<Record<LimitName, string>> = { absolute: 'under 1 ms', relative: 'under 5 % of the gap' }

function describeLimits(calibration: Calibration): string[] {
  return listLimits(calibration).map(({ error, limit, streams, eventsPerSecond }) => {
    const upTo =
      streams === undefined || eventsPerSecond === undefined
        ? 'at no load that was tried'
        : `up to ${groupDigits(streams)} streams, ${groupDigits(eventsPerSecond)} events/s`
    return `p99 error of ${ERRORS[error].padEnd(11)} ${LIMITS[limit].padEnd(21)}${upTo}`
  })
}
