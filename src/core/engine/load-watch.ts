import type { CalibrationLoad, RunCalibration } from '../calibration.ts'
import type { RequestRecord } from '../record.ts'
import { describeClient, quoteRun } from './calibration.ts'
import { readCalibration } from './calibration-cache.ts'
import { createLoadMeter, type LoadMeter } from './load-meter.ts'
import type { Session } from './session.ts'

/** Sees how much each scenario asked of this client, and finds what is known about its error there. */
export interface LoadWatch {
  add(record: RequestRecord): void
  /** undefined where calibrations cannot be kept. A file that cannot be used leaves a note in the session. */
  quote(): Promise<RunCalibration | undefined>
}

export function watchLoad({ plan, platform, note }: Session, transport: string): LoadWatch {
  const meters = new Map<string, LoadMeter>()
  return {
    add(record) {
      let meter = meters.get(record.scenario)
      if (meter === undefined) {
        meter = createLoadMeter()
        meters.set(record.scenario, meter)
      }
      meter.add(record)
    },
    async quote() {
      if (platform.files === undefined || platform.cacheFolder === undefined) return undefined
      const { connections } = plan.transportOptions
      const key = describeClient(platform, { transport, connections, threads: plan.threads ?? 'auto' })
      const { calibration, note: problem } = await readCalibration(platform, key)
      if (problem !== undefined) note(problem)
      const loads = [...meters].flatMap(([name, meter]): [string, CalibrationLoad][] => {
        const load = meter.read()
        return load === undefined ? [] : [[name, load]]
      })
      return quoteRun(key, calibration, new Map(loads))
    },
  }
}
