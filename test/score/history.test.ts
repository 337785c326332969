/** Results as rows: in a README between marks, and as CSV. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addToHistory } from '../../src/core/compare/history.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { loadResult } from './load-results.ts'

const first = loadResult({ runtime_name: 'vllm' })
const second = loadResult({
  runtime_name: 'a|b',
  timestamp: '2026-03-09T10:00:00Z',
  error_rate: 0.015,
  prefill_tok_per_sec: 0,
})

describe('the table in a README', () => {
  it('has a row a result, in the columns of the original', () => {
    const text = addToHistory('# Mine\n', [first, second])
    expect(text).toMatch(/^# Mine\n\n<!-- PERFORMANCE_START -->\n\| Date \| Runtime \| Concurrency \| RPS /)
    expect(text).toContain(
      '| 2026-03-08 | vllm | 1 | 2.0 | 600.0 | 650.0 | 700.0 | 15.0 | 150.0 | - | 7.0 | 150.0 | - | 7.0 | 0% | 100 |',
    )
    expect(text).toContain('| 2026-03-09 | a\\|b | 1 |')
    expect(text).toContain('| 1.5% | 100 |')
  })

  it('is the same however often it is written, and leaves alone what stands around it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        fc.pre(!`${before}${after}`.includes('PERFORMANCE_'))
        const document = `${before}<!-- PERFORMANCE_START -->\nold\n<!-- PERFORMANCE_END -->${after}`
        const once = addToHistory(document, [first])
        expect(addToHistory(once, [first])).toBe(once)
        expect(once.startsWith(before) && once.endsWith(after)).toBe(true)
      }),
    )
  })

  it('holds names that would be markup, or its own end, as text', () => {
    const name = 'x<!-- PERFORMANCE_END --><img src=x onerror=alert(1)> `y` [z](http://evil)\n| \u001b[31m&amp;'
    const hostile = loadResult({ runtime_name: name })
    const once = addToHistory('# Mine\n', [hostile, first])
    expect(addToHistory(once, [hostile, first])).toBe(once)
    expect(once.match(/PERFORMANCE_END -->/g)).toHaveLength(1)
    expect(once.split('\n').find((line) => line.includes('img'))).toContain(
      '| x&lt;!-- PERFORMANCE_END --&gt;&lt;img src=x onerror=alert(1)&gt; \\`y\\` \\[z\\](http://evil)\\\\n\\| \\\\x1b\\[31m&amp;amp; |',
    )
    expect(addToHistory('', [loadResult({ runtime_name: 'Qwen/Qwen3_0.6B (a-b)' })])).toContain(
      '| Qwen/Qwen3_0.6B (a-b) |',
    )
  })

  it('takes marks that a sentence speaks of for no marks, and the last start before an end for its start', () => {
    const prose = 'Between `<!-- PERFORMANCE_START -->` and `<!-- PERFORMANCE_END -->` stand loads.\n'
    const lone = '<!-- PERFORMANCE_START -->\nunfinished\n'
    for (const text of [prose, lone, prose + lone]) {
      const once = addToHistory(text, [first])
      expect(once.startsWith(text)).toBe(true)
      expect(addToHistory(once, [first])).toBe(once)
      expect(addToHistory(once, [second]).startsWith(text)).toBe(true)
    }
    expect(addToHistory('<!-- PERFORMANCE_START --> <!-- PERFORMANCE_END -->', [first])).toMatch(
      /^<!-- PERFORMANCE_START -->\n\| Date/,
    )
  })

  it('keeps the rows that were there, those without a date too', () => {
    const { timestamp, ...undated } = first
    expect(timestamp).toBeDefined()
    const text = addToHistory(addToHistory('', [undated]), [second])
    expect(text.match(/^\| (-|2026-03-09) \|/gm)).toEqual(['| - |', '| 2026-03-09 |'])
  })
})

describe('bench report', () => {
  it(
    'prints CSV and Markdown, and adds a run to a file once',
    () =>
      withFolder(async (folder) => {
        const mock = await startMock('--ttft', '2ms', '--itl', '1ms')
        const [run, readme] = [join(folder, 'run'), join(folder, 'README.md')]
        try {
          const flags = ['--requests', '4', '--concurrency', '2', '--output-tokens', '4', '--out', run]
          expect((await runBench(['run', '--url', mock.url, ...flags])).code).toBe(0)
        } finally {
          await mock.close()
        }
        writeFileSync(readme, '# Mine\n')
        const csv = await runBench(['report', run, '--format', 'csv', '--into', readme])
        expect(csv.code).toBe(0)
        expect(csv.stdout).toMatch(/^run,scenario,title,metric,statistic,unit,value\r\n/)
        expect(csv.stdout).toMatch(/,ttft,mean,ms,[\d.]+\r\n/)
        const markdown = await runBench(['report', run, '--format', 'markdown', '--into', readme])
        expect(markdown.stdout).toMatch(/^# `/)
        expect(readFileSync(readme, 'utf8').match(/^\| 20.*$/gm)).toHaveLength(1)
        const serving = await runBench(['report', run, '--format', 'vllm-rust'])
        const [scenario] = JSON.parse(serving.stdout).scenarios
        expect(scenario).toMatchObject({ num_requests: 4, total_tokens: 16 })
        expect(scenario.ttft_p50_ms).toBeGreaterThan(0)
        const [before, after] = ['before.json', 'after.json'].map((name) => join(folder, name)) as [string, string]
        for (const path of [before, after]) writeFileSync(path, serving.stdout)
        const same = await runBench(['compare', before, after, '--fail-on-regression', '1'])
        expect(same).toMatchObject({ code: 0, stderr: '' })
        expect(await runBench(['report', run, '--format', 'cvs'])).toMatchObject({ code: 2, stdout: '' })
      }),
    60_000,
  )
})
