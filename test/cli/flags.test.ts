import { describe, expect, it } from 'vitest'
import { type Flags, readFlags } from '../../src/cli/flags.ts'

const flags: Flags = {
  folder: { type: 'positional', description: 'a folder' },
  rate: { type: 'string', valueHint: 'R', description: 'a rate' },
  header: { type: 'string', alias: 'H', repeated: true, description: 'a header' },
  json: { type: 'boolean', description: 'a switch' },
}

const read = (...args: readonly string[]) => readFlags('run', flags, args)

describe('readFlags', () => {
  it.each([
    [[], {}],
    [['--rate', '5'], { rate: '5' }],
    [['--rate=5'], { rate: '5' }],
    [['--rate', '-5'], { rate: '-5' }],
    [['--json', '--rate=5'], { rate: '5', json: true }],
    [['--header', 'A: b', '-H', 'C: d', '--header=E: f=g'], { header: ['A: b', 'C: d', 'E: f=g'] }],
    [['--header', 'A: --b'], { header: ['A: --b'] }],
  ])('reads %j', (args, values) => {
    expect(read(...args)).toEqual({ values, positionals: [] })
  })

  it('keeps positionals, also those behind --', () => {
    expect(read('a').positionals).toEqual(['a'])
    expect(read('--json', '--', '--a').positionals).toEqual(['--a'])
  })

  it.each([
    [['--rat', '5'], 'there is no flag --rat; did you mean --rate?'],
    [['--no-json'], /no flag --no-json/],
    [['-x'], /no flag -x/],
    [['--rate'], '--rate needs a value: --rate R'],
    [['--rate='], /needs a value/],
    [['--rate', '--json'], /--rate needs a value/],
    [['--rate', '1', '--rate', '2'], /given twice/],
    [['--json=true'], /--json is a switch/],
    [['a', 'b'], /"b" is not expected/],
    [['a', 'rate'], /did you mean --rate/],
  ])('refuses %j', (args, message) => {
    expect(() => read(...args)).toThrow(message)
  })

  it('says how a key is given, and repeats none', () => {
    for (const args of [['--api-key', 'canary'], ['--api-key=canary'], ['--apikey', 'canary']]) {
      expect(() => read(...args)).toThrow(/--api-key-env/)
      expect(() => read(...args)).not.toThrow(/canary/)
    }
  })
})
