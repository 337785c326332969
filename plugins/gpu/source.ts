/** What tells about GPUs, opened once however many plugins read it. */
import { BenchError, type Platform } from 'inferbench'
import { AMD_SMI, findJson, ROCM_SMI, readAmdSmi, readRocmSmi } from './amd.ts'
import { ask, lastWords, start, stop } from './command.ts'
import { type PrometheusSample, readDcgm } from './dcgm.ts'
import type { DeviceReading, GpuReading } from './device.ts'
import { createTickReader, dropUnknownField, GPU_FIELDS, readAnswer } from './nvidia-smi.ts'
import { createBlockReader, POWERMETRICS } from './powermetrics.ts'

export type SourceKind = 'dcgm' | 'nvidia-smi' | 'amd-smi' | 'rocm-smi' | 'powermetrics'

/** What a source is opened with. Sources of equal settings are one. */
export interface SourceSettings {
  /** Address of a DCGM exporter; absent: a tool of this machine. */
  readonly dcgm?: string
  /** Absent: as often as the source is worth asking. */
  readonly everyMs?: number
}

/** One question to an exporter, and what is read from its answer. */
export type Scrape = (
  url: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<{ readonly at: number; readonly status: number; readonly samples: readonly PrometheusSample[] }>

export interface GpuSource {
  readonly kind: SourceKind
  /** For people, with the version where it is told. */
  readonly name: string
  readonly everyMs: number
  /** As first seen. */
  readonly devices: readonly DeviceReading[]
  /**
   * All readings since this reader's last call. A source that streams is only emptied; any other is asked. Rejects when it says nothing any
   * more, with its last words.
   */
  read(signal: AbortSignal): Promise<readonly GpuReading[]>
  /** The source ends with its last reader. */
  close(): Promise<void>
}

/** What the kinds differ in. `renew` brings readings to `emit`, or makes sure that they come. */
interface Feed extends Pick<GpuSource, 'kind' | 'name' | 'everyMs' | 'devices' | 'close'> {
  renew(signal: AbortSignal): Promise<void>
}

type Emit = (reading: GpuReading) => void

interface Shared {
  readonly opened: Promise<Feed>
  readonly queues: Set<GpuReading[]>
}

const open = new WeakMap<Platform, Map<string, Shared>>()

/** Rejects with a `BenchError` that says why there is nothing to read. */
export async function openGpuSource(platform: Platform, settings: SourceSettings, scrape: Scrape): Promise<GpuSource> {
  const ofPlatform = open.get(platform) ?? new Map<string, Shared>()
  open.set(platform, ofPlatform)
  const key = JSON.stringify([settings.dcgm, settings.everyMs])
  const shared = ofPlatform.get(key) ?? share(platform, settings, scrape)
  ofPlatform.set(key, shared)
  const queue: GpuReading[] = []
  shared.queues.add(queue)

  const leave = async (): Promise<void> => {
    if (!shared.queues.delete(queue) || shared.queues.size > 0) return
    ofPlatform.delete(key)
    await (await shared.opened).close()
  }
  try {
    const feed = await shared.opened
    return {
      kind: feed.kind,
      name: feed.name,
      everyMs: feed.everyMs,
      devices: feed.devices,
      async read(signal) {
        const last = queue.at(-1)
        // What another reader asked for may be too old to stand for now.
        if (last === undefined || platform.clock.now() - last.at > feed.everyMs / 2) {
          await feed.renew(signal).catch((thrown: unknown) => {
            if (queue.length === 0) throw thrown
          })
        }
        return queue.splice(0)
      },
      close: leave,
    }
  } catch (thrown) {
    shared.queues.delete(queue)
    ofPlatform.delete(key)
    throw thrown
  }
}

function share(platform: Platform, settings: SourceSettings, scrape: Scrape): Shared {
  const queues = new Set<GpuReading[]>()
  const emit: Emit = (reading) => {
    for (const queue of queues) {
      queue.push(reading)
      // Nobody empties it any more, or not for minutes.
      if (queue.length > MAX_UNREAD) queue.shift()
    }
  }
  const opened =
    settings.dcgm === undefined
      ? openTool(platform, settings.everyMs, emit)
      : openDcgm(settings.dcgm, settings.everyMs, scrape, emit)
  return { queues, opened }
}

const MAX_UNREAD = 10_000
/** For the one question before a stream: a driver may have to wake up. */
const FIRST_ANSWER_MS = 10_000

/** Each gives undefined where there is no such tool, and rejects where there is one that does not work. */
const TOOLS = [openNvidiaSmi, openAmdSmi, openRocmSmi, openPowermetrics]

async function openTool(platform: Platform, everyMs: number | undefined, emit: Emit): Promise<Feed> {
  if (platform.spawn === undefined) {
    throw new BenchError('unsupported', `${platform.name} may start no program here that tells about GPUs`)
  }
  const failures: string[] = []
  for (const openOne of TOOLS) {
    try {
      const feed = await openOne(platform, everyMs, emit)
      if (feed !== undefined) return feed
    } catch (thrown) {
      failures.push(thrown instanceof Error ? thrown.message : String(thrown))
    }
  }
  const found = failures.join('; ')
  throw new BenchError(
    'unsupported',
    found ||
      'no GPU is seen: there is no nvidia-smi, amd-smi, rocm-smi or powermetrics; for one elsewhere give dcgm=URL',
  )
}

async function openNvidiaSmi(platform: Platform, asked: number | undefined, emit: Emit): Promise<Feed | undefined> {
  const everyMs = asked ?? 100
  const command = 'nvidia-smi'
  let fields = GPU_FIELDS
  for (;;) {
    const answer = await ask(platform, command, queryGpus(fields), FIRST_ANSWER_MS)
    if (answer === undefined) return undefined
    const { devices, driver } = readAnswer(answer.lines)
    if (devices.length > 0) {
      const args = [...queryGpus(fields), `--loop-ms=${everyMs}`]
      const stream = openStream(platform, command, args, everyMs, () => createTickReader(devices.length), emit)
      return {
        kind: command,
        name: `nvidia-smi${driver === undefined ? '' : ` ${driver}`}`,
        everyMs,
        devices,
        ...stream,
      }
    }
    const fewer = dropUnknownField(fields, answer.lines)
    if (fewer === undefined) throw new BenchError('unsupported', `nvidia-smi: ${lastWords(answer)}`)
    fields = fewer
  }
}

function queryGpus(fields: readonly string[]): readonly string[] {
  return [`--query-gpu=${fields.join(',')}`, '--format=csv,nounits']
}

async function openPowermetrics(platform: Platform, asked: number | undefined, emit: Emit): Promise<Feed | undefined> {
  const everyMs = asked ?? 500
  const command = 'powermetrics'
  const args = [...POWERMETRICS, String(everyMs)]
  const first = await ask(platform, command, [...args, '--sample-count', '1'], FIRST_ANSWER_MS + everyMs)
  if (first === undefined) return undefined
  const reader = createBlockReader()
  const reading = first.lines.map((line) => reader.push(line, 0)).find((one) => one !== undefined)
  if (reading === undefined) {
    const words = lastWords(first)
    const root = /superuser/.test(words) ? ': run bench as root (sudo) to read the GPU' : ''
    throw new BenchError('unsupported', `${words}${root}`)
  }
  const stream = openStream(platform, command, args, everyMs, createBlockReader, emit)
  return { kind: command, name: command, everyMs, devices: reading.devices, ...stream }
}

/** After so long without a line a program hangs. */
const SILENT_MS = 5000
/** A program that ended is started again, at most so often. */
const AGAIN_MS = 5000

interface LineReader {
  push(line: string, at: number): GpuReading | undefined
  readonly complaint: string | undefined
}

/** One process that prints as long as we live. When it ends or hangs it is started again. */
function openStream(
  platform: Platform,
  command: string,
  args: readonly string[],
  everyMs: number,
  createReader: () => LineReader,
  emit: Emit,
): Pick<Feed, 'renew' | 'close'> {
  const { clock } = platform
  let closed = false
  /** Why it says nothing, until it says something again: every reader is to know. */
  let broken: string | undefined
  let running = run()

  function run(): { readonly child: ReturnType<typeof start>; startedAt: number; heardAt: number; why?: string } {
    const child = start(platform, command, args)
    const reader = createReader()
    const now = clock.now()
    const state: ReturnType<typeof run> = { child, startedAt: now, heardAt: now }
    const listen = async (): Promise<void> => {
      for await (const line of child?.lines ?? []) {
        state.heardAt = clock.now()
        const reading = reader.push(line, state.heardAt)
        if (reading === undefined || closed) continue
        broken = undefined
        emit(reading)
      }
      state.why ??= `${command} ended${reader.complaint === undefined ? '' : `: ${reader.complaint}`}`
    }
    void listen()
    return state
  }

  return {
    async renew() {
      const now = clock.now()
      if (running.why === undefined && now - running.heardAt > SILENT_MS + 10 * everyMs) {
        running.why = `${command} has said nothing for ${Math.round((now - running.heardAt) / 1000)} s`
        running.child?.kill('SIGKILL')
      }
      if (running.why !== undefined) {
        broken = running.why
        if (!closed && now - running.startedAt > AGAIN_MS) running = run()
      }
      if (broken !== undefined) throw new BenchError('unreachable', broken)
    },
    async close() {
      closed = true
      if (running.child !== undefined) await stop(running.child)
    },
  }
}

/** A process a reading is how these are meant; Python starts each time. */
const AMD_EVERY_MS = 2000

/** Shorter than the host waits for a reading, so that what else belongs to it is not lost. */
function answerLimit(everyMs: number): number {
  return Math.min(8000, Math.max(1500, 4 * everyMs))
}

async function openAmdSmi(platform: Platform, asked: number | undefined, emit: Emit): Promise<Feed | undefined> {
  return openAsked(platform, 'amd-smi', AMD_SMI, readAmdSmi, asked ?? AMD_EVERY_MS, emit)
}

async function openRocmSmi(platform: Platform, asked: number | undefined, emit: Emit): Promise<Feed | undefined> {
  return openAsked(platform, 'rocm-smi', ROCM_SMI, readRocmSmi, asked ?? AMD_EVERY_MS, emit)
}

async function openAsked(
  platform: Platform,
  command: 'amd-smi' | 'rocm-smi',
  args: readonly string[],
  read: (answer: unknown) => readonly DeviceReading[],
  everyMs: number,
  emit: Emit,
): Promise<Feed | undefined> {
  const first = await ask(platform, command, args, FIRST_ANSWER_MS)
  if (first === undefined) return undefined
  const devices = read(findJson(first.lines))
  if (devices.length === 0) throw new BenchError('unsupported', `${command}: ${lastWords(first)}`)
  const renew = onceAtATime(async (signal) => {
    const askedAt = platform.clock.now()
    const answer = await ask(platform, command, args, answerLimit(everyMs), signal)
    const now = answer === undefined ? [] : read(findJson(answer.lines))
    if (now.length === 0)
      throw new BenchError('unreachable', `${command}: ${answer === undefined ? 'it is gone' : lastWords(answer)}`)
    emit({ at: (askedAt + platform.clock.now()) / 2, devices: now })
  })
  return { kind: command, name: `${command}, a process a reading`, everyMs, devices, renew, close: async () => {} }
}

async function openDcgm(url: string, asked: number | undefined, scrape: Scrape, emit: Emit): Promise<Feed> {
  const everyMs = asked ?? 1000
  const { origin, pathname } = new URL(url)
  const place = origin + pathname
  const readOnce = async (signal: AbortSignal): Promise<GpuReading> => {
    const { at, status, samples } = await scrape(url, { timeoutMs: answerLimit(everyMs), signal })
    if (status !== 200)
      throw new BenchError('unreachable', `${place} answers ${status}, not the text of a DCGM exporter`)
    const devices = readDcgm(samples)
    if (devices.length === 0) throw new BenchError('unreachable', `${place} names no GPU: is it a DCGM exporter?`)
    if (new Set(devices.map(({ gpu }) => gpu)).size < devices.length)
      throw new BenchError('unsupported', `${place} tells of several machines: give the exporter of the server's own`)
    return { at, devices }
  }
  const { devices } = await readOnce(new AbortController().signal)
  let last: string | undefined
  const renew = onceAtATime(async (signal) => {
    const reading = await readOnce(signal)
    // The exporter looks at the GPUs at its own pace, every 30 s by default, and repeats itself until then. Energy never stands still.
    const energy = reading.devices.map(({ energyJ }) => energyJ ?? '').join()
    if (energy !== last || !/\d/.test(energy)) emit(reading)
    last = energy
  })
  return { kind: 'dcgm', name: `DCGM exporter at ${place}`, everyMs, devices, renew, close: async () => {} }
}

/** Who asks while an answer is on its way waits for that one. */
function onceAtATime(task: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  let running: Promise<void> | undefined
  return (signal) => {
    running ??= task(signal).finally(() => {
      running = undefined
    })
    return running
  }
}
