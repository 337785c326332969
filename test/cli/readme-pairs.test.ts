/** The README's table of old commands and new ones: each new one runs as it stands there, but for hosts, durations and lengths. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readResultFile } from '../../src/core/compat/result-file.ts'
import { loadResult } from '../score/load-results.ts'
import { benchCommand, root, runBench, startMock, withFolder } from '../support/command.ts'
import { findPort } from '../support/port.ts'

const MODEL = 'Qwen/Qwen3-0.6B'

interface Mock {
  readonly url: string
  close(): Promise<void>
}

let server: Mock
let gateway: Mock
beforeAll(async () => {
  const fast = ['--ttft', '2ms', '--itl', '0.1ms']
  server = await startMock(...fast, '--model', MODEL)
  gateway = await startMock('--profile', 'gateway', ...fast)
})
afterAll(() => Promise.all([server.close(), gateway.close()]))

/** By tool, in order. */
function readPairs(): ReadonlyMap<string, readonly string[]> {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const section = readme.slice(readme.indexOf('## Coming from another tool')).split('\n## ')[0]!
  const pairs = new Map<string, string[]>()
  for (const [, before, now] of section.matchAll(/^\| (.+?) \| (.*?) ?\|$/gm)) {
    const tool = /^\*\*(.+)\*\*$/.exec(before!)?.[1]
    if (tool !== undefined) pairs.set(tool, [])
    else if (now!.startsWith('`bench ')) [...pairs.values()].at(-1)!.push(now!.slice(1, -1))
  }
  return pairs
}

/** Words as a shell takes them: single quotes are all that the table needs. */
function splitWords(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
}

async function placeCommand(line: string): Promise<readonly string[]> {
  // lm-eval itself needs Python, and the network for its tasks.
  const lmEval = line.startsWith('bench eval ')
    ? ` --include-path tasks --lm-eval ${join(root, 'test/eval/lm-eval-stand-in.mjs')}`
    : ''
  return await placeWords(splitWords(line + lmEval).slice(1))
}

async function placeWords(given: readonly string[]): Promise<readonly string[]> {
  const port = await findPort()
  const start = `${benchCommand().join(' ')} mock --port ${port} --ttft 2ms --itl 0.1ms`
  return given.map((word, index, words) => {
    if (words[index - 1] === '--start') return start
    if (/^--(duration|warmup|cooldown)$/.test(words[index - 1] ?? '')) return '150ms'
    if (words[index - 1] === '--output-tokens') return '2,4'
    // Its whole matrix twice would take a minute; the line before it has run it once.
    if (words[0] === 'compare' && words[index - 1] === '--workload') return word.split(',')[0]!
    // Two servers that are there are one and the same here; else a load starts its own.
    const there = words[0] === 'eval' || (words[0] === 'compare' && !words.includes('--start'))
    if (word === 'http://localhost:8000' || (there && word.startsWith('http:'))) return server.url
    return word
      .replace('http://localhost:8001', `http://127.0.0.1:${port}`)
      .replace('http://localhost:8002', gateway.url)
  })
}

/** What somebody who comes from the tool has already. */
function prepareFolder(cwd: string): void {
  const slow = loadResult({ runtime_name: 'slow', throughput_rps: 0.001, tokens_per_sec: 0.001, latency_p50_ms: 1e6 })
  const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text)
  mkdirSync(join(cwd, 'results'))
  mkdirSync(join(cwd, 'tasks'))
  write('tasks/hellaswag.jsonl', '{"question":"1 plus 1","answer":"2"}\n{"question":"2 plus 1","answer":"3"}\n')
  write('base.json', JSON.stringify({ ...slow, tpot_p50_ms: 1e6 }))
  write('prompts.jsonl', '{"prompt":"One?","max_tokens":3}\n')
  write('cases.yaml', 'tests:\n  - name: says something\n    messages: [{ role: user, content: Hello }]\n')
  write('base_metrics.json', JSON.stringify({ avg_ttft_ms: 1e6, avg_tbt_ms: 1e6, avg_throughput_tps: 0.001 }))
  write(
    'baseline.json',
    JSON.stringify({
      total_requests: 200,
      failed_requests: 0,
      throughput_rps: 0.001,
      error_rate: 0,
      latency_stats: { p50_ms: 1e6, p95_ms: 1e6 },
    }),
  )
}

const pairs = readPairs()

/** What a command may end with: a contract that is not met is no failure of ours. */
const codesOf = (line: string): readonly number[] => (line.includes('--contract') ? [0, 1, 3] : [0])

describe('the README, for who comes from another tool', () => {
  it('has all of them', () => {
    expect([...pairs.keys()]).toEqual(['probador', 'vllm-rust', 'gateway harness', 'sagellm-benchmark'])
    for (const lines of pairs.values()) expect(lines.length).toBeGreaterThanOrEqual(2)
  })

  it.each([...pairs])(
    '%s: each new command runs, and writes files that load',
    async (_tool, lines) => {
      await withFolder(async (cwd) => {
        prepareFolder(cwd)
        for (const line of lines) {
          if (line.includes('results_vllm.json'))
            copyFileSync(join(cwd, 'results_rust.json'), join(cwd, 'results_vllm.json'))
          const { code, stdout, stderr } = await runBench(await placeCommand(line), { cwd })
          expect(codesOf(line), `${line}\n${stdout}${stderr}`).toContain(code)
          const written = /--compat-out (\S+\.json)/.exec(line)?.[1]
          if (written === undefined || line.startsWith('bench eval ')) continue
          expect(readResultFile(JSON.parse(readFileSync(join(cwd, written), 'utf8')), 'x'), line).toBeDefined()
        }
        for (const line of lines) {
          const folder = /--compat-out ([^.\s]+)$/.exec(line)?.[1]
          if (folder !== undefined) expect(existsSync(join(cwd, folder)), line).toBe(true)
        }
      })
    },
    120_000,
  )
})
