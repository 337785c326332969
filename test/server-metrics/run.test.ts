/** Whole runs against the mock, as processes: what the server counted is what was sent. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricResult, PluginSummary, Sample } from 'inferbench'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { runBench, startBench } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'inferbench-server-metrics-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: ReturnType<typeof startBench>[] = []
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.child.kill('SIGTERM')
    await one.finished
  }
})

async function startMock(...args: string[]): Promise<string> {
  const mock = startBench(['mock', '--port', '0', ...args])
  running.push(mock)
  return (await mock.until(/http:\/\/[\w.[\]:-]+\d/))[0]!
}

const REQUESTS = 24
const OFTEN = ['--plugin-option', 'server.every=100ms']

async function bench(name: string, url: string, ...args: string[]) {
  const out = join(folder, name)
  const done = await runBench([
    ...['run', '--url', url, '--concurrency', '4', '--requests', `${REQUESTS}`, '--warmup', '4', '--out', out],
    ...['--output-tokens', '12', '--prompt-tokens', '32', ...args],
  ])
  expect(done.code, done.stdout + done.stderr).toBe(0)
  expect(findProblems(out)).toEqual([])
  const { summary } = readRunFolder(out)
  const seen = (summary.plugins as readonly PluginSummary[] | undefined)?.find(({ plugin }) => plugin === 'server')
  return { ...done, out, seen, metrics: seen?.scenarios[0]?.metrics ?? {} }
}

const scalarOf = (result: MetricResult | undefined): number | undefined =>
  result?.kind === 'scalar' ? result.value : undefined
const countOf = (result: MetricResult | undefined): number | undefined =>
  result?.kind === 'distribution' ? result.distribution.count : undefined

function readSamples(out: string): Sample[] {
  const lines = readFileSync(join(out, 'series/server.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Sample)
}

describe('bench run beside a server with metrics', () => {
  it('counts what the server counts, without being asked to, and a report says the same', async () => {
    const url = await startMock('--ttft', '40ms', '--itl', '8ms')
    const { out, seen, metrics, stdout } = await bench('vllm', url, '--adapter', 'vllm', ...OFTEN)
    expect(seen?.source).toBe(`GET ${url}/metrics, names of vLLM`)
    // Exactly those of the measured window: the readings at its edges leave the warm-up out.
    expect(countOf(metrics.server_ttft)).toBe(REQUESTS)
    expect(metrics.server_req_s).toMatchObject({ count: REQUESTS })
    expect(metrics.server_output_tok_s).toMatchObject({ count: REQUESTS * 12 })
    for (const id of ['server_output_tokens_off', 'server_prompt_tokens_off', 'server_other_requests'])
      expect(scalarOf(metrics[id]), id).toBe(0)
    // The server's clock starts after ours, and stops before.
    expect(scalarOf(metrics.ttft_outside_server)).toBeGreaterThan(0)
    const { distribution } = metrics.server_running as Extract<MetricResult, { kind: 'distribution' }>
    expect(distribution.max).toBeGreaterThan(0)
    expect(distribution.max).toBeLessThanOrEqual(4)
    expect(stdout).toMatch(/server running \d/)
    const samples = readSamples(out)
    expect(samples.filter(({ edge }) => edge === true).length).toBeGreaterThanOrEqual(2)
    expect(samples.at(-1)).toMatchObject({ server: 'vLLM', requests_finished: REQUESTS + 4, requests_running: 0 })

    const before = readFileSync(join(out, 'summary.json'), 'utf8')
    expect((await runBench(['report', out])).code).toBe(0)
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toEqual(JSON.parse(before))
  })

  it('tells the dialect by the names, whatever the adapter', async () => {
    const url = await startMock('--profile', 'vllm-rust')
    const { out, metrics } = await bench('rust', url, '--adapter', 'openai', '--plugin', 'server')
    expect(readSamples(out).at(-1)).toMatchObject({ server: 'vllm-rust' })
    expect(metrics.server_req_s).toMatchObject({ count: REQUESTS })
    // The mock's prefix cache finds nothing, and that series alone would say so.
    expect(countOf(metrics.server_ttft)).toBe(REQUESTS)
  })

  it('reads JSON of a gateway', async () => {
    const url = await startMock('--profile', 'gateway')
    const { out, metrics } = await bench('gateway', url, '--adapter', 'gateway')
    expect(readSamples(out).at(-1)).toMatchObject({ server: 'gateway' })
    expect(metrics.server_req_s).toMatchObject({ count: REQUESTS })
    expect(metrics.server_e2e_mean).toMatchObject({ kind: 'scalar', count: REQUESTS })
  })

  it('makes a run with others on the server doubtful, and gates can name its figures', async () => {
    const url = await startMock('--ttft', '20ms', '--itl', '4ms')
    const ask = () =>
      fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'mock-model', prompt: 'x', max_tokens: 2 }),
      }).then((response) => response.text())
    let asking = true
    const others = (async () => {
      while (asking) await ask()
    })()
    try {
      const { out, stdout } = await bench(
        'shared',
        url,
        '--adapter',
        'vllm',
        '--gate',
        'server_waiting.max<1',
        ...OFTEN,
      )
      expect(stdout).toContain('server-shared')
      const { verdict } = readRunFolder(out).summary as { verdict: { status: string } }
      expect(verdict.status).not.toBe('VALID')
    } finally {
      asking = false
      await others
    }
  })

  it('a server without metrics is no news, unless they were asked for', async () => {
    const url = await startMock('--profile', 'ollama')
    const quiet = await bench('quiet', url, '--adapter', 'ollama')
    expect(quiet.stdout + quiet.stderr).not.toContain('/metrics')
    const asked = await bench('asked', url, '--adapter', 'ollama', '--plugin', 'server')
    expect(asked.stdout).toContain(`server: ${url}/metrics answers 404`)
    expect(asked.seen?.absent).toBe(`${url}/metrics answers 404; /prometheus/metrics answers 404`)
  })
})
