/** The watch over one source: never two readings at once, none that is waited for without end, and what is late is dropped. */

import fc from 'fast-check'
import type { Platform, Sample, Sampler } from 'inferbench'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Watch, watchSource } from '../../src/core/engine/sampling.ts'
import { openSession, type Session } from '../../src/core/engine/session.ts'
import { loadTestPlatform, makePlan } from '../support/plan.ts'

let platform: Platform
beforeAll(async () => {
  platform = await loadTestPlatform()
})

const open: Watch[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((watch) => watch.close()))
})

function watch(
  sampler: Partial<Sampler>,
  session: Session = openSession(makePlan('http://localhost:1'), platform, undefined),
) {
  const whole: Sampler = {
    source: 'a test',
    everyMs: 10,
    read: async (at) => ({ at }),
    close: async () => {},
    ...sampler,
  }
  const written: Sample[] = []
  const watched = watchSource(session, 'test', { source: whole.source, everyMs: whole.everyMs, sampler: whole })
  open.push(watched)
  return { watched, written, session, start: () => watched.start((sample) => written.push(sample)) }
}

/** Resolves when it is called so often; says how often that was by then. */
function counter(): { readonly call: () => number; until(calls: number): Promise<void> } {
  let calls = 0
  const waiting: { readonly calls: number; readonly wake: () => void }[] = []
  return {
    call() {
      calls++
      for (const one of waiting) if (calls >= one.calls) one.wake()
      return calls
    },
    until: (wanted) =>
      new Promise((resolve) => {
        if (calls >= wanted) resolve()
        else waiting.push({ calls: wanted, wake: resolve })
      }),
  }
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('readings', () => {
  it('follow each other, at edges too, and never overlap', async () => {
    const calls = counter()
    let running = 0
    let most = 0
    const { watched, start, written } = watch({
      async read(at) {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 3))
        running--
        calls.call()
        return { at }
      },
    })
    start()
    await Promise.all([watched.edge(), watched.edge(), calls.until(6)])
    await watched.edge()
    await watched.close()
    expect(most).toBe(1)
    expect(watched.samples).toEqual(written)
    expect(written.filter(({ edge }) => edge).length).toBeGreaterThanOrEqual(2)
    expect(watched.cost).toMatchObject({ samples: written.length, failed: 0 })
    expect(watched.absent).toBeUndefined()
  })

  it('that come in one piece are kept in order, and only what was read at an edge is marked', async () => {
    const { watched } = watch({
      read: async (at) => [
        { at: at - 2, n: 1 },
        { at: at - 1, n: 2 },
        { at, n: 3 },
      ],
    })
    await watched.edge()
    expect(watched.samples.map(({ n, edge }) => [n, edge])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, true],
    ])
  })

  it('that hang are given up; what comes of them later is dropped, and then it is read again', async () => {
    const late = deferred<Sample>()
    const calls = counter()
    const aborted: boolean[] = []
    const { watched, start, session } = watch({
      read: (at, signal) => {
        signal.addEventListener('abort', () => aborted.push(true))
        return calls.call() === 1 ? late.promise : Promise.resolve({ at, n: 2 })
      },
    })
    start()
    await watched.edge()
    while (aborted.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await watched.edge()
    expect(watched.cost).toMatchObject({ samples: 0, failed: 1, firstFailure: 'no reading within 2000 ms' })
    late.resolve({ at: session.toRunMs(platform.clock.now()), n: 1 })
    await calls.until(3)
    await watched.close()
    expect(new Set(watched.samples.map(({ n }) => n))).toEqual(new Set([2]))
  })

  it('that are rejected after the end are nobody’s', async () => {
    const late = deferred<Sample>()
    const { watched, start } = watch({ read: () => late.promise })
    start()
    await watched.close()
    late.reject(new Error('too late'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(watched.samples).toEqual([])
  })

  it('end with the source, which is closed once, even when that fails or hangs', async () => {
    let closed = 0
    const { watched, start, session } = watch({
      close: () => {
        closed++
        throw new Error('it will not')
      },
    })
    start()
    await watched.edge()
    const count = watched.samples.length
    await watched.close()
    await watched.edge()
    expect([closed, watched.samples.length]).toEqual([1, count])
    expect(session.notes).toEqual(['plugin test: closing it failed: it will not'])
  })

  it('tell that a source is gone', async () => {
    const calls = counter()
    const { watched, start } = watch({
      read: (at) => (calls.call() < 3 ? Promise.resolve({ at }) : Promise.reject(new Error('it has ended'))),
    })
    start()
    await calls.until(8)
    await watched.close()
    expect(watched.absent).toMatch(/^nothing after \d+\.\d s: it has ended$/)
    expect(watched.cost!.failed).toBeGreaterThanOrEqual(3)
  })

  it('tell that a source hangs to the end, even where it was given up but once', async () => {
    const calls = counter()
    const hangs = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
    const { watched, start } = watch({
      everyMs: 200,
      read: (at, signal) => (calls.call() < 3 ? Promise.resolve({ at }) : hangs(signal)),
    })
    start()
    await calls.until(4)
    await watched.close()
    expect(watched.absent).toMatch(/^nothing after \d+\.\d s: no reading within 2000 ms$/)
    expect(watched.cost!.failed).toBe(1)
  })

  it('think nothing of one that failed once, at the end', async () => {
    const calls = counter()
    const { watched, start } = watch({
      everyMs: 60_000,
      read: (at) => (calls.call() < 2 ? Promise.resolve({ at }) : Promise.reject(new Error('not now'))),
    })
    start()
    await watched.edge()
    await watched.edge()
    await watched.close()
    expect(watched.absent).toBeUndefined()
  })
})

describe('samples', () => {
  it('are kept as a file would hold them, in order, and the others are counted', async () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withSparseArray: true }),
      fc.record({ at: fc.oneof(fc.double(), fc.integer({ min: -5, max: 20 }), fc.anything()), value: fc.anything() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 8 }), async (given) => {
        const { watched, start, written } = watch({ read: async () => given as never, everyMs: 10_000 })
        start()
        await watched.edge()
        await watched.close()
        expect(JSON.parse(JSON.stringify(written))).toEqual(written)
        const ats = written.map(({ at }) => at)
        expect(ats.every((at) => Number.isFinite(at))).toBe(true)
        expect([...ats].sort((a, b) => a - b)).toEqual(ats)
        const { samples = 0, failed = 0 } = watched.cost ?? {}
        expect(samples).toBe(written.length)
        expect((samples + failed) % Math.max(1, given.length)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})
