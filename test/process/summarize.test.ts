import fc from 'fast-check'
import type { Sample, Window } from 'inferbench'
import { describe, expect, it } from 'vitest'
import plugin from '../../plugins/process.ts'
import { seriesOf } from './context.ts'

const MIB = 2 ** 20
const measure: Window = { name: 'measure', startAt: 1000, endAt: 3000 }

/** Every half second: the server uses two cores from the window's start on, a quarter of that in the kernel, and grows by 1 MiB a second. */
function busySamples(): readonly Sample[] {
  return Array.from({ length: 9 }, (_, i) => {
    const at = i * 500
    const busyMs = Math.max(0, Math.min(at, 3000) - 1000)
    return {
      at,
      server: {
        processes: 2,
        threads: 34,
        cpuMs: 2 * busyMs,
        systemMs: busyMs / 2,
        cpu: at > 1000 && at <= 3000 ? 200 : 0,
        cpuOverMs: 500,
        memoryBytes: (1000 + at / 1000) * MIB,
        majorFaults: at,
        ...(i % 4 === 0 && { files: 20, proportionalBytes: 900 * MIB }),
      },
      client: {
        processes: 1,
        threads: 11,
        cpuMs: at / 10,
        systemMs: 0,
        cpu: 10,
        cpuOverMs: 500,
        memoryBytes: 150 * MIB,
        files: 40,
      },
      machine: { cores: 2, busyMs: 1.96 * at, idleMs: 0.04 * at },
      ...(i % 4 === 0 && { clientWait: 12 }),
    }
  })
}

const summarize = (samples: readonly Sample[], windows: readonly Window[] = [measure], window = windows[0]!) =>
  plugin.summarize!(seriesOf(plugin, samples, windows), window)

describe('what processes come to in a window', () => {
  it('has the server, the client and the machine', () => {
    const { metrics, line, findings } = summarize(busySamples())
    expect(metrics.server_cpu).toMatchObject({ unit: '%', distribution: { count: 4, mean: 200 } })
    expect(metrics.server_cpu_system).toEqual({ kind: 'scalar', unit: '%', value: 25 })
    expect(metrics.server_memory).toMatchObject({ unit: 'MiB', distribution: { min: 1001, max: 1003 } })
    expect(metrics.server_memory_shared_once).toMatchObject({ distribution: { mean: 900 } })
    expect(metrics.server_memory_growth).toMatchObject({ value: 2 })
    expect(metrics.server_major_faults).toMatchObject({ unit: '1/s', value: 1000 })
    expect(metrics.server_threads).toMatchObject({ distribution: { max: 34 } })
    expect(metrics.server_files).toMatchObject({ distribution: { max: 20 } })
    expect(metrics.client_cpu).toMatchObject({ distribution: { mean: 10 } })
    expect(metrics.machine_busy).toMatchObject({ value: 98 })
    expect(line).toBe('server 2.00 cores, 1003 MiB, 34 threads; client 0.10 cores, 150 MiB')
    expect(findings).toEqual([
      {
        code: 'machine-busy',
        figure: 12,
        message:
          'the machine that client and server share was 98 % busy: the client waited 12 % of the time for a core',
      },
      { code: 'server-paging', figure: 1000, message: 'the server waited for a disk: 1000 page faults a second' },
    ])
    expect(plugin.limits!.map(({ code }) => code)).toEqual(findings!.map(({ code }) => code))
  })

  it('counts what lies between repetitions for none of them', () => {
    const parts: readonly Window[] = [
      { name: 'measure', startAt: 0, endAt: 1000 },
      { name: 'measure', startAt: 3000, endAt: 4000 },
    ]
    const { metrics } = summarize(busySamples(), parts, { name: 'measure', startAt: 0, endAt: 4000, pausedMs: 2000 })
    expect(metrics.server_cpu).toMatchObject({ distribution: { max: 0 } })
    expect(metrics.server_memory_growth).toMatchObject({ value: 2 })
  })

  it('interpolates counters at edges between two readings', () => {
    const window: Window = { name: 'measure', startAt: 1250, endAt: 2750 }
    const { metrics } = summarize(busySamples(), [window])
    expect(metrics.server_memory_growth).toMatchObject({ value: 1.5 })
  })

  it('says why there is nothing of the server', () => {
    const samples = busySamples().map(({ server: _, ...sample }, i) => ({
      ...sample,
      ...(i === 0 && { noServer: 'host.example is not known to be this machine' }),
    })) as readonly Sample[]
    const { metrics, line, findings } = summarize(samples)
    const reason = 'the server: host.example is not known to be this machine'
    expect(metrics.server_cpu).toEqual({ kind: 'absent', unit: '%', reason })
    expect(metrics.client_cpu?.kind).toBe('distribution')
    expect(line).toBe('server not seen; client 0.10 cores, 150 MiB')
    expect(findings).toEqual([])
  })

  it('finds nothing wrong with a machine that has a core to spare', () => {
    const samples = busySamples().map((sample) => ({
      ...sample,
      machine: { cores: 2, busyMs: sample.at, idleMs: sample.at },
    }))
    expect(summarize(samples).findings!.map(({ code }) => code)).toEqual(['server-paging'])
  })

  it('is absent where nothing was read', () => {
    for (const result of Object.values(summarize([]).metrics)) {
      expect(result).toMatchObject({ kind: 'absent', reason: 'no reading in this time' })
    }
  })

  it('has all figures, all of them finite, and a short line, whatever the file holds', () => {
    const usage = fc.dictionary(
      fc.constantFrom(
        'cpu',
        'cpuMs',
        'cpuOverMs',
        'systemMs',
        'memoryBytes',
        'threads',
        'files',
        'processes',
        'majorFaults',
      ),
      fc.oneof(fc.double(), fc.nat(), fc.anything()),
    )
    const odd = fc.record(
      {
        server: fc.oneof(usage, fc.anything()),
        client: usage,
        machine: usage,
        clientWait: fc.anything(),
        noServer: fc.anything(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(odd), (rows) => {
        const samples = rows.map((row, i) => ({ ...row, at: i * 400 }))
        const { metrics, line } = summarize(samples)
        expect(Object.keys(metrics)).toEqual(plugin.definitions.map(({ id }) => id))
        expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
        expect(line!.length).toBeLessThanOrEqual(76)
        for (const chart of plugin.charts!) {
          for (const sample of samples) expect(Object.values(chart.values(sample)).every(Number.isFinite)).toBe(true)
        }
      }),
    )
  })
})
