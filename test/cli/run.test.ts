import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

let mock: { readonly url: string; close(): Promise<void> }
beforeAll(async () => {
  mock = await startMock('--ttft', '5ms', '--itl', '1ms')
})
afterAll(() => mock.close())

const small = ['--requests', '8', '--concurrency', '4', '--output-tokens', '4', '--prompt-tokens', '8'] as const
const run = (cwd: string, args: readonly string[], env = {}) =>
  runBench(['run', '--url', mock.url, ...small, ...args], { cwd, env })

describe('bench run', () => {
  it('leaves a table, plain progress lines and a whole run folder', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout, stderr } = await run(cwd, ['--out', 'mine', '--seed', '42'])
      expect(code).toBe(0)
      expect(stdout).toMatch(/TTFT/)
      expect(stdout).toMatch(/^(VALID|SUSPECT|INVALID)\b/m)
      expect(stdout).toContain('mine')
      expect(stdout + stderr).not.toContain('\u001b')
      expect(findProblems(join(cwd, 'mine'))).toEqual([])
      const { manifest, records } = readRunFolder(join(cwd, 'mine'))
      expect(manifest).toMatchObject({ seed: 42, target: { url: mock.url }, options: { seed: 42, requests: 8 } })
      expect(records.filter(({ phase }) => phase === 'measure')).toHaveLength(8)
      expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true)
    })
  })

  it('--json is the summary and nothing else; bench report says the same to the last digit', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout, stderr } = await run(cwd, ['--out', 'mine', '--json', '--gate', 'errors<1%'])
      expect([code, stderr]).toEqual([0, ''])
      const summary = JSON.parse(stdout)
      expect(summary).toEqual(readRunFolder(join(cwd, 'mine')).summary)
      const report = await runBench(['report', 'mine', '--json'], { cwd })
      expect(report.code).toBe(0)
      expect(JSON.parse(report.stdout)).toEqual(summary)
      expect((await runBench(['report', 'mine'], { cwd })).stdout).toMatch(/TTFT/)
    })
  })

  it('lists make a matrix', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout } = await run(
        cwd,
        ['--concurrency', '1,2', '--output-tokens', '2,3', '--json', '--requests', '2'].slice(0),
      )
      expect([code, stdout]).toEqual([2, '']) // --concurrency twice
      const matrix = await runBench(
        [
          'run',
          '--url',
          mock.url,
          '--concurrency',
          '1,2',
          '--output-tokens',
          '2,3',
          '--requests',
          '2',
          '--warmup',
          '0',
          '--json',
        ],
        { cwd },
      )
      const names = JSON.parse(matrix.stdout).scenarios.map(({ scenario }: { scenario: string }) => scenario)
      expect(names).toEqual(['c1-in128~32-out2', 'c1-in128~32-out3', 'c2-in128~32-out2', 'c2-in128~32-out3'])
    })
  })

  it('a folder that holds a run is not touched', async () => {
    await withFolder(async (cwd) => {
      mkdirSync(join(cwd, 'mine'))
      expect((await run(cwd, ['--out', 'mine'])).code).toBe(0)
      const before = readFileSync(join(cwd, 'mine/records.jsonl'), 'utf8')
      const again = await run(cwd, ['--out', 'mine'])
      expect(again.code).toBe(2)
      expect(again.stderr).toMatch(/^bench: mine already holds a run[^\n]*\n$/)
      expect(readFileSync(join(cwd, 'mine/records.jsonl'), 'utf8')).toBe(before)
    })
  })

  it('a gate that is missed exits with 3, a line each, and JUnit says so', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout, stderr } = await run(cwd, [
        '--gate',
        'ttft.p50<1ms',
        '--gate',
        'errors<1%',
        '--junit',
        'gates.xml',
        '--out',
        'mine',
      ])
      expect(code).toBe(3)
      expect(stdout).toMatch(/ttft\.p50<1ms/)
      expect(stdout).toMatch(/errors<1%/)
      expect(stderr).not.toMatch(/bench:/)
      expect(readFileSync(join(cwd, 'gates.xml'), 'utf8')).toMatch(/<failure/)
      expect((await runBench(['report', 'mine'], { cwd })).code).toBe(3)
    })
  })

  it('on GitHub it annotates and writes the job summary', async () => {
    await withFolder(async (cwd) => {
      const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'summary.md') }
      writeFileSync(env.GITHUB_STEP_SUMMARY, 'before\n')
      const { code, stdout } = await run(cwd, ['--gate', 'ttft.p50<1ms'], env)
      expect(code).toBe(3)
      expect(stdout).toMatch(/^::error /m)
      const written = readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8')
      expect(written.startsWith('before\n')).toBe(true)
      expect(written).toMatch(/TTFT/)
      const json = await run(cwd, ['--gate', 'ttft.p50<1ms', '--json'], env)
      expect(() => JSON.parse(json.stdout)).not.toThrow()
      expect(json.stderr).toMatch(/^::error /m)
      expect(json.stderr).toMatch(/^bench: gate ttft\.p50<1ms/m)
    })
  })

  it('a config file says the same as flags, and a data set lies beside it', async () => {
    await withFolder(async (cwd) => {
      mkdirSync(join(cwd, 'deep'))
      writeFileSync(
        join(cwd, 'deep/rows.jsonl'),
        '{"prompt":"one two","max_tokens":2}\n{"prompt":"three","max_tokens":3}\n',
      )
      writeFileSync(
        join(cwd, 'deep/bench.yaml'),
        `url: ${mock.url}\nrequests: 4\nconcurrency: 2\nwarmup: 0\ndataset: rows.jsonl\nout: mine\n`,
      )
      const { code, stderr } = await runBench(['run', '-c', 'deep/bench.yaml', '--requests', '6'], { cwd })
      expect([code, stderr.match(/bench: .*/)]).toEqual([0, null])
      const { records } = readRunFolder(join(cwd, 'deep/mine'))
      expect(records).toHaveLength(6)
      expect(new Set(records.map(({ item }) => item)).size).toBe(2)
    })
  })

  it('no request that succeeds is a failed run', async () => {
    await withFolder(async (cwd) => {
      const { code, stderr } = await run(cwd, ['--model', 'no-such-model', '--out', 'mine'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^bench: [^\n]+$/m)
    })
  })

  it('an adapter of one’s own, by path', async () => {
    await withFolder(async (cwd) => {
      const source = `
        const encode = (call, target) => ({ method: 'POST', url: target.baseUrl + '/v1/completions', headers: [['content-type', 'application/json']],
          body: JSON.stringify({ model: target.model, prompt: 'hello', max_tokens: 2 }), framing: 'json' })
        const decoder = () => ({ data }) => {
          const { choices } = JSON.parse(data)
          return [{ type: 'text', text: choices[0].text, choice: 0 }, { type: 'finish', reason: 'length', choice: 0 }]
        }
        export default { name: 'mine', summary: 'mine', flags: { sendsDone: false, usage: false, forcesLength: false }, encode, decoder }`
      writeFileSync(join(cwd, 'mine.mjs'), source)
      const { code, stdout } = await run(cwd, [
        '--adapter',
        './mine.mjs',
        '--model',
        'mock-model',
        '--no-stream',
        '--out',
        'mine',
      ])
      expect(code).toBe(0)
      expect(stdout).toMatch(/^mine /m)
      expect(readRunFolder(join(cwd, 'mine')).manifest.adapter).toBe('mine')
    })
  })
})
