import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  codeSpan,
  escapeGithubData,
  escapeGithubProperty,
  escapeMarkdownCell,
  escapeTerminal,
  escapeXml,
} from '../../src/core/report/escape.ts'
import { hostileText } from './hostile.ts'

const text = fc.oneof(hostileText, fc.string({ unit: 'binary' }))

describe('text for a terminal', () => {
  it('shows what would act', () => {
    expect(escapeTerminal('a\u001b[31mb\nc\td\u202ee\u0000')).toBe('a\\x1b[31mb\\nc\\td\\u202ee\\x00')
  })

  it('leaves letters of any script alone', () => {
    expect(escapeTerminal('Größe 漢字 مرحبا 😀')).toBe('Größe 漢字 مرحبا 😀')
  })
})

describe('text for Markdown', () => {
  it('is a code span that nothing in it can end', () => {
    expect(codeSpan('a')).toBe('`a`')
    expect(codeSpan('a `b` c')).toBe('`` a `b` c ``')
    expect(codeSpan('``')).toBe('``` `` ```')
  })

  it('reads back as one code span with the visible text', () => {
    fc.assert(
      fc.property(text, (one) => {
        const span = codeSpan(one)
        const fence = /^`+/.exec(span)![0]
        const inner = span.slice(fence.length, -fence.length)
        expect(span.endsWith(fence)).toBe(true)
        const runs: readonly string[] = inner.match(/`+/g) ?? []
        expect(runs).not.toContain(fence)
        expect(inner.startsWith('`') || inner.endsWith('`')).toBe(false)
        expect(inner.trim()).toBe(escapeTerminal(one).trim())
        expect(span).not.toContain('\n')
      }),
    )
  })

  it('has no bar that ends a cell', () => {
    expect(escapeMarkdownCell('`a|b`')).toBe('`a\\|b`')
  })
})

describe('text for XML', () => {
  it('is escaped, and rid of what XML cannot hold', () => {
    expect(escapeXml('<a href="x">&\'\u0000\u0008\ud83d\uffff</a>')).toBe(
      '&lt;a href=&quot;x&quot;&gt;&amp;&apos;\ufffd&lt;/a&gt;',
    )
    expect(escapeXml('a\tb\nc\r')).toBe('a&#9;b&#10;c&#13;')
  })

  it('reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (one) => {
        const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
        const back = escapeXml(one).replace(/&(?:#(\d+)|(\w+));/g, (_, code?: string, name?: string) =>
          code === undefined ? named[name!]! : String.fromCharCode(Number(code)),
        )
        expect(back).toBe(one)
      }),
    )
  })
})

describe('text for workflow commands', () => {
  it('is one line, and gives itself back to the runner', () => {
    expect(escapeGithubData('100%\r\n::error::x')).toBe('100%25%0D%0A::error::x')
    expect(escapeGithubProperty('a: b, c%')).toBe('a%3A b%2C c%25')
  })

  it('never holds a line end, nor ends a property', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(escapeGithubData(one)).not.toMatch(/[\u0000-\u001f]/)
        expect(escapeGithubProperty(one)).not.toMatch(/[:,\n\r]/)
      }),
    )
  })
})
