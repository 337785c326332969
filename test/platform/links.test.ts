import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadPlatform } from '../../src/platform/load.ts'
import { withFolder } from '../support/command.ts'

it('reads where a link points, and knows what is none', () =>
  withFolder(async (folder) => {
    const files = (await loadPlatform()).files!
    symlinkSync('socket:[12]', join(folder, 'link'))
    writeFileSync(join(folder, 'text'), '')
    expect(await files.readLink!(join(folder, 'link'))).toBe('socket:[12]')
    expect(await files.readLink!(join(folder, 'text'))).toBeUndefined()
    expect(await files.readLink!(join(folder, 'missing'))).toBeUndefined()
    expect(await files.readLink!(join(folder, 'text', 'below'))).toBeUndefined()
  }))
