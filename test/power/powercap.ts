import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ZONES: readonly (readonly [zone: string, name: string, energyUj: number, rangeUj: number])[] = [
  ['intel-rapl:0', 'package-0', 1_234_567_890, 262_143_328_850],
  ['intel-rapl:0:0', 'core', 500_000_000, 262_143_328_850],
  ['intel-rapl:0:1', 'dram', 77_000_000, 65_712_999_613],
  ['intel-rapl:1', 'package-1', 987_654_321, 262_143_328_850],
  ['intel-rapl:2', 'psys', 9_999_999_999, 262_143_328_850],
]

/** A folder as the kernel's `/sys/class/powercap` of a machine with two processors, where zones stand side by side. */
export function layOutZones(folder: string): string {
  for (const [zone, name, energy, range] of ZONES) {
    const path = join(folder, zone)
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'name'), `${name}\n`)
    writeFileSync(join(path, 'energy_uj'), `${energy}\n`)
    writeFileSync(join(path, 'max_energy_range_uj'), `${range}\n`)
  }
  mkdirSync(join(folder, 'intel-rapl'), { recursive: true })
  mkdirSync(join(folder, 'intel-rapl-mmio:0'), { recursive: true })
  return folder
}
