/** Recorded runs of known health: the cause stands first, what follows is marked, and judging is a pure function. */
import fc from 'fast-check'
import type { RequestRecord } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { reportFolder } from '../../src/core/engine/report.ts'
import { renderTable } from '../../src/core/report/table.ts'
import { measureWidth } from '../../src/core/report/text.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { folderOf, judgeAgain, readEvidence } from './folders.ts'
import { labs } from './lab.ts'

const { files } = await loadPlatform()

for (const { name, cause, consequences } of labs) {
  describe(`the recorded run "${name}"`, () => {
    const evidence = readEvidence(name)
    const { verdict } = judgeAgain(evidence)

    it(cause === undefined ? 'is VALID' : `is not VALID, and names ${cause} first`, () => {
      expect(verdict.reasons[0]?.code).toBe(cause)
      expect(verdict.status === 'VALID').toBe(cause === undefined)
    })

    it('marks what follows, after the causes', () => {
      const roots = verdict.reasons.filter(({ follows }) => follows === undefined)
      expect(roots.map(({ code }) => code)).toEqual(cause === undefined ? [] : [cause])
      for (const reason of verdict.reasons.slice(1)) expect(consequences).toContain(reason.code)
    })

    it('is judged alike however its log is cut into pieces', async () => {
      const whole = await reportFolder(files!, folderOf(name))
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (size) => {
          const cutting = { ...files!, readPieces: (path: string) => cut(files!.readText(path), size) }
          expect((await reportFolder(cutting, folderOf(name))).summary).toEqual(whole.summary)
        }),
        { numRuns: 5 },
      )
    })

    it('fits a terminal of 80 columns, a line or two a reason', () => {
      const page = renderTable(judgeAgain(evidence), evidence.manifest, { color: false, width: 80 })
      for (const line of page.split('\n')) expect(measureWidth(line)).toBeLessThanOrEqual(80)
      expect(page).toMatch(new RegExp(`^${verdict.status}\\b`, 'm'))
      if (cause !== undefined) expect(page).toContain(`\n  ${cause} `)
    })
  })
}

describe('the order of records', () => {
  it('does not change status and reasons', () => {
    const evidence = readEvidence('overloaded')
    const { verdict } = judgeAgain(evidence)
    fc.assert(
      fc.property(fc.shuffledSubarray([...evidence.records], { minLength: evidence.records.length }), (shuffled) => {
        expect(judgeAgain({ ...evidence, records: shuffled }).verdict).toEqual(verdict)
      }),
      { numRuns: 10 },
    )
  })
})

describe('repetitions', () => {
  it('are judged each by itself', () => {
    const clean = readEvidence('clean')
    const cached = readEvidence('cached')
    const scenario = clean.manifest.scenarios[0]!.name
    const records = [
      ...clean.records.map((record) => ({ ...record, run: 1 })),
      ...cached.records.map((record) => ({
        ...record,
        scenario,
        run: 2,
        dueAt: record.dueAt + 9000,
        endAt: record.endAt + 9000,
      })),
    ]
    const { verdict } = judgeAgain({ ...clean, records: records as readonly RequestRecord[] })
    expect(verdict.reasons.map(({ code, run }) => [code, run])).toEqual([['warm-cache', 2]])
  })
})

describe('a very long run', () => {
  it('is folded into bounded memory, and judged', () => {
    const clean = readEvidence('clean')
    const answers = clean.records.filter((record) => record.outcome === 'ok' && record.phase === 'measure')
    const records = Array.from({ length: 20_000 }, (_, n): RequestRecord => {
      const from = answers[n % answers.length]!
      if (from.outcome !== 'ok') throw new Error('not an answer')
      const moved = n * 20 - from.dueAt
      const [dueAt, sentAt, headersAt, endAt] = [from.dueAt, from.sentAt, from.headersAt, from.endAt].map(
        (at) => at + moved,
      )
      return { ...from, n, dueAt: dueAt!, sentAt: sentAt!, headersAt: headersAt!, endAt: endAt! }
    })
    const client = Array.from({ length: 40_000 }, (_, index) => ({ ...clean.client[5]!, at: (index + 1) * 10 }))
    const { verdict, scenarios } = judgeAgain({ ...clean, records, client })
    expect(verdict.status).toBe('VALID')
    // MSER on at most 128 batches, of a number of requests that doubled as they came.
    expect(scenarios[0]!.steady!.method).toMatch(/means of (160|320) requests/)
  })
})

async function* cut(text: Promise<string>, size: number): AsyncGenerator<string> {
  const all = await text
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}
