/** What lines of the series hold, and reading them back. */
import { asArray, asObject, asText, type Sample } from 'inferbench'
import type { MeterPoint } from './energy.ts'

export type MeterKind = 'gpu' | 'cpu' | 'dram'

/** What is metered; the first line lists them all. */
export interface Meter {
  readonly device: string
  readonly kind: MeterKind
  /** Its counter of energy starts again from 0 there. */
  readonly wrapsAtJ?: number
}

/** Some devices at one instant; those of another source have lines of their own. */
export interface PowerLine {
  readonly devices: readonly { readonly device: string; readonly powerW?: number; readonly energyJ?: number }[]
}

export interface MeterSeries extends Meter {
  readonly points: readonly MeterPoint[]
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

const KINDS: readonly string[] = ['gpu', 'cpu', 'dram'] satisfies readonly MeterKind[]

/** Why devices of a kind are not among the meters. */
export function readUnmetered(samples: readonly Sample[]): Readonly<Partial<Record<MeterKind, string>>> {
  const reasons = asObject(samples.find(({ unmetered }) => unmetered !== undefined)?.unmetered)
  const [gpu, cpu] = [asText(reasons?.gpu), asText(reasons?.cpu)]
  return { ...(gpu === undefined ? {} : { gpu }), ...(cpu === undefined ? {} : { cpu, dram: cpu }) }
}

export function readMeters(samples: readonly Sample[]): readonly MeterSeries[] {
  const first = samples.find(({ meters }) => Array.isArray(meters))
  const meters = asArray(first?.meters).flatMap((value) => {
    const one = asObject(value)
    const device = asText(one?.device)
    if (device === undefined || !KINDS.includes(String(one?.kind))) return []
    const wrapsAtJ = asNumber(one?.wrapsAtJ)
    return {
      device,
      kind: one!.kind as MeterKind,
      ...(wrapsAtJ === undefined ? {} : { wrapsAtJ }),
      points: [] as MeterPoint[],
    }
  })
  const byDevice = new Map(meters.map((meter) => [meter.device, meter.points]))
  for (const { at, devices } of samples) {
    for (const value of asArray(devices)) {
      const one = asObject(value)
      const [powerW, energyJ] = [asNumber(one?.powerW), asNumber(one?.energyJ)]
      if (powerW === undefined && energyJ === undefined) continue
      byDevice
        .get(asText(one?.device) ?? '')
        ?.push({ at, ...(powerW === undefined ? {} : { powerW }), ...(energyJ === undefined ? {} : { energyJ }) })
    }
  }
  return meters
}
