/** Figures of one window. Pure. */
import {
  asAmount,
  asText,
  createDistribution,
  cutSamples,
  type Distribution,
  type Finding,
  type MetricResult,
  type Observation,
  partsOf,
  type Sample,
  type Series,
  type Window,
} from 'inferbench'
import { type ClockOffset, describeOffset, readOffset } from './clock-offset.ts'
import { definitions } from './definitions.ts'
import type { Ping } from './ping.ts'

/** One line of `series/network.jsonl`. */
export interface PingSample extends Sample, Ping {
  readonly at: number
  /** Asked before there was any load. */
  readonly idle?: true
}

/** Whatever the file holds: what takes more than an hour is no round trip. */
const MOST_MS = 3_600_000

export function pickAmount(sample: Sample, member: keyof Ping): number | undefined {
  const value = asAmount(sample[member])
  return value === undefined || value > MOST_MS ? undefined : value
}

interface Seen {
  readonly asked: number
  readonly lost: number
  /** Of the first that was lost. */
  readonly why?: string
  readonly connect?: Distribution
  readonly answer?: Distribution
  readonly clock?: ClockOffset
}

/** The way to the server, beside what it is to be read with. Medians, ms. */
interface Compared {
  readonly connectMs?: number
  readonly idleMs?: number
  readonly ttftMs?: number
}

export function summarizePings(series: Series, window: Window): Observation {
  const seen = see(listSamples(series, window))
  const compared = window.name === 'measure' ? compare(series, seen) : {}
  const line = writeLine(seen, compared)
  return {
    metrics: measure(seen, compared),
    ...(line === undefined ? {} : { line }),
    findings: findCauses(seen, compared),
  }
}

/** What was asked at first belongs to the time before the load. */
function listSamples(series: Series, window: Window): readonly Sample[] {
  const parts = partsOf(series, window)
  const within = (parts.length === 0 ? [window] : parts).flatMap((part) => cutSamples(series.samples, part).within)
  const isFirst = (sample: Sample): boolean => sample.idle === true
  return window.name === 'before' ? [...new Set([...series.samples.filter(isFirst), ...within])] : within
}

function listIdle(series: Series): readonly Sample[] {
  const phases = series.windows.filter(({ name }) => name === 'before' || name === 'after')
  const first = series.samples.filter((sample) => sample.idle === true)
  return [...new Set([...first, ...phases.flatMap((phase) => listSamples(series, phase))])]
}

function see(samples: readonly Sample[]): Seen {
  const reasons = samples.flatMap((sample) => asText(sample.failed) ?? [])
  const [connect, answer, clock] = [collect(samples, 'connectMs'), collect(samples, 'answerMs'), readOffset(samples)]
  return {
    asked: samples.length,
    lost: reasons.length,
    ...(reasons[0] === undefined ? {} : { why: reasons[0] }),
    ...(connect === undefined ? {} : { connect }),
    ...(answer === undefined ? {} : { answer }),
    ...(clock === undefined ? {} : { clock }),
  }
}

function collect(samples: readonly Sample[], member: keyof Ping): Distribution | undefined {
  const collector = createDistribution()
  for (const sample of samples) {
    const value = pickAmount(sample, member)
    if (value !== undefined) collector.add(value)
  }
  return collector.result()
}

function compare(series: Series, { connect }: Seen): Compared {
  const ttft = series.scenario.metrics.ttft
  const [connectMs, idleMs, ttftMs] = [
    connect,
    collect(listIdle(series), 'connectMs'),
    ttft?.kind === 'distribution' ? ttft.distribution : undefined,
  ].map((distribution) => distribution?.quantiles.p50)
  return {
    ...(connectMs === undefined ? {} : { connectMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(ttftMs === undefined || ttftMs <= 0 ? {} : { ttftMs }),
  }
}

function measure({ asked, lost, why, connect, answer, clock }: Seen, compared: Compared): Observation['metrics'] {
  const none = asked === 0 ? 'nothing was asked in this time' : `no answer: ${why ?? 'nothing is told of it'}`
  const figures: Readonly<Record<string, Distribution | number | string>> = {
    network_connect: connect ?? none,
    network_answer: answer ?? none,
    network_loss: asked === 0 ? none : (100 * lost) / asked,
    network_share: shareOf(compared.connectMs, compared) ?? 'too few answers, or no TTFT to compare with',
    network_rise: riseOf(compared) ?? 'too few answers under load or without',
    clock_offset: clock?.offsetMs ?? 'no answer had a Date of its own',
  }
  return Object.fromEntries(
    definitions.map(({ id, unit }): [string, MetricResult] => {
      const figure = figures[id] ?? 'not measured'
      if (typeof figure === 'string') return [id, { kind: 'absent', unit, reason: figure }]
      if (typeof figure === 'number') return [id, { kind: 'scalar', unit, value: figure, count: asked }]
      return [id, { kind: 'distribution', unit, distribution: figure }]
    }),
  )
}

function riseOf({ connectMs, idleMs }: Compared): number | undefined {
  return connectMs === undefined || idleMs === undefined ? undefined : connectMs - idleMs
}

function shareOf(ms: number | undefined, { ttftMs }: Compared): number | undefined {
  return ms === undefined || ttftMs === undefined ? undefined : (100 * ms) / ttftMs
}

/** Less is our own loop as well as the network. */
const LEAST_MS = 1

function findCauses({ asked, lost, why }: Seen, compared: Compared): readonly Finding[] {
  const { connectMs = 0, idleMs = 0 } = compared
  const riseMs = riseOf(compared) ?? 0
  const finding = (code: string, figure: number | undefined, message: string): readonly Finding[] =>
    figure === undefined ? [] : [{ code, figure: Number(figure.toPrecision(4)), message }]
  return [
    ...finding(
      'network-share',
      connectMs < LEAST_MS ? undefined : shareOf(connectMs, compared),
      `the way to the server and back takes ${showMs(connectMs)}`,
    ),
    ...finding(
      'network-rise',
      riseMs < LEAST_MS ? undefined : shareOf(riseMs, compared),
      `a round trip takes ${showMs(connectMs)} under load, and ${showMs(idleMs)} without`,
    ),
    ...finding(
      'network-loss',
      lost === 0 ? undefined : (100 * lost) / asked,
      `${lost} of ${asked} questions to an idle route had no answer (${why})`,
    ),
  ]
}

const LINE_WIDTH = 76

/** As much as fits, the most important first. */
function writeLine({ asked, lost, connect, answer, clock }: Seen, compared: Compared): string | undefined {
  if (asked === 0) return undefined
  const share = shareOf(compared.connectMs, compared)
  const isOff = clock !== undefined && describeOffset(clock) !== undefined
  const parts = [
    connect === undefined ? undefined : `round trip ${showMs(connect.quantiles.p50 ?? connect.mean)}`,
    compared.idleMs === undefined ? undefined : `idle ${showMs(compared.idleMs)}`,
    share === undefined ? undefined : `${share.toFixed(0)} % of TTFT`,
    lost === 0 ? undefined : `${lost} of ${asked} lost`,
    isOff ? `clock off ${(clock.offsetMs / 1000).toFixed(0)} s` : undefined,
    answer === undefined ? undefined : `answer ${showMs(answer.quantiles.p50 ?? answer.mean)}`,
  ]
  let line: string | undefined
  for (const part of parts) {
    if (part === undefined) continue
    const longer = line === undefined ? part : `${line}, ${part}`
    if (longer.length <= LINE_WIDTH) line = longer
  }
  return line
}

function showMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}
