import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStopFinder } from '../../src/cpu/stop.ts'

/** What an answer says that comes in these pieces. */
function read(pieces: readonly string[], stops: readonly string[]): { readonly text: string; readonly found: boolean } {
  const finder = createStopFinder(stops)
  const text = pieces.map((piece) => finder.push(piece)).join('') + finder.end()
  return { text, found: finder.found }
}

describe('stop strings', () => {
  it('are found across pieces, and nothing of them is said', () => {
    expect(read(['one\n', '\nt', 'wo'], ['\n\n'])).toEqual({ text: 'one', found: true })
    expect(read(['aa', 'b'], ['aab', 'ab'])).toEqual({ text: '', found: true })
    expect(read(['one\n', 'two\n'], ['\n\n'])).toEqual({ text: 'one\ntwo\n', found: false })
    expect(read(['one'], ['', 'x'])).toEqual({ text: 'one', found: false })
  })

  it('are found where the whole text has the first of them, however it is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 5 }), stop, (pieces, wanted) => {
        const whole = pieces.join('')
        const place = whole.indexOf(wanted)
        expect(read(pieces, [wanted])).toEqual({ text: place < 0 ? whole : whole.slice(0, place), found: place >= 0 })
      }),
    )
  })
})
