import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMetricsText } from '../../plugins/server/text.ts'
import { composed, recorded } from './fixtures.ts'
import '../support/fuzz.ts'

const read = (text: string) =>
  readMetricsText(text, () => true).samples.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value])

describe('samples', () => {
  it('without help, type, labels or an end of line', () => {
    expect(read('a 1\n\n  b_total{x="1"}\t2')).toEqual([
      ['a', {}, 1],
      ['b_total', { x: '1' }, 2],
    ])
  })
  it('of every form of a number', () => {
    const values = ['0', '-1.5', '+2', '1e3', '1.e-3', '.5', '+Inf', '-inf', 'Infinity', 'NaN']
    expect(read(values.map((value) => `a ${value}\n`).join('')).map(([, , value]) => value)).toEqual([
      ...[0, -1.5, 2, 1000, 0.001, 0.5],
      ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN],
    ])
  })
  it('with escapes, braces, commas and spaces in and around labels', () => {
    expect(read(String.raw`a { x = "q\"\\\n, } 3" , y="\d" , } 4`)).toEqual([['a', { x: 'q"\\\n, } 3', y: '\\d' }, 4]])
  })
  it('with timestamps and exemplars, which say nothing of the value', () => {
    expect(read('a{b="1"} 5 1600.5 # {trace_id="K } 9"} 0.67 1600.4\na 6 -5\r\n# EOF\n')).toEqual([
      ['a', { b: '1' }, 5],
      ['a', {}, 6],
    ])
  })
  it('passes over lines that are none', () => {
    const lines = [
      'a',
      'a{',
      'a{x="1" 2',
      'a{x=1} 2',
      'a x',
      'a 1x',
      'a 0x10',
      '{"q.n"} 1',
      '9a 1',
      'a{x="1\n"} 2',
      '<html>',
    ]
    expect(read(`${lines.join('\n')}\nb 1`)).toEqual([['b', {}, 1]])
  })
  it('a label named as a member of every object is a label', () => {
    const [sample] = readMetricsText('a{__proto__="x",constructor="y"} 1', () => true).samples
    expect([...sample!.labels]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })
})

describe('types', () => {
  it('are known before there is a sample', () => {
    const { types, samples } = readMetricsText('# HELP a_total x\n# TYPE a_total counter\n# TYPE b gauge\n', () => true)
    expect([...types]).toEqual([
      ['a_total', 'counter'],
      ['b', 'gauge'],
    ])
    expect(samples).toEqual([])
  })
})

describe('recorded texts', () => {
  it('every line that is no comment is a sample', () => {
    for (const text of [recorded('vllm'), recorded('llama-server'), composed('tgi'), composed('vllm-openmetrics')]) {
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      const samples = read(text)
      expect(samples.map(([name]) => name)).toEqual(lines.map((line) => /^[\w:]+/.exec(line)![0]))
      expect(samples.every(([, , value]) => Number.isFinite(value))).toBe(true)
    }
  })
  it('keeps nothing but what is wanted', () => {
    const { samples, types } = readMetricsText(recorded('vllm'), (name) => name === 'vllm:num_requests_running')
    expect(samples.map(({ name }) => name)).toEqual(['vllm:num_requests_running'])
    expect([...types.keys()]).toEqual(['vllm:num_requests_running'])
  })
})

describe('any text', () => {
  const labelValue = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))
  const label = fc.tuple(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/), labelValue)
  const sample = fc.record({
    name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/),
    labels: fc.uniqueArray(label, { selector: ([name]) => name, maxLength: 4 }),
    value: fc.double(),
  })
  const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  const written = (value: number): string =>
    Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'

  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        const text = samples.map(({ name, labels, value }) => {
          const pairs = labels.map(([key, text]) => `${key}="${escaped(text)}"`).join(',')
          return `${name}${pairs === '' ? '' : `{${pairs}}`} ${written(value)}\n`
        })
        const read = readMetricsText(text.join(''), () => true).samples
        expect(read.map(({ name }) => name)).toEqual(samples.map(({ name }) => name))
        expect(read.map(({ labels }) => [...labels])).toEqual(samples.map(({ labels }) => labels))
        expect(read.map(({ value }) => value + 0)).toEqual(samples.map(({ value }) => value + 0))
      }),
    )
  })
  it('never throws, and gives names, texts and numbers', () => {
    const pieces = fc.constantFrom(
      'a',
      '{',
      '}',
      '"',
      '\\',
      '=',
      ',',
      ' ',
      '\n',
      '# TYPE ',
      'le="',
      '1',
      'NaN',
      '\u2028',
      '#',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
          fc.string(),
        ),
        (text) => {
          for (const { name, value } of readMetricsText(text, () => true).samples) {
            expect(name).toMatch(/^[a-zA-Z_:][\w:]*$/)
            expect(typeof value).toBe('number')
          }
        },
      ),
    )
  })
  it('of megabytes without an end is read in a moment, and so are many series', () => {
    expect(read(`a{x="${'\\\\"'.repeat(500_000)}`)).toEqual([])
    expect(read(`a${'{'.repeat(1_000_000)}`)).toEqual([])
    const many = Array.from({ length: 100_000 }, (_, i) => `a{x="${i}"} ${i}\n`).join('')
    expect(readMetricsText(many, () => true).samples).toHaveLength(20_000)
  })
})
