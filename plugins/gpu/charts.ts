import type { Sample, SeriesChart } from 'inferbench'
import type { DeviceReading } from './device.ts'
import { readDevicesAt } from './series.ts'

type Drawn = 'powerW' | 'busyPercent' | 'smClockMhz' | 'memoryUsedMib' | 'temperatureC'

function chart(id: string, title: string, unit: string, member: Drawn, scale = 1): SeriesChart {
  const amountOf = (device: DeviceReading): number | undefined => {
    const value = device[member]
    return value === undefined ? undefined : value * scale
  }
  return {
    id,
    title,
    unit,
    ...(member === 'powerW' ? { spark: true } : {}),
    values: (sample: Sample) => {
      const devices = readDevicesAt(sample)?.devices ?? []
      const values = devices.flatMap((device) => {
        const value = amountOf(device)
        return value === undefined ? [] : [[`GPU ${device.gpu}`, value] as const]
      })
      return Object.fromEntries(values)
    },
  }
}

export const charts: readonly SeriesChart[] = [
  chart('power', 'GPU power', 'W', 'powerW'),
  chart('busy', 'GPU busy', '%', 'busyPercent'),
  chart('clock', 'SM clock', 'MHz', 'smClockMhz'),
  chart('memory', 'GPU memory', 'GiB', 'memoryUsedMib', 1 / 1024),
  chart('temperature', 'GPU temperature', '°C', 'temperatureC'),
]
