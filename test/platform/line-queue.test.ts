import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineQueue } from '../../src/platform/line-queue.ts'

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

describe('lines of a process', () => {
  it('are the same however the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-zä€]{0,5}$/)),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        async (lines, cuts) => {
          const text = lines.map((line) => `${line}\r\n`).join('')
          const queue = createLineQueue(1)
          const source = {}
          for (let at = 0; at < text.length; ) {
            const length = cuts.next().value as number
            queue.push(source, text.slice(at, at + length))
            at += length
          }
          queue.end(source)
          expect(await collect(queue)).toEqual(lines)
        },
      ),
    )
  })

  it('of two sources do not run into each other, and the last needs no end', async () => {
    const queue = createLineQueue(2)
    const [out, error] = [{}, {}]
    queue.push(out, 'o1')
    queue.push(error, 'e1\ne')
    queue.push(out, ' more\n')
    queue.push(error, '2')
    queue.end(error)
    queue.end(out)
    expect(await collect(queue)).toEqual(['e1', 'o1 more', 'e2'])
  })

  it('come to a reader that waits', async () => {
    const queue = createLineQueue(1)
    const source = {}
    const all = collect(queue)
    await Promise.resolve()
    queue.push(source, 'one\n')
    await Promise.resolve()
    queue.push(source, 'two\n')
    queue.end(source)
    expect(await all).toEqual(['one', 'two'])
  })

  it('that nobody reads are bounded, the newest kept', async () => {
    const queue = createLineQueue(1)
    const source = {}
    for (let i = 0; i < 25_000; i++) queue.push(source, `${i}\n`)
    for (let i = 0; i < 3; i++) queue.push(source, 'x'.repeat(50_000))
    queue.end(source)
    const all = await collect(queue)
    expect(all.length).toBeLessThanOrEqual(10_000)
    expect(all.map((line) => line.length).slice(-2)).toEqual([100_000, 50_000])
    expect(all.at(-3)).toBe('24999')
  })

  it('are drawn over themselves, where that is asked for', async () => {
    const queue = createLineQueue(1, true)
    const source = {}
    for (const text of ['\r 0%', '\r 50%\r', '\r100%\r', '\n\ndone']) queue.push(source, text)
    queue.end(source)
    expect(await collect(queue)).toEqual([' 0%', ' 50%', '100%', 'done'])
  })
})
