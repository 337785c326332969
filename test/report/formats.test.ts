import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderGithubAnnotations, renderGithubSummary } from '../../src/core/report/github.ts'
import { renderJUnit } from '../../src/core/report/junit.ts'
import { renderMarkdown } from '../../src/core/report/markdown.ts'
import type { Manifest } from '../../src/core/run.ts'
import type { Summary } from '../../src/core/summary.ts'
import { httpErrorRecord } from '../metrics/records.ts'
import { hostileText } from './hostile.ts'
import { answers, manifestOf, summaryOf } from './runs.ts'

const gates = ['ttft.p99<60ms', 'errors<1%', 'ttft.p99.9<1s']
const summary = summaryOf(answers(400), { gates })

/** A run in which every text that can come from outside is `text`. */
function runWith(text: string): [summary: Summary, manifest: Manifest] {
  const { target } = manifestOf()
  const manifest = manifestOf({
    id: text,
    adapter: text,
    target: { ...target, model: text, server: text, url: text },
    notes: [text],
  })
  const records = [...answers(2, { notes: [text] }), httpErrorRecord({ reason: text, error: text })]
  const base = summaryOf(records, { titles: [text], gates: ['errors<1%'] })
  return [{ ...base, stopped: text }, manifest]
}

describe('summary.md', () => {
  const markdown = renderMarkdown(summary, manifestOf())

  it('has every metric that was measured, and none that was not', () => {
    expect(markdown).toContain('| TTFT (`ttft`) | `ms` | 56.0 | 56.0 | 64.0 | 65.8 | 66.0 | 400 |\n')
    expect(markdown).toContain('| output (`output_tok_s`) | `tok/s` | 1 481 |\n')
    expect(markdown).not.toContain('goodput')
    expect(markdown).not.toMatch(/NaN|undefined|null/)
  })

  it('has the gates and their results', () => {
    expect(markdown).toContain('| `ttft.p99<60ms` | `16 streams` | 65.8 ms | **not met** |\n')
    expect(markdown).toContain('| `ttft.p99.9<1s` | `16 streams` | - | **not met** (not measured) |\n')
  })

  it('holds text from outside in code spans only, whatever it is', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const page = renderMarkdown(...runWith(text))
        for (const line of page.split('\n')) {
          const bare = line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '')
          expect(bare).toMatch(/^[\w\s.,:/%()#*|+\\-]*$/)
          expect(bare).not.toMatch(/error::|evil|https?:|\\/)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keeps every row of a table at the same number of cells', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        let cells: number | undefined
        for (const line of renderMarkdown(...runWith(text)).split('\n')) {
          if (!line.startsWith('|')) cells = undefined
          else {
            const bars = line.match(/(?<!\\)\|/g)!.length
            expect(bars).toBe(cells ?? bars)
            cells = bars
          }
        }
      }),
    )
  })
})

/** Reads XML as strictly as this file needs: elements, attributes and text; undefined when it is not well formed. */
function readXml(xml: string): readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[] {
  const elements: { name: string; attributes: Map<string, string> }[] = []
  const open: string[] = []
  let rest = xml.replace(/^<\?xml [^?]*\?>\n/, '')
  while (rest !== '') {
    const text = /^[^<]+/.exec(rest)?.[0]
    if (text !== undefined) {
      if (/&(?!(?:lt|gt|amp|quot|apos|#\d+);)/.test(text)) throw new Error(`bare & in ${text}`)
      rest = rest.slice(text.length)
      continue
    }
    const tag = /^<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/.exec(rest)
    if (tag === null) throw new Error(`no tag at ${rest.slice(0, 60)}`)
    const [whole, end, name, attributes, alone] = tag as unknown as [string, string, string, string, string]
    if (end === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> ends something else`)
    } else {
      const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const)
      elements.push({ name, attributes: new Map(pairs) })
      if (alone === '') open.push(name)
    }
    rest = rest.slice(whole.length)
  }
  if (open.length > 0) throw new Error(`not ended: ${open.join(' ')}`)
  return elements
}

describe('JUnit XML', () => {
  it('has a suite a scenario and a case a gate, with their counts', () => {
    const elements = readXml(renderJUnit(summary, manifestOf()))
    const suites = elements.filter(({ name }) => name === 'testsuite')
    expect(suites).toHaveLength(1)
    expect(Object.fromEntries(suites[0]!.attributes)).toMatchObject({
      name: '16 streams',
      tests: '4',
      failures: '1',
      errors: '1',
      time: '17.283',
      timestamp: '2026-11-23T10:00:00',
    })
    const cases = elements.filter(({ name }) => name === 'testcase').map(({ attributes }) => attributes.get('name'))
    expect(cases).toEqual(['requests', 'ttft.p99&lt;60ms', 'errors&lt;1%', 'ttft.p99.9&lt;1s'])
    const failures = elements.filter(({ name }) => name === 'failure')
    expect(failures.map(({ attributes }) => attributes.get('message'))).toEqual(['ttft.p99&lt;60ms not met: 65.75 ms'])
    expect(elements.filter(({ name }) => name === 'error')).toHaveLength(1)
  })

  it('has an error when no request succeeded', () => {
    const failed = renderJUnit(summaryOf([httpErrorRecord()]), manifestOf())
    expect(failed).toContain('no request succeeded of 1: http-error/http_500 1')
    expect(readXml(failed)[0]!.attributes.get('errors')).toBe('1')
  })

  it('is well formed and legal whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), (text) => {
        const xml = renderJUnit(...runWith(text))
        expect(readXml(xml).length).toBeGreaterThan(5)
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u)
      }),
    )
  })
})

describe('GitHub', () => {
  it('annotates each gate that was not met, and nothing else', () => {
    expect(renderGithubAnnotations(summary)).toBe(
      '::error title=16 streams::ttft.p99<60ms not met: 65.75 ms\n' +
        '::error title=16 streams::ttft.p99.9<1s not met: not measured, p99.9 needs 1000 samples, there are 400\n',
    )
    expect(renderGithubAnnotations(summaryOf(answers(2)))).toBe('')
  })

  it('annotates a run without a success, and one that stopped', () => {
    const failed = { ...summaryOf([httpErrorRecord()]), stopped: 'server gone' }
    expect(renderGithubAnnotations(failed)).toBe(
      '::error title=16 streams::no request succeeded\n::warning title=stopped early::server gone\n',
    )
  })

  it('writes ten annotations at most, and counts the others', () => {
    const many = summaryOf(answers(2), { gates: Array.from({ length: 30 }, (_, i) => `ttft.mean<0.${i + 1}ms`) })
    const lines = renderGithubAnnotations(many).trimEnd().split('\n')
    expect(lines).toHaveLength(10)
    expect(lines.at(-1)).toBe('::error title=inferbench::21 more; see the job summary')
  })

  it('lets no text become a command', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const output = renderGithubAnnotations(runWith(text)[0])
        expect(output.endsWith('\n')).toBe(true)
        for (const line of output.slice(0, -1).split('\n')) {
          expect(line).toMatch(/^::(?:error|warning) title=[^:,\u0000-\u001f]*::[^\u0000-\u001f]*$/)
        }
      }),
    )
  })

  it('cuts a job summary that is larger than GitHub takes', () => {
    const notes = Array.from({ length: 20_000 }, (_, i) => `note ${i} 漢字 ${'x'.repeat(40)}`)
    const page = renderGithubSummary(summary, manifestOf({ notes }))
    expect(new TextEncoder().encode(page).length).toBeLessThan(1024 * 1024)
    expect(page.endsWith('`summary.md`.\n')).toBe(true)
    expect(page).not.toContain('\ufffd')
    expect(renderGithubSummary(summary, manifestOf())).toBe(renderMarkdown(summary, manifestOf()))
  })
})
