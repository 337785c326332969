/** Whole runs as a user starts them, with programs on the path that behave as the real ones. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import type { PluginSummary, Summary } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBench, startMock } from '../support/command.ts'
import { createStandIns, type StandIns } from './stand-in.ts'

let folder: string
let mock: Awaited<ReturnType<typeof startMock>>
let standIns: StandIns
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inferbench-gpu-run-'))
  standIns = await createStandIns({ nvidia: 'h200-x8-590.csv' })
  mock = await startMock()
}, 60_000)
afterAll(async () => {
  await mock.close()
  standIns.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function run(
  name: string,
  args: readonly string[],
  path: string,
): Promise<{ readonly said: string; readonly summary: Summary }> {
  const out = join(folder, name)
  const measured = ['--requests', '60', '--concurrency', '8', '--warmup', '8', '--output-tokens', '8']
  const { stdout, stderr, code } = await runBench(
    ['run', '--url', mock.url, ...measured, '--no-plugin', 'all', '--out', out, ...args],
    { env: { PATH: path } },
  )
  expect([0, 4], stderr).toContain(code)
  return { said: stdout + stderr, summary: JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as Summary }
}

function ofPlugin({ plugins = [] }: Summary, id: string): PluginSummary {
  return plugins.find(({ plugin }) => plugin === id)!
}

describe('bench run --plugin gpu --plugin power', () => {
  it('reads one nvidia-smi for both: the table, the summary, the verdict, and the report again', async () => {
    const path = `${standIns.folder}${delimiter}${process.env.PATH}`
    const plugins = ['--plugin', 'gpu', '--plugin', 'power', '--idle', '1s', '--price-gpu-hour', '2.5']
    const { said, summary } = await run('gpus', plugins, path)
    const [gpu, power] = [ofPlugin(summary, 'gpu'), ofPlugin(summary, 'power')]
    expect(gpu.absent).toBeUndefined()
    expect(gpu.source).toMatch(/^nvidia-smi 590\.48\.01, every 100 ms; GPU 0, 1, 2, 3, 4, 5, 6, 7 \(all: /)
    expect(gpu.scenarios[0]!.line).toMatch(/^8 x H200: /)
    expect(said).toContain('8 x H200')
    const { metrics, phases } = power.scenarios[0]!
    for (const id of ['energy', 'energy_net', 'energy_per_token', 'cost_per_mtok', 'power_idle']) {
      expect(metrics[id], id).toMatchObject({ kind: 'scalar' })
    }
    expect(metrics.energy_cpu).toMatchObject({ kind: 'absent' })
    expect(Object.keys(phases ?? {})).toEqual(expect.arrayContaining(['before', 'after']))
    // GPU 3 is slowed down by heat in every fourth tick.
    expect(summary.verdict.reasons.map(({ code }) => code)).toContain('gpu-throttled')

    const again = await runBench(['report', join(folder, 'gpus'), '--format', 'json'])
    expect(again.code, again.stderr).toBe(0)
    const { plugins: recomputed } = JSON.parse(again.stdout) as Summary
    expect(recomputed?.map(({ scenarios }) => scenarios)).toEqual([gpu, power].map(({ scenarios }) => scenarios))
  }, 60_000)

  it('says once why there is nothing, and measures the rest', async () => {
    const none = mkdtempSync(join(folder, 'path-'))
    const { said, summary } = await run('none', ['--plugin', 'gpu'], none)
    expect(ofPlugin(summary, 'gpu').absent).toMatch(
      /^no GPU is seen: there is no nvidia-smi, amd-smi, rocm-smi or powermetrics/,
    )
    expect(said.match(/no GPU is seen/g)).toHaveLength(1)
    expect(summary.scenarios[0]!.counts.byOutcome.ok).toBe(60)
  }, 60_000)
})
