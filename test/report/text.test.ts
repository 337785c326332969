import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  flowPhrases,
  formatFigure,
  formatPercent,
  groupDigits,
  measureWidth,
  truncate,
  wrapWords,
} from '../../src/core/report/text.ts'

describe('figures', () => {
  it.each([
    [undefined, '-'],
    [0, '0'],
    [0.0344, '0.034'],
    [0.9996, '1.00'],
    [4.714, '4.71'],
    [9.996, '10.0'],
    [48.14, '48.1'],
    [999.96, '1 000'],
    [1481.4, '1 481'],
    [1_234_567, '1 234 567'],
    [12_345_678, '1.23e+7'],
    [-3.5, '-3.50'],
  ])('%s is %s', (value, text) => {
    expect(formatFigure(value)).toBe(text)
  })

  it('never take more than ten characters', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e99, max: 1e99 }), (value) => {
        expect(formatFigure(value).length).toBeLessThanOrEqual(10)
      }),
    )
  })

  it.each([
    [undefined, '-'],
    [0, '0 %'],
    [100, '100 %'],
    [98.54, '98.5 %'],
    [99.96, '99.960 %'],
    [99.99999, '>99.999 %'],
    [0.00001, '<0.001 %'],
    [0.25, '0.250 %'],
  ])('%s percent is %s', (value, text) => {
    expect(formatPercent(value)).toBe(text)
  })

  it('digits stand in groups of three', () => {
    expect(['1', '12', '123', '1234', '1234567'].map((digits) => groupDigits(Number(digits)))).toEqual([
      '1',
      '12',
      '123',
      '1 234',
      '1 234 567',
    ])
  })
})

describe('lines', () => {
  it('knows wide characters and marks', () => {
    expect(measureWidth('abc')).toBe(3)
    expect(measureWidth('漢字')).toBe(4)
    expect(measureWidth('e\u0301')).toBe(1)
    expect(measureWidth('😀')).toBe(2)
  })

  it('cuts with an ellipsis', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef')
    expect(truncate('abcdefg', 6)).toBe('abcde…')
    expect(truncate('漢字漢字', 6)).toBe('漢字…')
  })

  it('wraps words, and cuts those that are longer than a line', () => {
    expect(wrapWords('one two three four', 10)).toEqual(['one two', '  three', '  four'])
    expect(wrapWords('abcdefghijklmnop', 10)).toEqual(['abcdefghij', '  klmnop'])
    expect(wrapWords('  one two', 7)).toEqual(['  one', '    two'])
    // No line ends within a number.
    expect(wrapWords('one 12 345 two', 9)).toEqual(['one', '  12 345', '  two'])
    expect(wrapWords('at 8 streams', 6)).toEqual(['at 8', '  stre', '  ams'])
  })

  it('loses no word', () => {
    const words = fc.array(fc.stringMatching(/^[a-z漢]{1,30}$/), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(words, fc.integer({ min: 12, max: 90 }), (list, width) => {
        const lines = wrapWords(list.join(' '), width)
        for (const line of lines) expect(measureWidth(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replace(/ /g, '')).toBe(list.join(''))
      }),
    )
  })

  it('puts phrases side by side while they fit', () => {
    expect(flowPhrases(['one', 'two', 'three'], 9)).toEqual(['one   two', 'three'])
  })
})
