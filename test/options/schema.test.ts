import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describeOptions } from '../../src/core/options/json-schema.ts'
import { optionDescriptions, optionGroups } from '../../src/core/options/mod.ts'

const file = fileURLToPath(new URL('../../src/core/options/config.schema.json', import.meta.url))

describe('the JSON Schema of config files', () => {
  it('is the one that is committed (bench list --schema > src/core/options/config.schema.json)', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(describeOptions())
  })

  it('describes every option and allows no other', () => {
    const { properties, additionalProperties } = describeOptions() as {
      properties: Record<string, { description?: string }>
      additionalProperties: boolean
    }
    expect(Object.keys(properties)).toEqual([...optionDescriptions.map(({ key }) => key), '$schema'])
    expect(additionalProperties).toBe(false)
    for (const { description } of Object.values(properties)) expect(description).toMatch(/\w/)
  })
})

describe('descriptions', () => {
  it('have a group, and flags of their own', () => {
    for (const option of optionDescriptions) expect(optionGroups).toContain(option.group)
    const flags = optionDescriptions.flatMap(({ flag, off }) => (off ? [flag, `no-${flag}`] : [flag]))
    expect(new Set(flags).size).toBe(flags.length)
    for (const flag of flags) expect(flag).toMatch(/^[a-z][a-z0-9-]+$/)
  })
})
