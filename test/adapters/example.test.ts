/** The adapter that adapters/README.md teaches with is a whole one, and stays one. */
import { readFileSync } from 'node:fs'
import { testAdapter } from 'inferbench/testing'
import { expect, it } from 'vitest'
import example from './example.ts'

testAdapter(example)

it('is the one in the README, word by word, in under 60 lines', () => {
  const readme = readFileSync(new URL('../../adapters/README.md', import.meta.url), 'utf8')
  const source = readFileSync(new URL('example.ts', import.meta.url), 'utf8')
  expect(/```ts\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(source)
  expect(source.split('\n').length).toBeLessThan(60)
})
