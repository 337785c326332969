/** Calibrations are kept, a file for each client: measured once, quoted by every later run. */
import * as v from 'valibot'
import type { Calibration, CalibrationKey } from '../calibration.ts'
import { BenchError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Platform } from '../platform.ts'
import { hashText } from '../workload/hash.ts'

const VERSION = 1

const amount = v.pipe(v.number(), v.finite())
const quantiles = v.object({ p50: amount, p90: amount, p99: amount, max: amount })
const schema: v.GenericSchema<unknown, Calibration> = v.looseObject({
  v: v.literal(VERSION),
  tool: v.string(),
  key: v.object({
    machine: v.string(),
    runtime: v.string(),
    transport: v.string(),
    connections: v.string(),
    threads: v.union([v.number(), v.literal('auto')]),
  }),
  madeAt: v.pipe(v.string(), v.isoTimestamp()),
  rows: v.pipe(
    v.array(
      v.object({
        streams: amount,
        eventsPerSecond: amount,
        gapMs: amount,
        requests: amount,
        firstEvent: quantiles,
        gaps: quantiles,
        sendLateness: quantiles,
        cpu: v.exactOptional(amount),
        serverLimited: v.exactOptional(v.literal(true)),
      }),
    ),
    v.minLength(1),
  ),
})

export interface CachedCalibration {
  readonly calibration?: Calibration
  /** Why a file that is there was not used. */
  readonly note?: string
}

/** Never throws: what cannot be read or understood counts as absent. */
export async function readCalibration(platform: Platform, key: CalibrationKey): Promise<CachedCalibration> {
  const path = nameFile(platform, key)
  if (path === undefined || !(await isThere(platform, key))) return {}
  const absent = (why: string): CachedCalibration => ({
    note: `the calibration in ${path} ${why}; bench calibrate makes a new one`,
  })
  let text: string
  try {
    text = await platform.files!.readText(path)
  } catch {
    return absent('cannot be read')
  }
  const parsed = v.safeParse(schema, parseJson(text))
  if (!parsed.success) return absent('is damaged, or from another version of inferbench')
  return sameKey(parsed.output.key, key) ? { calibration: parsed.output } : absent('is of another client')
}

/** Returns where it was kept. Throws `BenchError('unsupported' | 'usage' | 'storage')`. */
export async function writeCalibration(platform: Platform, calibration: Calibration): Promise<string> {
  const path = nameFile(platform, calibration.key)
  if (path === undefined)
    throw new BenchError('unsupported', 'there is no folder to keep a calibration in; set XDG_CACHE_HOME to one')
  await platform.files!.makeFolder(folderOf(platform)!)
  await platform.files!.writeText(path, `${JSON.stringify(calibration, null, 2)}\n`)
  return path
}

function folderOf({ files, cacheFolder }: Platform): string | undefined {
  return files === undefined || cacheFolder === undefined ? undefined : files.join(cacheFolder, 'calibration')
}

/** `node-24-socket-reuse-1-0k2fz9q81xw.json`: the machine as a hash, since a folder may be shared by several. */
function nameFile(platform: Platform, key: CalibrationKey): string | undefined {
  const folder = folderOf(platform)
  if (folder === undefined) return undefined
  return platform.files!.join(folder, nameOf(key))
}

function nameOf({ machine, runtime, transport, connections, threads }: CalibrationKey): string {
  const words = [runtime, transport, connections, String(threads)].map((word) => word.replaceAll(/[^a-z0-9]+/gi, '-'))
  return `${words.join('-')}-${hashText(machine)}.json`
}

async function isThere(platform: Platform, key: CalibrationKey): Promise<boolean> {
  try {
    return (await platform.files!.list(folderOf(platform)!))?.includes(nameOf(key)) ?? false
  } catch {
    return false
  }
}

function sameKey(a: CalibrationKey, b: CalibrationKey): boolean {
  return (Object.keys(b) as (keyof CalibrationKey)[]).every((member) => a[member] === b[member])
}
