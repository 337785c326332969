/** `bench explain` and `--definitions`, as processes. */
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { okRecord } from '../metrics/records.ts'
import { manifestOf } from '../report/runs.ts'
import { runBench, withFolder } from '../support/command.ts'

/** A run of two answers: role at 3 ms after the sending, then tokens; 31 ms to the last of them. */
function writeRun(folder: string): string {
  const run = join(folder, 'run')
  mkdirSync(run)
  const scenarios = [{ name: 'one', title: '1 stream', arrival: 'closed loop, 1 slot', requests: 2, workload: {} }]
  writeFileSync(
    join(run, 'manifest.json'),
    JSON.stringify(manifestOf({ scenarios, endedAt: '2026-11-23T10:01:00.000Z' })),
  )
  const events = { us: [3_000, 8_000, 10_000, 10_000, 500], kind: 'ottto' }
  const records = [0, 50].map((sentAt) =>
    okRecord({ dueAt: sentAt, sentAt, headersAt: sentAt + 2, endAt: sentAt + 32, events }),
  )
  writeFileSync(join(run, 'records.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return run
}

describe('bench explain', () => {
  it('shows the tools side by side, in 80 columns, and says why they differ', () =>
    withFolder(async (folder) => {
      const run = writeRun(folder)
      const before = readFileSync(join(run, 'records.jsonl'), 'utf8')
      const { code, stdout, stderr } = await runBench(['explain', run])
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/^TTFT +mean +11\.0 +3\.00 +11\.0 +11\.0 +11\.0 +11\.0$/m)
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain('all 2 answers began with a message without a token')
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
      expect(readFileSync(join(run, 'records.jsonl'), 'utf8')).toBe(before)
    }))

  it('says the same as JSON, with the formulas', () =>
    withFolder(async (folder) => {
      const { code, stdout } = await runBench(['explain', writeRun(folder), '--json'])
      expect(code).toBe(0)
      const { profiles, scenarios } = JSON.parse(stdout)
      expect(profiles.vllm.metrics.ttft.formula).toContain('first message with choices')
      expect(scenarios[0].figures.vllm.ttft.distribution.mean).toBe(3)
      expect(scenarios[0].figures.probar.total_tok_s.kind).toBe('absent')
      expect(scenarios[0].explanations.some((one: { kind: string }) => one.kind === 'reason')).toBe(true)
      expect(stdout).not.toContain('histogram":')
    }))

  it('reads what a run left that was cut off', () =>
    withFolder(async (folder) => {
      const run = writeRun(folder)
      appendFileSync(join(run, 'records.jsonl'), '{"n":2,"id":"req')
      const { code, stderr } = await runBench(['explain', run])
      expect(code).toBe(0)
      expect(stderr).toContain('cut off')
    }))

  it.each([
    [['explain'], 'needs the folder of a run'],
    [['explain', 'no-such-folder'], 'no such folder'],
    [['explain', 'x', '--jso'], 'did you mean --json?'],
    [['report', 'x', '--definitions', 'vlm'], 'did you mean "vllm"?'],
    [['run', '--definitions', 'vlm'], 'vllm'],
  ])('%j: one line, exit code 2', async (args, words) => {
    const { code, stdout, stderr } = await runBench(args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.trim().split('\n').length).toBe(1)
    expect(stderr).toContain(words)
  })
})

describe('--definitions', () => {
  it('of bench report: the figures of that tool, under its name, and none of ours', () =>
    withFolder(async (folder) => {
      const run = writeRun(folder)
      const table = await runBench(['report', run, '--definitions', 'vllm'])
      expect(table.code, table.stderr).toBe(0)
      expect(table.stdout).toContain('figures as vllm bench serve defines them')
      expect(table.stdout).toMatch(/^TTFT +ms +3\.00/m)
      const { stdout } = await runBench(['report', run, '--definitions', 'vllm', '--json'])
      const summary = JSON.parse(stdout)
      expect(summary.profile).toBe('vllm')
      expect(summary.definitions.ttft.source).toContain('vllm bench serve')
      expect(Object.keys(summary.scenarios[0].metrics)).not.toContain('ttft_due')
      const plain = await runBench(['report', run, '--definitions', 'inferbench', '--json'])
      expect(JSON.parse(plain.stdout)).toEqual(JSON.parse((await runBench(['report', run, '--json'])).stdout))
    }))

  it('of bench run: shown by that tool, written by ours, and equal to the report', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      const args = [
        '--requests',
        '4',
        '--concurrency',
        '2',
        '--output-tokens',
        '4',
        '--definitions',
        'guidellm',
        '--json',
      ]
      const run = await runBench(['run', ...args, '--out', out])
      expect(run.code, run.stderr).toBe(0)
      const shown = JSON.parse(run.stdout)
      expect(shown.profile).toBe('guidellm')
      const written = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))
      expect(written.profile).toBeUndefined()
      expect(Object.keys(written.scenarios[0].metrics)).toContain('ttft_due')
      const copy = join(folder, 'copy')
      cpSync(out, copy, { recursive: true })
      const report = await runBench(['report', copy, '--definitions', 'guidellm', '--json'])
      expect(JSON.parse(report.stdout)).toEqual(shown)
    }))

  it('are listed with their formulas', async () => {
    const { code, stdout } = await runBench(['list', 'definitions'])
    expect(code).toBe(0)
    expect(stdout).toContain('guidellm run, by ')
    expect(stdout).toMatch(/tpot +TPOT: \(last token - start\) \/ tokens/)
  })
})
