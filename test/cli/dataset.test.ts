import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDataset } from '../../src/core/workload/dataset.ts'
import { generateRow } from '../../src/core/workload/generate.ts'
import { root, runBench, withFolder } from '../support/command.ts'

describe('bench dataset', () => {
  it('writes what bench run reads, the same for the same seed', async () => {
    await withFolder(async (cwd) => {
      const args = ['dataset', '--count', '20', '--input-mean', '40', '--input-stddev', '0', '--output-mean', '3']
      expect(await runBench([...args, '-o', 'made.jsonl'], { cwd })).toMatchObject({ code: 0, stderr: '' })
      const text = readFileSync(join(cwd, 'made.jsonl'), 'utf8')
      expect((await runBench(args)).stdout).toBe(text)
      expect((await runBench([...args, '--seed', '7'])).stdout).not.toBe(text)
      const rows = parseDataset('made.jsonl', text)
      expect(rows).toHaveLength(20)
      for (const { content, inputTokens, maxTokens } of rows) {
        expect(inputTokens).toBe(40)
        expect(maxTokens).toBeGreaterThanOrEqual(1)
        expect('messages' in content && content.messages[0]!.content.split(' ')).toHaveLength(40)
      }
      const load = ['--requests', '20', '--warmup', '0', '--concurrency', '4', '--out', 'mine']
      expect(await runBench(['run', '--dataset', 'made.jsonl', ...load], { cwd })).toMatchObject({ code: 0 })
    })
  })

  it.each(['lognormal', 'normal'] as const)('%s lengths have the mean and the deviation asked for', (distribution) => {
    const lengths = { mean: 200, deviation: 40 }
    const plan = { distribution, input: lengths, output: lengths, seed: 3 }
    const drawn = Array.from({ length: 4000 }, (_, n) => generateRow(plan, n).max_tokens)
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
    const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length)
    // Five times the error of each.
    expect(Math.abs(mean - 200)).toBeLessThan((5 * 40) / Math.sqrt(4000))
    expect(Math.abs(deviation - 40)).toBeLessThan(5)
  })

  it('--compat probador draws its lengths', async () => {
    const { stdout } = await runBench(['dataset', '--compat', 'probador', '--count', '1000'])
    const rows = parseDataset('made', stdout)
    // Its cut: a tenth of the answers are exactly 4 tokens long.
    expect(rows.filter(({ maxTokens }) => maxTokens === 4).length).toBeGreaterThan(80)
  })

  it.each([
    [['--count', '0'], /--count: "0" is not/],
    [['--distribution', 'lognorml'], /did you mean "lognormal"/],
    [['--compat', 'sage'], /--compat: there is no "sage"/],
    [['--compat', 'probador', '--seed', '1'], /--seed contradicts/],
    [['--out', 'package.json/x.jsonl'], /package\.json/],
  ])('%j is an error of one line', async (args, message) => {
    const { code, stderr } = await runBench(['dataset', ...args], { cwd: root })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^bench: [^\n]+\n$/)
  })
})
