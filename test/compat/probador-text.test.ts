/** What is text in probador's inputs, read as Rust reads it and not as JavaScript would. */
import { expect, it } from 'vitest'
import { estimatePromptTokens } from '../../src/core/compat/probador/dataset.ts'
import { parseNvidiaSmiLine } from '../../src/core/compat/probador/gpu.ts'

it.each([['1,2,3,4,5,6,7,0x10'], ['0b1,2,3,4,5,6,7,8'], ['1,2,3,4,5,6,7,'], ['1,2,3,4,5 W,6,7,8']])(
  'a line with what is no decimal number is dropped: %s',
  (line) => {
    expect(parseNvidiaSmiLine(line)).toBeUndefined()
  },
)

it('decimal numbers of every form are numbers', () => {
  expect(parseNvidiaSmiLine(' +1,-2,.5,4.,1e2,6,7,8,[N/A]')).toMatchObject({
    gpu_utilization_pct: 1,
    memory_utilization_pct: -2,
    memory_used_mb: 0.5,
    power_draw_w: 100,
  })
})

it.each([
  ['a\u0085b', 7],
  ['a\u00a0b', 7],
  ['a\ufeffb', 6],
])('words stand between what Unicode calls white space: %j', (text, tokens) => {
  expect(estimatePromptTokens([text])).toBe(tokens)
})
