/** The folder that a run leaves, when all goes well and when it does not. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { benchCommand, runBench, startBench, startMock, startProcess, withFolder } from '../support/command.ts'
import { findProblems, readLines, readRunFolder } from '../support/run-folder.ts'

describe('the run folder', () => {
  let mock: Awaited<ReturnType<typeof startMock>>

  beforeAll(async () => {
    mock = await startMock('--ttft', '20ms±5', '--itl', '2ms')
  })

  afterAll(() => mock.close())

  it('is what the design promises, and its report is equal to the last digit', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      const run = await runBench([
        ...['run', '--url', mock.url, '--concurrency', '4,8', '--requests', '40', '--warmup', '6', '--seed', '3'],
        ...['--output-tokens', '12±4', '--slo', 'ttft=1s', '--gate', 'errors<1%', '--out', out],
      ])
      expect(run.code, run.stderr).toBe(0)
      expect(findProblems(out)).toEqual([])

      const { manifest, records, summary, client } = readRunFolder(out)
      expect(manifest.seed).toBe(3)
      expect(manifest.scenarios.length).toBe(2)
      expect(manifest.fingerprint?.parts).toMatchObject({ seed: { text: '3' }, tokens: { text: 'server' } })
      expect(Object.keys(manifest.fingerprint!.scenarios)).toEqual(manifest.scenarios.map(({ name }) => name))
      expect(client.length).toBeGreaterThan(0)
      for (const { name } of manifest.scenarios) {
        const own = records.filter(({ scenario }) => scenario === name)
        expect(own.filter(({ phase }) => phase === 'warmup').length).toBe(6)
        expect(own.filter(({ phase }) => phase === 'measure').length).toBe(40)
      }
      expect(summary.gates.map(({ status }) => status)).toEqual(['met', 'met'])

      const report = await runBench(['report', out, '--json'])
      expect(report.code, report.stderr).toBe(0)
      expect(JSON.parse(report.stdout)).toEqual(summary)
    }))

  it('is never overwritten', () =>
    withFolder(async (folder) => {
      const args = ['run', '--url', mock.url, '--requests', '4', '--concurrency', '2', '--out', join(folder, 'run')]
      expect(await runBench(args)).toMatchObject({ code: 0 })
      const before = readFileSync(join(folder, 'run/records.jsonl'), 'utf8')
      const again = await runBench(args)
      expect(again.code).toBe(2)
      expect(again.stderr.trim().split('\n').length).toBe(1)
      expect(readFileSync(join(folder, 'run/records.jsonl'), 'utf8')).toBe(before)
    }))

  it('is readable after kill -9', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      const run = startBench([
        ...['run', '--url', mock.url, '--concurrency', '8', '--duration', '10m', '--output-tokens', '8', '--out', out],
      ])
      await untilTrue(() => countMeasured(out) >= 20)
      run.child.kill('SIGKILL')
      await run.finished

      const records = readLines<{ readonly id: string; readonly outcome: string }>(join(out, 'records.jsonl'))
      expect(records.length).toBeGreaterThanOrEqual(20)
      expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
      const report = await runBench(['report', out, '--json'])
      expect(report.code, report.stderr).toBe(0)
      const [scenario] = JSON.parse(report.stdout).scenarios
      expect(scenario.counts.requests).toBe(countMeasured(out))
    }))

  it('keeps what could be written when the disk is full', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      // A limit of 32 KiB a file stands for a full disk: the same error path, and no rights needed.
      const run = await startLimited('ulimit -f 32', [
        ...[
          'run',
          '--url',
          mock.url,
          '--concurrency',
          '16',
          '--requests',
          '5000',
          '--output-tokens',
          '8',
          '--out',
          out,
        ],
      ])
      expect(run.code, run.stderr).toBe(1)
      expect(lastLine(run.stderr)).toMatch(/^bench: cannot write .*records\.jsonl/)
      expect(run.stderr).not.toMatch(/^\s+at /m)
      expect(readLines(join(out, 'records.jsonl')).length).toBeGreaterThan(20)
    }))

  it('says what to do when files run out: 1000 streams, 256 open files', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'run')
      const run = await startLimited('ulimit -n 256', [
        ...['run', '--url', mock.url, '--concurrency', '1000', '--requests', '1000', '--warmup', '0', '--out', out],
      ])
      expect(run.code, run.stderr).toBe(1)
      expect(run.stderr + run.stdout).toMatch(/ulimit -n/)
      expect(run.stderr).not.toMatch(/^\s+at /m)
      expect(readLines(join(out, 'records.jsonl')).length).toBeGreaterThan(0)
      expect(readLines(join(out, 'series', 'client.jsonl')).length).toBeGreaterThan(0)
      expect(existsSync(join(out, 'summary.json'))).toBe(true)
      expect(await runBench(['report', out])).toMatchObject({ code: 0 })
    }))
})

function startLimited(limit: string, args: readonly string[]) {
  // Above the limit of a file's size the system sends a signal that ends a process, unless it is passed over.
  const shell = `trap '' XFSZ; ${limit}; exec "$@"`
  return startProcess('bash', ['-c', shell, 'bash', ...benchCommand(), ...args]).finished
}

function countMeasured(out: string): number {
  try {
    const records = readLines<{ readonly phase: string }>(join(out, 'records.jsonl'))
    return records.filter(({ phase }) => phase === 'measure').length
  } catch {
    return 0
  }
}

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50))
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
