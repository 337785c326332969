/** What people come from: named workloads, and the result files of their tools out of runs of ours. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readResultFile } from '../../src/core/compat/result-file.ts'
import { published } from '../score/load-results.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { readRunFolder } from '../support/run-folder.ts'

let mock: { readonly url: string; close(): Promise<void> }
beforeAll(async () => {
  mock = await startMock('--ttft', '2ms', '--itl', '0.2ms')
})
afterAll(() => mock.close())

const readJson = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))

async function run(cwd: string, ...args: readonly string[]) {
  const finished = await runBench(
    ['run', '--url', mock.url, '--seed', '1', ...(args.includes('--out') ? [] : ['--out', 'run']), ...args],
    { cwd },
  )
  expect(finished.code, finished.stdout + finished.stderr).toBe(0)
  return { ...readRunFolder(join(cwd, 'run')), stdout: finished.stdout }
}

describe('bench run --workload', () => {
  it('asks for prompts that are as long as the workload says', async () => {
    await withFolder(async (cwd) => {
      const { records, manifest } = await run(cwd, '--workload', 'Q1,mixed')
      const measured = records.filter(({ phase }) => phase === 'measure')
      const of = (scenario: string) => measured.filter((record) => record.scenario === scenario)
      expect(of('Q1')).toHaveLength(5)
      expect(of('mixed_short_stream')).toHaveLength(10)
      expect(of('mixed_long_batch')).toHaveLength(6)
      for (const record of of('mixed_long_batch')) {
        expect(record).toMatchObject({ outcome: 'ok', askedInputTokens: 256, outputTokens: 256 })
        // The chat template comes on top.
        expect('inputTokens' in record && record.inputTokens).toBeGreaterThanOrEqual(256)
      }
      expect(manifest.scenarios[1]).toMatchObject({
        title: 'mixed_short_stream 32/64, 2 streams',
        workload: { sampling: { temperature: 0.7, top_k: 50 }, exact: true },
      })
    })
  })
})

describe('bench run --compat sagellm', () => {
  it('writes its metrics and its summary, for year1 unless told otherwise', async () => {
    await withFolder(async (cwd) => {
      const { records } = await run(cwd, '--compat', 'sagellm', '--compat-out', 'results')
      expect(records).toHaveLength(18)
      expect(readdirSync(join(cwd, 'results')).sort()).toEqual([
        'benchmark_summary.json',
        'long_input_metrics.json',
        'short_input_metrics.json',
        'stress_test_metrics.json',
      ])
      const summary = readJson(cwd, 'results/benchmark_summary.json')
      expect(summary.overall).toEqual({
        total_workloads: 3,
        total_requests: 18,
        successful_requests: 18,
        failed_requests: 0,
      })
      const metrics = readJson(cwd, 'results/stress_test_metrics.json')
      expect(metrics).toEqual(summary.workloads.stress_test)
      expect(metrics).toMatchObject({ total_requests: 10, error_rate: 0, total_output_tokens: 2560, peak_mem_mb: 0 })
      expect(metrics.avg_tpot_ms).toBeGreaterThan(metrics.avg_tbt_ms)
      expect(metrics.p50_ttft_ms).toBeGreaterThan(0)
      expect(readResultFile(summary, 'x')).toMatchObject({ tool: 'sagellm', kind: 'summary' })
      expect(readResultFile(metrics, 'x')).toMatchObject({ tool: 'sagellm', kind: 'metrics' })
    })
  })

  it('takes a load of its own instead', async () => {
    await withFolder(async (cwd) => {
      const { records } = await run(cwd, '--compat', 'sagellm', '--concurrency', '2', '--requests', '4')
      expect(records).toHaveLength(4)
      expect(readJson(cwd, 'run/benchmark_summary.json').overall).toMatchObject({ total_workloads: 1 })
    })
  })
})

describe('bench run --compat vllm-rust', () => {
  it('is the matrix of bench_serving.py and its file', async () => {
    await withFolder(async (cwd) => {
      const { manifest } = await run(
        cwd,
        ...['--compat', 'vllm-rust', '--workload', 'vllm-rust-short', '--output-tokens', '4,8', '--concurrency', '1,2'],
        ...['--requests', '5', '--compat-out', 'results.json'],
      )
      expect(manifest).toMatchObject({ target: { endpoint: 'completions' }, transport: { connections: 'fresh' } })
      const file = readJson(cwd, 'results.json')
      expect(file).toMatchObject({ base_url: mock.url, model: 'mock-model', warmup: 3, num_requests: 5 })
      expect(file.scenarios.map(({ name }: { name: string }) => name)).toEqual([
        ...['short_mt4_c1', 'short_mt4_c2', 'short_mt8_c1', 'short_mt8_c2'],
      ])
      const read = readResultFile(file, 'x')
      expect(read?.loads.map(({ result }) => result.concurrency)).toEqual([1, 2, 1, 2])
      const reported = await runBench(['report', 'run', '--format', 'vllm-rust'], { cwd })
      expect(JSON.parse(reported.stdout)).toEqual(file)
    })
  })
})

describe('bench run --compat probador', () => {
  it('writes a load result, and a report of several runs', async () => {
    await withFolder(async (cwd) => {
      await run(
        cwd,
        ...['--compat', 'probador', '--requests', '12', '--concurrency', '2', '--prompt-profile', 'short'],
        ...['--validate', 'contains:certainly not', '--num-layers', '28'],
      )
      const load = readJson(cwd, 'run/load.json')
      expect(load).toMatchObject({
        concurrency: 2,
        total_requests: 12,
        successful: 12,
        error_rate: 0,
        num_layers: 28,
        truncated_pct: 100,
        completion_tokens_total: 12 * 32,
        quality: { validation_level: 'contains:certainly not', total_validated: 12, failed: 12, pass_rate: 0 },
      })
      expect(load.quality.failures[0]).toEqual({ request_idx: 0, reason: 'missing_substring:certainly not' })
      expect(load.request_details).toHaveLength(12)
      expect(load.tail_analysis.jitter.spike_threshold_ms).toBeGreaterThan(0)
      expect(readResultFile(load, 'x')).toMatchObject({ tool: 'probador', kind: 'load' })
      const reported = await runBench(['report', 'run', '--format', 'probador'], { cwd })
      expect(JSON.parse(reported.stdout)).toEqual(load)
    })
    await withFolder(async (cwd) => {
      await run(
        cwd,
        ...['--compat', 'probador', '--requests', '4', '--concurrency', '2', '--prompt-profile', 'micro'],
        ...['--runs', '3', '--cooldown', '0', '--compat-out', 'bench.json'],
      )
      const report = readJson(cwd, 'bench.json')
      expect(Object.keys(report)).toEqual(['runs', 'aggregate', 'regressions'])
      expect(report.runs).toHaveLength(3)
      expect(report.aggregate.throughput_rps.values).toEqual(
        report.runs.map((one: { throughput_rps: number }) => one.throughput_rps),
      )
      expect(readResultFile(report, 'x')).toMatchObject({ tool: 'probador', kind: 'bench' })
    })
  })

  it('writes levels of concurrency as a sweep', async () => {
    await withFolder(async (cwd) => {
      await run(cwd, '--compat', 'probador', '--requests', '4', '--concurrency', '1,2', '--output-tokens', '4')
      const sweep = readJson(cwd, 'run/sweep.json')
      expect(sweep.levels.map(({ concurrency }: { concurrency: number }) => concurrency)).toEqual([1, 2])
      expect(readResultFile(sweep, 'x')).toMatchObject({ tool: 'probador', kind: 'sweep' })
      expect(readJson(cwd, 'run/load-c2-medium.json')).toEqual(sweep.levels[1].result)
    })
  })
})

describe('bench report', () => {
  it('shows result files of other tools, and refuses what only a run has', async () => {
    await withFolder(async (cwd) => {
      for (const result of published) writeFileSync(join(cwd, `${result.runtime_name}.json`), JSON.stringify(result))
      const table = await runBench(['report', cwd])
      expect(table).toMatchObject({ code: 0, stderr: '' })
      expect(table.stdout.split('\n')[0]).toMatch(/^durations in ms +TTFT p50 +p99 +ITL p50/)
      expect(table.stdout).toMatch(/^vllm, c=1 .* 11\.4 /m)
      expect(table.stdout.trim().split('\n')).toHaveLength(1 + published.length)

      const [json, csv, markdown] = await Promise.all(
        ['json', 'csv', 'markdown'].map((format) => runBench(['report', join(cwd, 'vllm.json'), '--format', format])),
      )
      expect(JSON.parse(json!.stdout)).toMatchObject({
        kind: 'results',
        sources: [{ tool: 'probador', file: 'load', loads: [{ label: 'c=1', result: { ttft_p50_ms: 11.4 } }] }],
      })
      expect(csv!.stdout).toMatch(/,c=1,vllm,ttft_p50_ms,value,,11\.4\r\n/)
      expect(markdown!.stdout).toMatch(/^\| Date \|.*\n\|---.*\n\| .*vllm/)

      for (const [args, message] of [
        [['--junit', 'x.xml'], 'results of another tool'],
        [['--format', 'probador'], 'there is none'],
      ] as const) {
        const refused = await runBench(['report', join(cwd, 'vllm.json'), ...args], { cwd })
        expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
      }
    })
  })
})

describe('bench compare', () => {
  it('takes repetitions within a folder into account', async () => {
    await withFolder(async (cwd) => {
      const args = ['--requests', '4', '--concurrency', '2', '--output-tokens', '4', '--runs', '3', '--cooldown', '0']
      await run(cwd, ...args)
      await run(cwd, ...args, '--out', 'other')
      const { code, stdout, stderr } = await runBench(['compare', 'run', 'other', '--format', 'json'], { cwd })
      expect(code, stderr).toBe(0)
      const changes = JSON.parse(stdout).loads[0].changes as { figure: { field: string }; interval_pct?: number[] }[]
      const latency = changes.find(({ figure }) => figure.field === 'latency_p50_ms')
      expect(latency?.interval_pct?.[0]).toBeLessThan(latency!.interval_pct![1]!)
      expect(changes.find(({ figure }) => figure.field === 'request_tok_per_sec')).toMatchObject({
        before: expect.any(Number),
      })
    })
  })
})

describe('bench run --trace-level', () => {
  it('shows where a server says that its time went', async () => {
    await withFolder(async (cwd) => {
      const { records, stdout } = await run(
        cwd,
        ...['--no-stream', '--trace-level', 'brick', '--requests', '6', '--concurrency', '2', '--output-tokens', '8'],
        ...['--compat', 'probador'],
      )
      for (const record of records.filter(({ phase }) => phase === 'measure')) {
        expect(record).toMatchObject({ trace: { operations: [{ name: 'prefill' }, { name: 'decode' }] } })
      }
      expect(stdout).toMatch(/server's trace, ms +mean +min +max +share +answers/)
      expect(stdout).toMatch(/^decode .* 6$/m)
      const { trace } = readJson(cwd, 'run/summary.json').scenarios[0]
      expect(trace.map(({ samples }: { samples: number }) => samples)).toEqual([6, 6])
      expect(trace[0].share + trace[1].share).toBeCloseTo(100, 1)
      const bricks = readJson(cwd, 'run/load.json').brick_trace_summary
      expect(bricks.map(({ name }: { name: string }) => name)).toEqual(trace.map(({ name }: { name: string }) => name))
      expect(bricks[0].mean_us).toBeCloseTo(trace[0].meanUs, 6)
      const reported = await runBench(['report', 'run', '--json'], { cwd })
      expect(JSON.parse(reported.stdout).scenarios[0].trace).toEqual(trace)
    })
    const refused = await runBench(['run', '--url', mock.url, '--trace-level', 'brick'])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('add --no-stream') })
  })
})
