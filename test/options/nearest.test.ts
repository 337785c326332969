import { describe, expect, it } from 'vitest'
import { nearestName, optionNames, suggestName } from '../../src/core/options/mod.ts'

describe('nearestName', () => {
  it.each([
    ['concurency', 'concurrency'],
    ['--concurrency', 'concurrency'],
    ['prompt-tokens', 'promptTokens'],
    ['max_inflight', 'maxInFlight'],
    ['gate', 'gates'],
    ['tiemout', 'timeout'],
    ['sead', 'seed'],
    ['modle', 'model'],
    ['rtae', 'rate'],
    ['burst', 'burstiness'],
  ])('%s is meant as %s', (written, name) => {
    expect(nearestName(written, optionNames)).toBe(name)
  })

  it.each(['zzzzzz', 'x', 'num-prompts-per-second'])('%s is nothing near', (written) => {
    expect(nearestName(written, optionNames)).toBeUndefined()
  })

  it('lists few names when none is near, and no long list', () => {
    expect(suggestName('zzz', ['run', 'list'])).toBe('; there is "run", "list"')
    expect(suggestName('zzz', optionNames)).toBe('')
  })
})
