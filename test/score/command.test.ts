/** `bench score` and `bench compare` as a user runs them. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { readCases } from '../vectors/cases.ts'
import { loadResult, published } from './load-results.ts'

function writeResults(folder: string): void {
  for (const result of published)
    writeFileSync(join(folder, `load-${result.runtime_name}.json`), JSON.stringify(result))
}

const printed = readCases(new URL('../fixtures/vectors', import.meta.url).pathname).find(
  ({ name }) => name === 'text_format_table_card_c1_qwen_4060L',
)!.expected as string

describe('bench score', () => {
  it('prints the table of the original to the character with --compat probador', () =>
    withFolder(async (folder) => {
      writeResults(folder)
      expect(await runBench(['score', folder, '--compat', 'probador'])).toMatchObject({
        code: 0,
        stdout: `${printed}\n`,
      })
    }))

  it('gates by grade: 3 by itself, 1 as the original', () =>
    withFolder(async (folder) => {
      writeResults(folder)
      const [ours, theirs, met] = await Promise.all([
        runBench(['score', folder, '--fail-on-grade', 'A']),
        runBench(['score', folder, '--fail-on-grade', 'A', '--compat', 'probador']),
        runBench(['score', folder, '--fail-on-grade', 'B']),
      ])
      expect([ours.code, theirs.code, met.code]).toEqual([3, 1, 0])
      expect(ours.stderr).toBe('bench: the lowest composite is 79; A starts at 90\n')
    }))

  it('writes one JSON document, and takes names for files', () =>
    withFolder(async (folder) => {
      writeResults(folder)
      const { stdout } = await runBench([
        'score',
        `mine=${join(folder, 'load-vllm.json')}`,
        '--format',
        'json',
        '--by-scaling',
      ])
      const document = JSON.parse(stdout)
      expect(document).toMatchObject({
        v: 1,
        kind: 'scorecards',
        composite: [{ runtimes: [{ name: 'mine', composite: 100 }] }],
      })
      expect(document.scaling.not_measured).toEqual(['mine'])
    }))

  it.each([
    [['--fail-on-grade', 'Z'], /no grade of the contract/],
    [['--format', 'tabel'], /--format: there is no "tabel"; did you mean "table"\?/],
    [['--concurrency', 'x'], /--concurrency/],
    [['--by-layers'], /did you mean --by-layer/],
    [['--contract', 'missing.json'], /missing\.json/],
    [['--concurrency', '99'], /no results to score/],
  ])('%j exits with 2 and one line', (flags, message) =>
    withFolder(async (folder) => {
      writeResults(folder)
      const { code, stderr, stdout } = await runBench(['score', folder, ...flags])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(message)
      expect(stderr).toMatch(/^bench: [^\n]+\n$/)
    }),
  )

  it('has a card of training steps, and refuses one that is none', () =>
    withFolder(async (folder) => {
      const step = {
        name: 'fused',
        ms_per_step: 812.5,
        tokens_per_sec: 3000,
        wall_coverage: 0.93,
        bottleneck: 'MemoryBw',
        hotspot_layers: 2,
      }
      const write = (results: readonly unknown[]): string => {
        const path = join(folder, 'steps.json')
        writeFileSync(path, JSON.stringify({ model_name: 'm', results }))
        return path
      }
      const { code, stdout } = await runBench(['score', write([{ ...step, name: 'plain', tokens_per_sec: 900 }, step])])
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Training Step Scorecard — m\n[^\n]+\n-{62}\nfused [^\n]* 3000 .* memory_bw +B\+?\n/)
      for (const results of [[], [step, { ...step, bottleneck: 'luck' }], [{ ...step, tokens_per_sec: '3000' }]]) {
        const refused = await runBench(['score', write(results)])
        expect([refused.code, refused.stdout]).toEqual([2, ''])
        expect(refused.stderr).toMatch(/^bench: [^\n]*steps\.json[ :][^\n]*training step[^\n]*\n$/)
      }
    }))

  it('reads what Python wrote for no number, and no load of less than no stream', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'load.json')
      const text = JSON.stringify({ ...published[0]!, runtime_name: 'is NaN', itl_p50_ms: 0 })
      writeFileSync(path, text.replace('"itl_p50_ms":0', '"itl_p50_ms":NaN,"goodput_pct":-Infinity'))
      const read = await runBench(['score', path])
      expect(read.code).toBe(0)
      expect(read.stdout).toMatch(/^is NaN .*\n[\s\S]*not measured: itl_p50_ms/m)
      for (const concurrency of [-1, 1.5, '4', 1e300]) {
        writeFileSync(path, JSON.stringify({ ...published[0]!, concurrency }))
        expect(await runBench(['score', path])).toMatchObject({ code: 2, stdout: '' })
      }
    }))

  it('says which files of a folder hold no result', () =>
    withFolder(async (folder) => {
      writeResults(folder)
      writeFileSync(join(folder, 'notes.json'), '{"hello":1}')
      writeFileSync(join(folder, 'broken.json'), '{')
      symlinkSync('loop.json', join(folder, 'loop.json'))
      mkdirSync(join(folder, 'damaged'))
      for (const name of ['manifest.json', 'summary.json']) writeFileSync(join(folder, 'damaged', name), '{')
      const { code, stderr } = await runBench(['score', folder])
      expect(code).toBe(0)
      expect(stderr).toMatch(/cannot read [^\n]*loop\.json/)
      expect(stderr).toMatch(/damaged[^\n]manifest\.json is no JSON/)
      expect(stderr).toMatch(/broken\.json is no JSON/)
      expect(stderr).toMatch(/notes\.json is no result/)
    }))
})

const figures = {
  avg_ttft_ms: 45.2,
  avg_tbt_ms: 9,
  avg_tpot_ms: 9,
  avg_throughput_tps: 120,
  error_rate: 0.01,
  peak_mem_mb: 20_000,
  prefix_hit_rate: 0.85,
}

describe('results of sagellm', () => {
  it('are held against its contracts: what was not measured is no pass, but for the original', () =>
    withFolder(async (folder) => {
      const [full, bare] = ['year1_metrics.json', 'bare_metrics.json'].map((name) => join(folder, name)) as [
        string,
        string,
      ]
      const { avg_ttft_ms, avg_throughput_tps } = figures
      writeFileSync(full, JSON.stringify(figures))
      writeFileSync(bare, JSON.stringify({ avg_ttft_ms, avg_throughput_tps }))
      const [met, missed, compat] = await Promise.all([
        runBench(['score', full, '--contract', 'year2']),
        runBench(['score', bare, '--contract', 'year1']),
        runBench(['score', bare, '--contract', 'year1', '--compat', 'sagellm']),
      ])
      expect([met.code, missed.code, compat.code]).toEqual([0, 3, 0])
      expect(missed.stdout).toMatch(/tbt_ms +- +<= 20 +not measured/)
      expect(JSON.parse(compat.stdout).bare).toMatchObject({ passed: true, checks: { tbt_ms: true } })
      mkdirSync(join(folder, 'later'))
      const slow = join(folder, 'later', 'year1_metrics.json')
      writeFileSync(slow, JSON.stringify({ ...figures, avg_ttft_ms: 500 }))
      const both = await runBench(['score', slow, full, '--contract', 'year1', '--compat', 'sagellm'])
      expect([both.code, Object.keys(JSON.parse(both.stdout))]).toEqual([1, [`year1 (${slow})`, `year1 (${full})`]])
    }))

  it('are compared by its classes, with its exit code', () =>
    withFolder(async (folder) => {
      const paths = ['a_metrics.json', 'b_metrics.json'].map((name) => join(folder, name)) as [string, string]
      writeFileSync(paths[0], JSON.stringify(figures))
      writeFileSync(paths[1], JSON.stringify({ ...figures, avg_ttft_ms: 60 }))
      const [critical, expected] = await Promise.all([
        runBench(['compare', ...paths, '--compat', 'sagellm']),
        runBench(['compare', ...paths, '--compat', 'sagellm', '--expect-change', 'avg_ttft_ms']),
      ])
      expect([critical.code, expected.code]).toEqual([2, 0])
      expect(JSON.parse(critical.stdout).overall_status).toBe('critical')
    }))
})

describe("results of vllm-rust's harness", () => {
  it('are compared scenario by scenario, and what only one side has is named', () =>
    withFolder(async (folder) => {
      const scenario = (name: string, ttft: number, rate: number): object => ({
        name,
        num_requests: 20,
        ttft_p50_ms: ttft,
        latency_p50_ms: 100 * ttft,
        throughput_mean_tps: rate,
        throughput_total_tps: rate,
      })
      const write = (name: string, scenarios: readonly object[]): string => {
        const path = join(folder, name)
        writeFileSync(path, JSON.stringify({ base_url: 'http://localhost:8000', model: 'm', warmup: 3, scenarios }))
        return path
      }
      const theirs = write('results_vllm.json', [scenario('short_mt64_c1', 18.6, 34.3), scenario('only_mt64_c2', 9, 9)])
      const ours = write('results_rust.json', [scenario('short_mt64_c1', 12.3, 52.1)])
      const { code, stdout } = await runBench(['compare', theirs, ours])
      expect(code).toBe(0)
      expect(stdout).toMatch(/TTFT p50, ms +18\.6 +12\.3 +0\.66x +-33\.9 % +better/)
      expect(stdout).toMatch(/output a request, tok\/s +34\.3 +52\.1 +1\.52x/)
      expect(stdout).toContain('only before: only_mt64_c2')
    }))
})

describe('bench compare', () => {
  const before = loadResult({ runtime_name: 'vllm' })
  const slower = loadResult({ runtime_name: 'vllm', latency_p50_ms: 700, ttft_p50_ms: 15.5 })

  function writePair(folder: string, after: unknown): readonly [string, string] {
    const paths = [join(folder, 'before.json'), join(folder, 'after.json')] as const
    writeFileSync(paths[0], JSON.stringify(before))
    writeFileSync(paths[1], JSON.stringify(after))
    return paths
  }

  it('shows ratios, and fails only when asked to', () =>
    withFolder(async (folder) => {
      const paths = writePair(folder, slower)
      const [plain, gated, loose] = await Promise.all([
        runBench(['compare', ...paths]),
        runBench(['compare', ...paths, '--fail-on-regression', '10']),
        runBench(['compare', ...paths, '--fail-on-regression', '20']),
      ])
      expect([plain.code, gated.code, loose.code]).toEqual([0, 3, 0])
      expect(plain.stdout).toMatch(/latency p50, ms +600\.0 +700\.0 +1\.17x +\+16\.7 % +WORSE/)
      expect(gated.stderr).toBe('bench: worse: c=1: latency p50 600.00 -> 700.00 ms (+16.7 %)\n')
    }))

  it('keeps the base line when something got worse, whether or not that fails', () =>
    withFolder(async (folder) => {
      const [base, worse] = writePair(folder, slower)
      const kept = await runBench(['compare', base, worse, '--set-baseline'])
      expect(kept).toMatchObject({
        code: 0,
        stderr: `bench: ${base} stays the base line: c=1: latency p50 600.00 -> 700.00 ms (+16.7 %)\n`,
      })
      expect(JSON.parse(readFileSync(base, 'utf8'))).toEqual(before)
      const gated = await runBench(['compare', base, worse, '--set-baseline', '--compat', 'probador'])
      expect([gated.code, readFileSync(base, 'utf8')]).toEqual([1, JSON.stringify(before)])
      expect((await runBench(['compare', base, worse, '--set-baseline', '--fail-on-regression', '20'])).code).toBe(0)
      expect(JSON.parse(readFileSync(base, 'utf8'))).toEqual(slower)
    }))

  it('takes no base line that it cannot read for one that is missing', () =>
    withFolder(async (folder) => {
      const [base, now] = [join(folder, 'base.json'), join(folder, 'now.json')]
      writeFileSync(now, JSON.stringify(slower))
      symlinkSync('base.json', base)
      for (const flag of ['--set-baseline', '--compat=gateway']) {
        const { code, stdout, stderr } = await runBench(['compare', base, now, flag])
        expect([code, stdout]).toEqual([2, ''])
        expect(stderr).toMatch(/^bench: cannot read [^\n]*base\.json[^\n]*\n$/)
      }
    }))

  it('has the words and the code of the original with --compat probador', () =>
    withFolder(async (folder) => {
      const { code, stdout } = await runBench(['compare', ...writePair(folder, slower), '--compat', 'probador'])
      expect(code).toBe(1)
      expect(stdout).toBe('--- Regressions ---\nlatency_p50_ms: 600.0 → 700.0 (+16.7%) EXCEEDED\n')
    }))

  it('refuses what is unlike, and says in what', () =>
    withFolder(async (folder) => {
      const paths = writePair(folder, { ...slower, concurrency: 4 })
      const [refused, forced] = await Promise.all([
        runBench(['compare', ...paths]),
        runBench(['compare', ...paths, '--force']),
      ])
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toMatch(/unlike: concurrency: 1 and 4; --force/)
      expect(forced.code).toBe(0)
      expect(forced.stdout).toContain('compared, though unlike')
      const longer = await runBench(['compare', ...writePair(folder, { ...slower, prompt_tokens_total: 51_200 })])
      expect([longer.code, longer.stdout]).toEqual([2, ''])
      expect(longer.stderr).toMatch(/unlike: prompts at c=1: 23 and 512 tokens on average; --force/)
    }))

  it('takes chance into account where both sides repeat', () =>
    withFolder(async (folder) => {
      const report = (latencies: readonly number[]): object => ({
        runs: latencies.map((latency_p50_ms) => loadResult({ runtime_name: 'vllm', latency_p50_ms })),
        aggregate: {},
        regressions: [],
      })
      const paths = [join(folder, 'before.json'), join(folder, 'after.json')] as const
      writeFileSync(paths[0], JSON.stringify(report([500, 600, 700])))
      writeFileSync(paths[1], JSON.stringify(report([550, 700, 850])))
      const unsure = await runBench(['compare', ...paths, '--fail-on-regression', '10'])
      expect(unsure.code).toBe(0)
      expect(unsure.stdout).toMatch(/latency p50.* unsure/)
      writeFileSync(paths[1], JSON.stringify(report([995, 1000, 1005])))
      expect((await runBench(['compare', ...paths, '--fail-on-regression', '10'])).code).toBe(3)
    }))

  it('keeps to the rules of the gateway harness, its codes and its missing base line', () =>
    withFolder(async (folder) => {
      const figures = (p95_ms: number): object => ({
        total_requests: 100,
        successful_requests: 100,
        failed_requests: 0,
        concurrency: 1,
        error_rate: 0,
        throughput_rps: 100,
        latency_stats: { p50_ms: 40, p95_ms, p99_ms: p95_ms },
      })
      const [base, current] = [join(folder, 'baseline.json'), join(folder, 'current.json')]
      writeFileSync(current, JSON.stringify(figures(100)))
      expect((await runBench(['compare', base, current, '--compat', 'gateway'])).code).toBe(0)
      expect((await runBench(['compare', base, current])).code).toBe(2)
      expect((await runBench(['compare', base, current, '--compat', 'gateway', '--set-baseline'])).code).toBe(0)
      writeFileSync(current, JSON.stringify(figures(121)))
      const { code, stdout } = await runBench(['compare', base, current, '--compat', 'gateway'])
      expect(code).toBe(1)
      expect(stdout).toBe('❌ P95 LATENCY REGRESSED BY 21.0%: 121.00ms vs 100.00ms baseline (threshold: 20%)\nFAIL\n')
    }))

  it('fills the cards of our own runs from manifest and log, and those of evaluations from their scores', () =>
    withFolder(async (folder) => {
      const mock = await startMock('--ttft', '5ms', '--itl', '1ms')
      try {
        const run = join(folder, 'run')
        const load = ['--concurrency', '1', '--requests', '6', '--output-tokens', '4-60', '--num-layers', '10']
        const args = ['run', '--url', mock.url, ...load, '--validate', 'basic', '--out', run]
        expect((await runBench(args)).code).toBe(0)
        const evaluation = join(folder, 'quality')
        mkdirSync(evaluation)
        const tasks = [
          { name: 'sums', nested: false, metrics: [{ value: 0.9 }], samples: { effective: 40, original: 40 } },
        ]
        writeFileSync(
          join(evaluation, 'eval.json'),
          JSON.stringify({ v: 1, kind: 'eval', candidate: { model: 'm', tasks } }),
        )
        const cards = ['--by-layer', '--by-output-length', '--by-correctness', '--by-power', '--format', 'json']
        const { code, stdout, stderr } = await runBench(['score', `mine=${run}`, `other=${evaluation}`, ...cards])
        expect(code, stderr).toBe(0)
        const document = JSON.parse(stdout)
        expect(document.composite[0].runtimes.map(({ name }: { name: string }) => name)).toEqual(['mine'])
        expect(document.layer).toMatchObject({ entries: [{ name: 'mine', num_layers: 10 }], not_measured: ['other'] })
        expect(document.correctness.entries).toMatchObject([
          { name: 'mine', total: 6, passed: 6, score: 100, best: true },
          { name: 'other', total: 40, passed: 36, pass_rate: 0.9 },
        ])
        const lengths = document['output-length'][0].card.entries as { category: string; request_count: number }[]
        expect(lengths.reduce((sum, { request_count }) => sum + request_count, 0)).toBe(6)
        expect(lengths[0]?.category).toBe('short')
        expect(document.power).toEqual({ entries: [], not_measured: ['other', 'mine'] })
        const alone = await runBench(['score', evaluation, '--by-correctness'])
        expect([alone.code, alone.stdout]).toEqual([0, expect.stringMatching(/^m +90\.0%/m)])
        expect((await runBench(['score', evaluation])).code).toBe(2)
        const compared = await runBench(['compare', run, evaluation])
        expect([compared.code, compared.stderr]).toEqual([2, expect.stringContaining('bench eval --against')])
      } finally {
        await mock.close()
      }
    }))

  it(
    'scores and compares runs of ours, and keeps one as a base line',
    () =>
      withFolder(async (folder) => {
        const mock = await startMock('--ttft', '5ms', '--itl', '1ms')
        try {
          const runs = ['a', 'b'].map((name) => join(folder, name))
          for (const out of runs) {
            // What may differ between runs that are compared.
            const flags = [
              '--threads',
              out.endsWith('a') ? '0' : '1',
              '--requests',
              '20',
              '--concurrency',
              '2',
              '--output-tokens',
              '8',
              '--seed',
              '7',
              '--out',
              out,
            ]
            expect((await runBench(['run', '--url', mock.url, ...flags])).code).toBe(0)
          }
          const base = join(folder, 'base.json')
          const [scored, compared] = await Promise.all([
            runBench(['score', ...runs]),
            runBench(['compare', runs[0]!, runs[1]!, '--format', 'json']),
          ])
          expect(scored.code).toBe(0)
          expect(scored.stdout).toMatch(/Throughput \(c=2\)/)
          expect(scored.stdout).toContain('not measured: throughput_scaling (15 %)')
          expect(compared.stderr).toBe('')
          const { loads, unlike, differences } = JSON.parse(compared.stdout)
          expect(loads[0].changes.length).toBeGreaterThan(5)
          expect([unlike, differences]).toEqual([[], ['client threads: the main one, against 1']])
          expect((await runBench(['compare', base, runs[0]!, '--set-baseline'])).code).toBe(0)
          expect(await runBench(['compare', base, runs[1]!])).toMatchObject({ code: 0, stderr: '' })
          mkdirSync(join(folder, 'empty'))
          expect((await runBench(['compare', base, join(folder, 'empty')])).code).toBe(2)
        } finally {
          await mock.close()
        }
      }),
    60_000,
  )
})
