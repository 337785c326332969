/** Figures of one window. Pure. */
import {
  asAmount,
  asObject,
  asText,
  createDistribution,
  cutSamples,
  type Finding,
  type MetricDefinition,
  type MetricResult,
  type Observation,
  partsOf,
  type Sample,
  type Series,
  type Window,
} from 'inferbench'
import { definitions } from './definitions.ts'
import type { ProcessSample, Usage } from './watch.ts'

const MIB = 2 ** 20

/** One stretch of the window, and the samples that tell of it. */
interface Part {
  readonly window: Window
  /** In it, and at either side the nearest one: what counters are differed between. */
  readonly around: readonly Sample[]
  readonly within: readonly Sample[]
}

/** A member of a sample, where it is an amount: samples may come from anybody's file. */
type Pick = (sample: Sample) => number | undefined

function amountOf(value: unknown): number | undefined {
  const amount = asAmount(value)
  return amount === undefined || amount > Number.MAX_SAFE_INTEGER ? undefined : amount
}

export function pickUsage(who: 'server' | 'client', member: keyof Usage): Pick {
  return (sample) => amountOf(asObject(sample[who])?.[member])
}

export function pickMemory(who: 'server' | 'client', member: keyof Usage = 'memoryBytes'): Pick {
  const bytes = pickUsage(who, member)
  return (sample) => {
    const value = bytes(sample)
    return value === undefined ? undefined : value / MIB
  }
}

export function summarizeProcesses(series: Series, window: Window): Observation {
  const windows = partsOf(series, window)
  const parts = (windows.length === 0 ? [window] : windows).map((part): Part => {
    const { before, within, after } = cutSamples(series.samples, part)
    const around = [before, ...within, after].filter((sample) => sample !== undefined)
    return { window: part, around: [...new Set(around)], within }
  })
  const figures = measure(parts)
  const metrics = Object.fromEntries(
    definitions.map((definition) => [
      definition.id,
      resultOf(definition, figures[definition.id], whyAbsent(series, window)),
    ]),
  )
  return { metrics, line: writeLine(metrics), findings: findCauses(metrics) }
}

/** One number, or a sample a reading; by id of the definition. */
type Figures = Readonly<Record<string, number | readonly number[] | undefined>>

function measure(parts: readonly Part[]): Figures {
  const each = (pick: Pick): readonly number[] =>
    parts.flatMap(({ within }) => within.map(pick).filter((value) => value !== undefined))
  const server = sumParts(parts, pickUsage('server', 'cpuMs'))
  const inKernel = sumParts(parts, pickUsage('server', 'systemMs'))
  const faults = sumParts(parts, pickUsage('server', 'majorFaults'))
  const busy = sumParts(parts, (sample) => amountOf(asObject(sample.machine)?.busyMs))
  const idle = sumParts(parts, (sample) => amountOf(asObject(sample.machine)?.idleMs))
  return {
    server_cpu: shares(parts, 'server'),
    server_cpu_system: inKernel && server && server.rise > 0 ? (100 * inKernel.rise) / server.rise : undefined,
    server_memory: each(pickMemory('server')),
    server_memory_shared_once: each(pickMemory('server', 'proportionalBytes')),
    server_memory_growth: sumParts(parts, pickMemory('server'))?.rise,
    server_processes: each(pickUsage('server', 'processes')),
    server_threads: each(pickUsage('server', 'threads')),
    server_files: each(pickUsage('server', 'files')),
    server_major_faults: faults && (1000 * faults.rise) / faults.lastedMs,
    client_cpu: shares(parts, 'client'),
    client_cpu_wait: each((sample) => amountOf(sample.clientWait)),
    client_memory: each(pickMemory('client')),
    client_threads: each(pickUsage('client', 'threads')),
    client_files: each(pickUsage('client', 'files')),
    machine_busy: busy && idle && busy.rise + idle.rise > 0 ? (100 * busy.rise) / (busy.rise + idle.rise) : undefined,
  }
}

/** Of each reading whose share is mostly of the window. */
function shares(parts: readonly Part[], who: 'server' | 'client'): readonly number[] {
  const [cpu, overMs] = [pickUsage(who, 'cpu'), pickUsage(who, 'cpuOverMs')]
  return parts.flatMap(({ window: { startAt, endAt }, around }) =>
    around.flatMap((sample) => {
      const middleAt = sample.at - (overMs(sample) ?? 0) / 2
      return middleAt < startAt || middleAt > endAt ? [] : (cpu(sample) ?? [])
    }),
  )
}

interface Rise {
  readonly rise: number
  readonly lastedMs: number
}

/** How much something changed over all parts; undefined where no part has two samples of it. */
function sumParts(parts: readonly Part[], pick: Pick): Rise | undefined {
  const rises = parts.map((part) => riseOf(part, pick)).filter((rise) => rise !== undefined)
  if (rises.length === 0) return undefined
  const sum = (of: (rise: Rise) => number): number => rises.reduce((all, rise) => all + of(rise), 0)
  return { rise: sum(({ rise }) => rise), lastedMs: sum(({ lastedMs }) => lastedMs) }
}

/** Between the edges of the part, interpolated; where samples begin later or end earlier, between these. */
function riseOf({ window, around }: Part, pick: Pick): Rise | undefined {
  const points = around.flatMap((sample) => {
    const value = pick(sample)
    return value === undefined ? [] : [{ at: sample.at, value }]
  })
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const startAt = Math.max(window.startAt, first.at)
  const endAt = Math.min(window.endAt, last.at)
  if (endAt <= startAt) return undefined
  const valueAt = (at: number): number => {
    const next = points.findIndex((point) => point.at >= at)
    const [low, high] = [points[Math.max(0, next - 1)]!, points[next]!]
    if (high.at === at || high.at <= low.at) return high.value
    return low.value + ((high.value - low.value) * (at - low.at)) / (high.at - low.at)
  }
  return { rise: valueAt(endAt) - valueAt(startAt), lastedMs: endAt - startAt }
}

function resultOf({ id, unit }: MetricDefinition, figure: Figures[string], why: (id: string) => string): MetricResult {
  if (typeof figure === 'number') return { kind: 'scalar', unit, value: figure }
  const collector = createDistribution()
  for (const value of figure ?? []) collector.add(value)
  const distribution = collector.result()
  return distribution === undefined
    ? { kind: 'absent', unit, reason: why(id) }
    : { kind: 'distribution', unit, distribution }
}

function whyAbsent({ samples }: Series, { startAt, endAt }: Window): (id: string) => string {
  const said = samples.findLast(
    (sample) => sample.at <= endAt && asText((sample as ProcessSample).noServer) !== undefined,
  )
  const none = samples.some(({ at }) => at >= startAt && at <= endAt)
    ? 'this system does not tell'
    : 'no reading in this time'
  return (id) =>
    id.startsWith('server') && said !== undefined ? `the server: ${(said as ProcessSample).noServer}` : none
}

const LINE_WIDTH = 76

function writeLine(metrics: Readonly<Record<string, MetricResult>>): string {
  const of = (who: 'server' | 'client'): string | undefined => {
    const [cpu, memory, threads] = ['cpu', 'memory', 'threads'].map((name) => metrics[`${who}_${name}`])
    const parts = [
      cpu?.kind === 'distribution' ? `${(cpu.distribution.mean / 100).toFixed(2)} cores` : undefined,
      memory?.kind === 'distribution' ? formatMib(memory.distribution.max) : undefined,
      who === 'server' && threads?.kind === 'distribution' ? `${threads.distribution.max} threads` : undefined,
    ].filter((part) => part !== undefined)
    return parts.length === 0 ? undefined : `${who} ${parts.join(', ')}`
  }
  const server = of('server') ?? 'server not seen'
  const client = of('client')
  const line = client === undefined ? server : `${server}; ${client}`
  return (line.length > LINE_WIDTH ? server : line).slice(0, LINE_WIDTH)
}

function formatMib(mib: number): string {
  return mib < 1024 ? `${digits(mib)} MiB` : `${digits(mib / 1024)} GiB`
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0)
}

/** What a reader would call a machine without a core to spare. */
const BUSY = 95

function findCauses(metrics: Readonly<Record<string, MetricResult>>): readonly Finding[] {
  const { client_cpu_wait: wait, machine_busy: machine, server_cpu: server, server_major_faults: faults } = metrics
  const findings: Finding[] = []
  if (
    machine?.kind === 'scalar' &&
    machine.value >= BUSY &&
    server?.kind === 'distribution' &&
    wait?.kind === 'distribution'
  ) {
    const waited = digits(wait.distribution.mean)
    findings.push({
      code: 'machine-busy',
      figure: Number(wait.distribution.mean.toPrecision(4)),
      message: `the machine that client and server share was ${digits(machine.value)} % busy: the client waited ${waited} % of the time for a core`,
    })
  }
  if (faults?.kind === 'scalar') {
    findings.push({
      code: 'server-paging',
      figure: Number(faults.value.toPrecision(4)),
      message: `the server waited for a disk: ${digits(faults.value)} page faults a second`,
    })
  }
  return findings
}
