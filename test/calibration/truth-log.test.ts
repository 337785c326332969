/** Logs of servers, in both forms, whole and damaged. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTruthLog } from '../../src/core/engine/truth-log.ts'
import { formatAnswer, type SentAnswer } from '../../src/platform/truth-server.ts'

const answer = fc
  .record({
    // As clocks are: the instants of a log have as many digits each.
    arrivedAt: fc.integer({ min: 2 ** 51, max: 2 ** 52 }),
    steps: fc.array(fc.nat(1e9), { maxLength: 20 }),
  })
  .map(({ arrivedAt, steps }): Omit<SentAnswer, 'id'> => {
    let at = arrivedAt
    return {
      arrivedAt,
      stamps: steps.map((step) => {
        at += step
        return at
      }),
    }
  })
const answers = fc
  .array(answer, { maxLength: 8 })
  .map((list) => list.map((one, place): SentAnswer => ({ ...one, id: `id-${place}` })))

function formatJson({ id, arrivedAt, stamps }: SentAnswer): string {
  // Digits in quotes are what a server writes whose numbers are wider than JSON's.
  return `${JSON.stringify({ id, arrivedAt, events: stamps.length, sentAt: stamps.map(String) })}\n`
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return at.slice(1).map((end, index) => text.slice(at[index], end))
}

describe('a log of what was sent', () => {
  it('says the same in both forms, wherever it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), async (sent, places, json) => {
        const text = sent.map(json ? formatJson : formatAnswer).join('')
        const log = await readTruthLog('log', cut(text, places))
        expect([...log.keys()]).toEqual(sent.map(({ id }) => id))
        for (const { id, arrivedAt, stamps } of sent) {
          expect(log.get(id)!.arrivedAt).toBe(arrivedAt / 1e6)
          expect([...log.get(id)!.sentAt]).toEqual(stamps.map((at) => at / 1e6))
        }
      }),
    )
  })

  it.each([
    ['a 1 2 5', /instants where 2 are announced/],
    ['a 1', /no number of instants/],
    ['a x 1 5', /the arrival is no number/],
    ['a 1 1 5.5', /instant 1 is no number/],
    ['a 1 2 7 5', /instant 2 is before/],
    ['a 9 1 5', /instant 1 is before/],
    ['{"id":"a","arrivedAt":1}', /a list sentAt/],
    ['{"id":7,"arrivedAt":1,"sentAt":[2]}', /no id/],
    ['{"id":"a","arrivedAt":1,"events":3,"sentAt":[2]}', /1 instants where 3/],
    ['{"id":"a","arrivedAt":-1,"sentAt":[2]}', /the arrival is no number/],
    ['{"id":"a","arr', /not a JSON object/],
    ['first 1 1 5', /was there before/],
  ])('names file and line of %s', async (line, what) => {
    const failed = readTruthLog('sent.log', [`first 1 1 2\n\n${line}\n`])
    await expect(failed).rejects.toMatchObject({ code: 'usage' })
    await expect(failed).rejects.toThrow(/^sent\.log:3: /)
    await expect(failed).rejects.toThrow(what)
  })

  it('leaves out a last line that is not whole yet, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.nat(), fc.boolean(), async (sent, place, json) => {
        const lines = sent.map(json ? formatJson : formatAnswer)
        const text = lines.join('')
        const end = place % (text.length + 1)
        const log = await readTruthLog('log', [text.slice(0, end)])
        const whole = text.slice(0, end).split('\n').length - 1
        expect([...log.keys()].slice(0, whole)).toEqual(sent.slice(0, whole).map(({ id }) => id))
        for (const [id, { sentAt }] of log) {
          expect([...sentAt]).toEqual(sent.find((answer) => answer.id === id)!.stamps.map((at) => at / 1e6))
        }
      }),
    )
  })

  it('never fails otherwise, whatever a file holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (text) => {
        try {
          await readTruthLog('log', [text])
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'usage' })
        }
      }),
    )
  })

  it('leaves requests without an id out', async () => {
    const log = await readTruthLog('log', ['- 1 1 2\na 1 1 2\n- 1 1 2\n'])
    expect([...log.keys()]).toEqual(['a'])
  })
})
