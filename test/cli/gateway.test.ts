/** A gateway measured as run_bench.py did it: its command, its file, its exit codes. And the workflow that gates with it. */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { benchCommand, root, runBench, startMock, withFolder } from '../support/command.ts'
import { findPort } from '../support/port.ts'
import { readRunFolder } from '../support/run-folder.ts'

let mock: { readonly url: string; close(): Promise<void> }
beforeAll(async () => {
  mock = await startMock('--profile', 'gateway', '--ttft', '5ms', '--itl', '0ms')
})
afterAll(() => mock.close())

const readResult = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

describe('bench run --compat gateway', () => {
  it("is the harness's command, with its defaults and its file", async () => {
    await withFolder(async (cwd) => {
      writeFileSync(
        join(cwd, 'prompts.jsonl'),
        '{"prompt":"One?","max_tokens":3,"temperature":0.7}\n{"prompt":"Two?"}\n',
      )
      const { code, stdout, stderr } = await runBench(
        ['run', '--compat', 'gateway', '--url', mock.url, '--dataset', 'prompts.jsonl', '--out', 'run', '--seed', '1'],
        { cwd },
      )
      expect(code, stdout + stderr).toBe(0)
      const { manifest, records } = readRunFolder(join(cwd, 'run'))
      expect(manifest).toMatchObject({ adapter: 'gateway', target: { model: 'mock-model', stream: false } })
      expect(records).toHaveLength(100)
      expect(records[0]).toMatchObject({
        outcome: 'ok',
        finish: 'whole',
        serverTimings: { totalMs: expect.any(Number) },
      })
      const result = readResult(join(cwd, 'run/bench_results.json'))
      expect(Object.keys(result)).toEqual([
        ...['timestamp', 'base_url', 'total_requests', 'successful_requests', 'failed_requests', 'concurrency'],
        ...['total_duration_s', 'throughput_rps', 'error_rate', 'latency_stats', 'avg_tokens_per_sec', 'errors'],
      ])
      expect(result).toMatchObject({
        base_url: mock.url,
        total_requests: 100,
        successful_requests: 100,
        concurrency: 1,
      })
      expect(result.latency_stats.p95_ms).toBeGreaterThanOrEqual(result.latency_stats.p50_ms)
    })
  })

  it('exits with 1, the only code that it knew', async () => {
    await withFolder(async (cwd) => {
      const missed = await runBench(
        [
          ...['run', '--compat', 'gateway', '--url', mock.url, '--requests', '10', '--concurrency', '2'],
          ...['--out', 'missed', '--compat-out', 'result.json', '--gate', 'req_s>1000000'],
        ],
        { cwd },
      )
      expect(missed.code).toBe(1)
      expect(readResult(join(cwd, 'result.json'))).toMatchObject({ total_requests: 10, concurrency: 2 })
      expect(existsSync(join(cwd, 'missed/bench_results.json'))).toBe(false)

      // Every request fails: the harness crashed and saved nothing.
      const failed = await runBench(
        [
          ...['run', '--compat', 'gateway', '--url', mock.url, '--model', 'm', '--requests', '4', '--out', 'failed'],
          ...['--body', 'max_tokens="none"'],
        ],
        { cwd },
      )
      expect(failed.code).toBe(1)
      expect(readResult(join(cwd, 'failed/bench_results.json'))).toMatchObject({
        error_rate: 1,
        failed_requests: 4,
        errors: expect.arrayContaining([{ request_id: 0, error: expect.stringMatching(/^HTTP 400: /) }]),
      })
    })
  })

  it.each([
    [['--compat', 'gateway', '--rate', '5'], 'one closed loop'],
    [['--compat', 'gateway', '--concurrency', '1,2'], 'one closed loop'],
    [['--compat', 'gatway'], 'gateway'],
    [['--compat-out', 'x.json'], 'add --compat'],
    [['--adapter', 'gateway', '--stream'], 'answers whole only'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runBench(['run', '--url', mock.url, ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('measures a mock of that kind without a URL', async () => {
    await withFolder(async (cwd) => {
      const args = [
        'run',
        '--adapter',
        'gateway',
        '--requests',
        '4',
        '--concurrency',
        '2',
        '--output-tokens',
        '4',
        '--out',
        'own',
      ]
      const { code, stdout, stderr } = await runBench(args, { cwd })
      expect(code, stdout + stderr).toBe(0)
      expect(readRunFolder(join(cwd, 'own')).manifest.adapter).toBe('gateway')
    })
  })
})

interface Workflow {
  readonly jobs: { readonly gate: { readonly steps: readonly { readonly name?: string; readonly run?: string }[] } }
}

/** The steps of the job as the runner runs them, one shell each, with our command in the place of npx. */
async function runWorkflow(
  folder: string,
  change: (step: string) => string,
): Promise<{ code: number | null; output: string }> {
  const workflow = parse(readFileSync(join(root, '.github/workflows/gateway.yml'), 'utf8')) as Workflow
  const steps = workflow.jobs.gate.steps
    .map(({ run }) => run)
    .filter((run) => run !== undefined && !run.startsWith('npm '))
  expect(steps).toHaveLength(2)
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const words = benchCommand().map((word) => `'${word}'`)
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec ${words.join(' ')} "$@"\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  const script = ['set -eo pipefail', 'trap "kill %1" EXIT', ...steps.map((step) => change(step!))].join('\n')
  const shell = spawn('bash', ['-c', script], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((resolve) => shell.once('close', resolve))
  return { code, output }
}

describe('the workflow that gates a pull request', () => {
  let port: (step: string) => string
  beforeAll(async () => {
    const free = await findPort()
    port = (step) => step.replaceAll('8000', `${free}`)
  })

  it('passes a gateway that is as fast as it was', async () => {
    await withFolder(async (folder) => {
      const { code, output } = await runWorkflow(folder, port)
      expect(code, output).toBe(0)
      expect(readResult(join(folder, 'bench_results.json'))).toMatchObject({ total_requests: 100, failed_requests: 0 })
      expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('e2e')
    })
  })

  it('holds back one that is too slow', async () => {
    await withFolder(async (folder) => {
      const slow = (step: string): string =>
        port(step).replace('--ttft 20ms±5', '--ttft 150ms').replace('e2e.p90<2s', 'e2e.p90<100ms')
      const { code, output } = await runWorkflow(folder, slow)
      expect(code, output).toBe(1)
      expect(output).toContain('::error')
    })
  })
})
