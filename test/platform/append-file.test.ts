import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppendTarget, createAppendFile, files } from '../../src/platform/files.ts'

/** A disk that takes so many bytes at each call, and none where it is told 0: full for that once. */
function createDisk(takes: readonly number[]): AppendTarget & { text(): string } {
  const written: number[] = []
  let call = 0
  return {
    write: async (bytes, offset, length) => {
      const room = takes[call++] ?? length
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      const bytesWritten = Math.min(room, length)
      written.push(...bytes.subarray(offset, offset + bytesWritten))
      return { bytesWritten }
    },
    close: async () => {},
    text: () => new TextDecoder().decode(Uint8Array.from(written)),
  }
}

describe('a file that only grows', () => {
  it('holds every line whole, however the disk takes the bytes and whenever it is full', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1 }),
        fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 }),
        async (lines, takes) => {
          const disk = createDisk(takes)
          const file = createAppendFile('records.jsonl', disk)
          for (const line of lines) {
            file.append(`${line}\n`)
            await file.flush().catch((thrown) => expect(thrown).toMatchObject({ code: 'storage' }))
          }
          for (let full = takes.length; full > 0; full--) await file.flush().catch(() => {})
          await file.close()
          expect(disk.text()).toBe(lines.map((line) => `${line}\n`).join(''))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('says in one line that the disk is full, and goes on where it was cut', async () => {
    const disk = createDisk([3, 0])
    const file = createAppendFile('run/records.jsonl', disk)
    file.append('{"n":0}\n')
    await expect(file.flush()).rejects.toMatchObject({
      name: 'BenchError',
      code: 'storage',
      message: expect.stringMatching(/^cannot write run\/records\.jsonl: the disk is full[^\n]*$/),
    })
    expect(disk.text()).toBe('{"n')
    file.append('{"n":1}\n')
    await file.flush()
    expect(disk.text()).toBe('{"n":0}\n{"n":1}\n')
  })

  it('closes once, and the handle also when the last flush fails', async () => {
    let closed = 0
    const disk = { ...createDisk([0]), close: async () => void closed++ }
    const file = createAppendFile('x', disk)
    file.append('x')
    await expect(file.close()).rejects.toMatchObject({ code: 'storage' })
    await expect(file.close()).rejects.toMatchObject({ code: 'storage' })
    expect(closed).toBe(1)
  })

  it.skipIf(!existsSync('/dev/full'))('reports a disk that is really full', async () => {
    const file = await files.appendTo('/dev/full')
    file.append('line\n')
    await expect(file.flush()).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/full/) })
    await expect(file.close()).rejects.toMatchObject({ code: 'storage' })
  })
})
