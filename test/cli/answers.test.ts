/** What can be asked by the seeds' own options, and what answers are judged by: the command as a process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseValidation } from '../../src/core/metrics/quality.ts'
import { parsePromptFile } from '../../src/core/options/prompt-file.ts'
import type { OkRecord } from '../../src/core/record.ts'
import { makeRandom } from '../../src/core/stats/random.ts'
import { parseSpread } from '../../src/core/units.ts'
import { drawLength } from '../../src/core/workload/lengths.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

let mock: { readonly url: string; close(): Promise<void> }
beforeAll(async () => {
  mock = await startMock('--ttft', '1ms', '--itl', '0.2ms')
})
afterAll(() => mock.close())

async function measure(cwd: string, ...args: readonly string[]) {
  const load = ['--concurrency', '2', '--requests', '6', '--warmup', '0', '--out', 'mine']
  return await runBench(['run', '--url', mock.url, ...load, ...args], { cwd })
}

describe('lengths of prompts and answers', () => {
  it('profiles make scenarios of known lengths, and no two prompts are the same', async () => {
    await withFolder(async (cwd) => {
      expect(await measure(cwd, '--prompt-profile', 'micro,short')).toMatchObject({ code: 0 })
      const { summary, records } = readRunFolder(join(cwd, 'mine'))
      expect(summary.scenarios.map(({ scenario }) => scenario)).toEqual(['c2-micro', 'c2-short'])
      for (const record of records) {
        const isMicro = record.scenario === 'c2-micro'
        expect([record.askedInputTokens, record.maxTokens]).toEqual(isMicro ? [10, 1] : [32, 32])
      }
      expect(new Set(records.map(({ item }) => item)).size).toBe(12)
    })
  })

  it('a YAML file of prompts is asked in order', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(
        join(cwd, 'prompts.yaml'),
        'prompts:\n  - role: user\n    content: Say hello.\n    max_tokens: 3\n  - { role: user, content: Again., temperature: 0.5 }\n',
      )
      expect(await measure(cwd, '--prompt-file', 'prompts.yaml')).toMatchObject({ code: 0 })
      const { records, manifest } = readRunFolder(join(cwd, 'mine'))
      expect(manifest.scenarios[0]!.workload).toMatchObject({ name: 'prompts.yaml', rows: 2 })
      const byRow = new Map(records.map(({ item, maxTokens }) => [item, maxTokens]))
      expect([...byRow].sort()).toEqual([
        ['row:1', 3],
        ['row:2', 64],
      ])
    })
  })

  it.each([
    ['prompts: []', /at least one prompt/],
    ['prompts: [{role: user}]', /prompts\.0\.content/],
    ['prompts: [{role: user, content: x, max_tokens: 0}]', /max_tokens must be at least 1/],
    ['prompts: [', /line 1/],
    ['hello', /prompts/],
  ])('a prompt file %j is refused with its name', (text, message) => {
    expect(() => parsePromptFile('mine.yaml', text)).toThrow(message)
    expect(() => parsePromptFile('mine.yaml', text)).toThrow(/^mine\.yaml/)
  })

  it('16-256 are lengths evenly between the two, seeded', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 500 }))
    fc.assert(
      fc.property(range, fc.nat(), ([least, more], seed) => {
        const spread = parseSpread(`${least}-${least + more}`)!
        const draw = () => Array.from({ length: 20 }, (_, n) => drawLength(spread, makeRandom(seed, 'test', n)))
        expect(draw()).toEqual(draw())
        for (const length of draw()) {
          expect(length).toBeGreaterThanOrEqual(least)
          expect(length).toBeLessThanOrEqual(least + more)
        }
      }),
    )
    const dice = Array.from({ length: 6000 }, (_, n) => drawLength(parseSpread('1-6')!, makeRandom(7, 'dice', n)))
    // Six deviations of a count of a thousand.
    for (let face = 1; face <= 6; face++)
      expect(Math.abs(dice.filter((one) => one === face).length - 1000)).toBeLessThan(180)
    expect(parseSpread('6-1')).toBeUndefined()
  })
})

function answer(changes: Partial<OkRecord>): OkRecord {
  return {
    finish: 'stop',
    outputTokens: 2,
    events: { us: [1, 1], kind: 'tt' },
    text: 'The answer is 42.',
    ...changes,
  } as OkRecord
}

describe('what answers are judged by', () => {
  it.each([
    ['basic', {}, undefined],
    ['basic', { outputTokens: 0 }, 'zero_tokens'],
    ['basic', { events: { us: [1], kind: 'o' } }, 'empty_content'],
    ['contains:42', {}, undefined],
    ['contains:the', {}, 'missing_substring'],
    ['contains:x', { text: '' }, 'empty_content'],
    ['pattern:^The .*\\d+', {}, undefined],
    ['pattern:(?i)^the', {}, undefined],
    ['pattern:^the', {}, 'missing_pattern'],
  ] as const)('%s of %j', (rule, changes, fault) => {
    expect(parseValidation(rule).findFault(answer(changes as Partial<OkRecord>))).toBe(fault)
  })

  it('an answer without an end is no good one', () => {
    const { finish: _, ...endless } = answer({})
    expect(parseValidation('basic').findFault(endless)).toBe('no_finish_reason')
  })

  it('keeps the judgement and not the text, and a report comes to the same', async () => {
    await withFolder(async (cwd) => {
      const run = await measure(cwd, '--validate', 'pattern:^$|no such words', '--fail-on-quality', '0.95', '--json')
      expect(run.code).toBe(3)
      const folder = join(cwd, 'mine')
      expect(findProblems(folder)).toEqual([])
      const { summary, records } = readRunFolder(folder)
      for (const record of records) {
        expect(record).toMatchObject({ outcome: 'ok', quality: 'failed', notes: ['missing_pattern'] })
        expect(record).not.toHaveProperty('text')
      }
      expect(summary.scenarios[0]!.metrics.quality).toMatchObject({ value: 0, unit: '%' })
      expect(summary.gates).toMatchObject([{ gate: 'quality>=95%', status: 'missed' }])
      const report = await runBench(['report', 'mine', '--json'], { cwd })
      expect([report.code, JSON.parse(report.stdout)]).toEqual([3, JSON.parse(run.stdout)])
    })
  })

  it('--spike-threshold and --num-layers are kept for the report', async () => {
    await withFolder(async (cwd) => {
      // Every TPOT is above a hundredth of the median.
      const run = await measure(cwd, '--spike-threshold', '0.01', '--num-layers', '10', '--json')
      expect(run).toMatchObject({ code: 0 })
      const { metrics } = JSON.parse(run.stdout).scenarios[0]
      expect(metrics.tpot_spikes.value).toBe(6)
      expect(metrics.us_per_layer.value).toBeCloseTo(metrics.itl.distribution.quantiles.p50 * 100, 9)
      const report = await runBench(['report', 'mine', '--json'], { cwd })
      expect(JSON.parse(report.stdout)).toEqual(JSON.parse(run.stdout))
    })
  })

  it('passes good answers, and says so', async () => {
    await withFolder(async (cwd) => {
      const run = await measure(cwd, '--validate', 'basic', '--fail-on-quality', '1')
      expect(run).toMatchObject({ code: 0 })
      expect(run.stdout).toMatch(/answers that passed 100 %/)
    })
  })

  it.each([
    [['--validate', 'pattern:(unclosed'], /--validate: the pattern .* is not valid/],
    [['--validate', 'everything'], /--validate: "everything" is no validation/],
    [['--validate', 'contains:'], /no validation/],
    [['--fail-on-quality', '0.9'], /--fail-on-quality .*--validate/],
    [['--validate', 'basic', '--fail-on-quality', '95'], /from 0 to 1/],
    [['--prompt-profile', 'mediun'], /did you mean "medium"/],
    [['--prompt-profile', 'short', '--prompt-tokens', '5'], /contradicts/],
    [['--prompt-file', 'missing.yaml'], /missing\.yaml/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await runBench(['run', '--url', mock.url, ...args])
    expect(stderr).toMatch(message)
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1])
  })
})
