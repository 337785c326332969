import fc from 'fast-check'
import type { MetricPlugin, Sample } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { drawSparks, sparkline } from '../../src/core/report/sparks.ts'

describe('a sparkline', () => {
  it('goes from the least value to the greatest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([300, undefined, 100, 200])).toBe('█·▁▅')
    expect([sparkline([0, 0]), sparkline([5, 5]), sparkline([]), sparkline([undefined])]).toEqual(['▁▁', '▅▅', '', '·'])
  })

  it('has one character a value, whatever the values are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined })),
        (values) => {
          expect(sparkline(values)).toMatch(new RegExp(`^[▁▂▃▄▅▆▇█·]{${values.length}}$`))
        },
      ),
    )
  })
})

describe('sparks of plugins', () => {
  const plugin = (values: NonNullable<MetricPlugin['charts']>[number]['values']): MetricPlugin => ({
    id: 'p',
    summary: 'p',
    definitions: [],
    charts: [
      { id: 'c', title: 'watts', unit: 'W', spark: true, values },
      { id: 'd', title: 'not at a glance', unit: 'W', values },
    ],
  })
  const draw = (values: Parameters<typeof plugin>[0], samples: readonly Sample[]) =>
    drawSparks([plugin(values)], new Map([['p', samples]]))
  const steps: Sample[] = Array.from({ length: 200 }, (_, i) => ({ at: i * 10, watts: i < 100 ? 1 : 9 }))

  it('are means over equal parts of the time, a line a label', () => {
    const [one, ...others] = draw(({ watts }) => ({ '': watts as number }), steps)
    expect(others).toEqual([])
    expect(one).toEqual({
      plugin: 'p',
      title: 'watts',
      unit: 'W',
      label: '',
      line: `${'▁'.repeat(30)}${'█'.repeat(30)}`,
      min: 1,
      max: 9,
    })
    expect(draw(({ watts }) => ({ gpu0: watts as number, gpu1: 2 }), steps).map(({ label }) => label)).toEqual([
      'gpu0',
      'gpu1',
    ])
  })

  it('need no samples, and bear charts that throw or give what is no number', () => {
    expect(draw(() => ({ '': 1 }), [])).toEqual([])
    expect(draw(() => ({}), steps)).toEqual([])
    expect(draw(() => ({ '': Number.NaN }), steps)).toEqual([])
    expect(
      draw(() => {
        throw new Error('no chart')
      }, steps),
    ).toEqual([])
    expect(draw(() => ({ '': 1 }), [{ at: 5 }])).toMatchObject([{ line: '▅', min: 1, max: 1 }])
  })
})
