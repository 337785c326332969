/** `bench calibrate` and the runs that quote it, as processes of their own. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { readRunFolder } from '../support/run-folder.ts'
import { expectUsage } from './usage.ts'

const RUN = ['--concurrency', '2', '--requests', '4', '--output-tokens', '4', '--warmup', '0', '--seed', '1']

function files(folder: string): string[] {
  return readdirSync(join(folder, 'inferbench', 'calibration')).map((name) =>
    join(folder, 'inferbench', 'calibration', name),
  )
}

/** A whole ladder, on a machine that is busy with other tests. */
const LADDER_MS = 90_000

describe('bench calibrate', () => {
  let mock: Awaited<ReturnType<typeof startMock>>
  beforeAll(async () => {
    mock = await startMock('--ttft', '5ms', '--itl', '20ms')
  })
  afterAll(() => mock.close())

  it('climbs, keeps what it found, and a run quotes the row that covers it', () =>
    withFolder(async (folder) => {
      const env = { XDG_CACHE_HOME: folder }
      const ladder = await runBench(['calibrate', '--quick', '--levels', '8@5ms', '--json'], { env })
      expect(ladder.code, ladder.stderr).toBe(0)
      expect(ladder.stderr).toBe('')
      const calibration = JSON.parse(ladder.stdout)
      expect(calibration).toMatchObject({ v: 1, key: { transport: 'socket', connections: 'reuse', threads: 'auto' } })
      expect(calibration.rows.map((row: { gapMs: number }) => row.gapMs)).toEqual([5])
      expect(calibration.rows[0]).toMatchObject({ streams: 8, requests: 104 })
      expect(calibration.limits).toHaveLength(4)
      const [kept] = files(folder)
      expect(JSON.parse(readFileSync(kept!, 'utf8')).rows).toEqual(calibration.rows)

      const out = join(folder, 'run')
      const run = await runBench(['run', '--url', mock.url, ...RUN, '--out', out], { env })
      expect(run.code, run.stderr).toBe(0)
      const { manifest } = readRunFolder(out)
      expect(manifest.calibration).toMatchObject({ key: calibration.key, madeAt: calibration.madeAt })
      const [quote] = Object.values(manifest.calibration!.scenarios)
      expect(quote).toMatchObject({ covered: true, load: { streams: 2 }, row: calibration.rows[0] })
      const said = new RegExp(
        `instrument error at this load: p99 .*\\(calibrated\\s+${calibration.madeAt.slice(0, 10)}`,
      )
      expect(run.stdout.replaceAll(/\s+/g, ' ')).toMatch(said)

      // From the manifest alone: the cache is gone.
      const report = await runBench(['report', out], { env: { XDG_CACHE_HOME: join(folder, 'nothing') } })
      expect(report.stdout.replaceAll(/\s+/g, ' ')).toMatch(said)

      const other = join(folder, 'fresh')
      await runBench(['run', '--url', mock.url, ...RUN, '--connections', 'fresh', '--out', other], { env })
      const [none] = Object.values(readRunFolder(other).manifest.calibration!.scenarios)
      expect(none).toMatchObject({ covered: false, reason: 'none' })

      writeFileSync(kept!, '{"v":1')
      const damaged = join(folder, 'damaged')
      const after = await runBench(['run', '--url', mock.url, ...RUN, '--out', damaged], { env })
      expect(after.code, after.stderr).toBe(0)
      expect(after.stdout).toMatch(/note: the calibration\s+in\s[\s\S]*is\s+damaged/)
      expect(readRunFolder(damaged).manifest.calibration).not.toHaveProperty('madeAt')
    }))

  it('shows the ladder, its picture and its limits', () =>
    withFolder(async (folder) => {
      const shown = await runBench(['calibrate', '--quick', '--levels', '1'], { env: { XDG_CACHE_HOME: folder } })
      expect(shown.code, shown.stderr).toBe(0)
      expect(shown.stderr).toMatch(/^calibrating \w+: 1 load, about \d+ s\n$/)
      const lines = shown.stdout.split('\n')
      expect(lines[1]).toMatch(/streams +gap +events\/s +p50 +p90 +p99 +max +p50 +p90 +p99 +max +p99 +CPU/)
      expect(
        Math.max(...lines.filter((line) => !line.startsWith('kept in')).map((line) => line.length)),
      ).toBeLessThanOrEqual(80)
      expect(shown.stdout).toMatch(/first =+/)
      expect(shown.stdout.match(/^p99 error of /gm)).toHaveLength(4)
      expect(shown.stdout).toContain(`kept in ${files(folder)[0]}`)
    }))

  it(
    'a run calibrates itself once when it is asked to',
    () =>
      withFolder(async (folder) => {
        const env = { XDG_CACHE_HOME: folder }
        const measure = (out: string) =>
          runBench(['run', '--url', mock.url, ...RUN, '--calibrate', '--out', join(folder, out)], { env })
        const first = await measure('first')
        expect(first.code, first.stderr).toBe(0)
        expect(first.stderr).toMatch(/calibrating this client first: about \d+ s/)
        const second = await measure('second')
        expect(second.stderr).not.toMatch(/calibrating/)
        const made = ['first', 'second'].map((name) => readRunFolder(join(folder, name)).manifest.calibration!.madeAt)
        expect(made[0]).toBe(made[1])
        expect(made[0]).toBeDefined()
      }),
    LADDER_MS,
  )

  it('refuses what makes no sense, in one line', async () => {
    const refuse = async (args: readonly string[], said: RegExp) =>
      expectUsage(await runBench(['calibrate', ...args]), said)
    await Promise.all([
      refuse(['--levls', '1'], /did you mean --levels\?/),
      refuse(['--levels', '0'], /--levels: "0" is no level/),
      refuse(['--max-streams', 'many'], /--max-streams/),
      refuse(['--transport', 'socked'], /--transport: there is no "socked"/),
    ])
    await Promise.all([
      refuse(['--concurrency', '4'], /--concurrency goes with --against only/),
      refuse(['--log', 'x'], /--against URL or --run FOLDER/),
      refuse(['--run', 'nothing', '--log', 'x'], /nothing/),
      refuse(['--quick', '--run', 'x', '--log', 'x'], /--quick goes with/),
    ])
  })
})
