/**
 * Energy of processors as Linux tells it: counters of `/sys/class/powercap`, Intel's and AMD's alike. Since 2020 (CVE-2020-8694) only root may read them.
 */
import type { Files } from 'inferbench'

export const POWERCAP = '/sys/class/powercap'

export interface RaplZone {
  /** `package-0`, `dram-0` (of package 0). */
  readonly name: string
  readonly kind: 'cpu' | 'dram'
  readonly file: string
  /** Where the counter starts again from 0. */
  readonly wrapsAtJ?: number
}

const ZONE = /^intel-rapl:(\d+)(?::\d+)?$/

/** A package (of several dies, each) holds all its parts but the memory beside it; `psys` holds packages, and is not added to them. */
export async function findZones(
  files: Files,
  folder: string = POWERCAP,
): Promise<{ readonly zones: readonly RaplZone[] } | { readonly reason: string }> {
  const found: RaplZone[] = []
  let closed = false
  for (const [zone, path] of await listZones(files, folder)) {
    const name = (await attempt(files.readText(files.join(path, 'name'))))?.trim() ?? ''
    const kind = /^package-\d+(?:-die-\d+)?$/.test(name) ? 'cpu' : name === 'dram' ? 'dram' : undefined
    if (kind === undefined) continue
    const file = files.join(path, 'energy_uj')
    if ((await readZone(files, { file })) === undefined) {
      closed = true
      continue
    }
    const range = readMicrojoules(await attempt(files.readText(files.join(path, 'max_energy_range_uj'))))
    const label = kind === 'dram' ? `dram-${ZONE.exec(zone)![1]}` : name
    found.push({ name: label, kind, file, ...(range === undefined || range === 0 ? {} : { wrapsAtJ: range }) })
  }
  // A sum that lacks one is no sum.
  if (found.length > 0 && !closed) return { zones: found }
  return {
    reason: closed
      ? `the counters of ${folder} are for root to read: sudo, or chmod a+r ${folder}/intel-rapl:*/energy_uj`
      : `no processor tells its energy in ${folder}`,
  }
}

/** By name. Links to all of them stand side by side, and a zone lies within the one that it is a part of as well. */
async function listZones(files: Files, folder: string): Promise<readonly (readonly [zone: string, path: string])[]> {
  const zones = new Map<string, string>()
  const look = async (place: string): Promise<void> => {
    const names = ((await attempt(files.list(place))) ?? []).filter((name) => ZONE.test(name) && !zones.has(name))
    for (const name of names) zones.set(name, files.join(place, name))
    for (const name of names) await look(files.join(place, name))
  }
  await look(folder)
  await look(files.join(folder, 'intel-rapl'))
  return [...zones].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Joules; undefined when it cannot be read. */
export async function readZone(files: Files, { file }: Pick<RaplZone, 'file'>): Promise<number | undefined> {
  return readMicrojoules(await attempt(files.readText(file)))
}

function readMicrojoules(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,19}\s*$/.test(text) ? Number(text) / 1e6 : undefined
}

async function attempt<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  return await asked.catch(() => undefined)
}
