/** What a plugin that samples must do with real sources: the good one, and those that go wrong. */
import type { MetricPlugin, Platform, Sample, Sampler } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import { summarizeAll } from './plugin-series.ts'
import {
  createTestContext,
  keepSamples,
  type PluginSource,
  type PluginSources,
  SOURCE_KINDS,
  type SourceKind,
  TEST_SECRET,
  type WatchedContext,
} from './plugin-source.ts'

export interface PluginSampling {
  /** The real platform of the runtime that the tests run on: `loadPlatform` of `inferbench/platform/load`. */
  readonly load: () => Promise<Platform>
  readonly sources: PluginSources
  /** Metrics that may be below 0; absent: none may, whatever the source does. */
  readonly signed?: readonly string[]
}

/** As the host waits at most: for opening, for one reading, for the end. */
const OPEN_MS = 15_000
const READ_MS = 3000
const CLOSE_MS = 5000
/** Samples that say something. */
const ENOUGH = 3
const LONGEST_MS = 8000
/** On a machine that is busy with something else. */
const MOST_TRIES = 20

export function describeSampling(plugin: MetricPlugin, { load, sources, signed = [] }: PluginSampling): void {
  let platform: Platform
  beforeAll(async () => {
    platform = await load()
  })
  const makers = sources as Readonly<Record<SourceKind, (() => PluginSource | Promise<PluginSource>) | string>>
  const open = (kind: SourceKind): Promise<Bench> =>
    openBench(plugin, platform, makers[kind] as Exclude<(typeof makers)[SourceKind], string>)

  it('reads samples of a good source, in order, and says what it reads', async () => {
    const bench = await open('good')
    try {
      const sampler = await bench.sample()
      expect(sampler.source).toMatch(/^[^\u0000-\u001f\u007f]*\S[^\u0000-\u001f\u007f]*$/)
      expect(sampler.everyMs).toBeGreaterThan(0)
      expect(Number.isFinite(sampler.everyMs)).toBe(true)
      await bench.read(ENOUGH)
      expect(bench.samples.length).toBeGreaterThan(0)
      expect(bench.failures).toEqual([])
      if (plugin.summarize !== undefined) {
        const says = (): boolean =>
          Object.values(summarizeAll(plugin, bench.samples)).some(({ kind }) => kind !== 'absent')
        // Of several sources one may be slower than the others.
        for (let tries = 0; !says() && tries < MOST_TRIES; tries++) await bench.read(bench.samples.length + ENOUGH)
        expect(says()).toBe(true)
      }
    } finally {
      await bench.end()
    }
  })

  it('ends what it started when it is closed, in the middle of a reading too', async () => {
    const bench = await open('good')
    const sampler = await bench.sample()
    await bench.read(1)
    const giveUp = new AbortController()
    const late = callRead(sampler, bench.watched, giveUp.signal).then(
      () => undefined,
      () => undefined,
    )
    giveUp.abort()
    await bench.end()
    await within(CLOSE_MS, late, 'a reading that was given up did not end, though its source was closed')
  })

  it('keeps two samplers apart', async () => {
    const [one, other] = [await open('good'), await open('good')]
    try {
      await one.sample()
      await other.sample()
      await one.end()
      await other.read(1)
      expect(other.samples.length).toBeGreaterThan(0)
    } finally {
      await one.end()
      await other.end()
    }
  })

  for (const kind of SOURCE_KINDS.filter((one) => one !== 'good')) {
    const maker = makers[kind]
    describe(`with a source that ${kind}`, () => {
      if (typeof maker === 'string') {
        it.skip(`is not tried: ${maker}`, () => {})
        return
      }

      it('goes on or says why not, and ends when it is closed', async () => {
        const bench = await open(kind)
        try {
          await bench.sample()
          await bench.read(ENOUGH)
          await bench.source.upset?.()
          await bench.read(bench.samples.length + ENOUGH)
          if (kind === 'dies' || kind === 'hangs') {
            const missed = (): boolean => bench.failures.length + bench.idleReads > 0
            // What it said before may come first.
            for (let tries = 0; !missed() && tries < MOST_TRIES; tries++)
              await bench.read(bench.samples.length + ENOUGH)
            expect(missed()).toBe(true)
          }
          if (plugin.summarize !== undefined) {
            const results = summarizeAll(plugin, bench.samples)
            if (kind !== 'lies') expectNoneBelowZero(results, signed)
          }
        } finally {
          await bench.end()
        }
      })

      it('opens it or says why not when it is so from the start', async () => {
        const bench = await open(kind)
        try {
          await bench.source.upset?.()
          const opened = await bench.sample().then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          if (opened !== undefined) {
            expect(opened).toBeInstanceOf(Error)
            expect((opened as Error).message).toMatch(/\S/)
            expect((opened as Error).message).not.toContain(TEST_SECRET)
          } else await bench.read(1)
        } finally {
          await bench.end()
        }
      })
    })
  }
}

function expectNoneBelowZero(results: ReturnType<typeof summarizeAll>, signed: readonly string[]): void {
  for (const [id, result] of Object.entries(results)) {
    if (signed.includes(id) || result.kind === 'absent') continue
    const least = result.kind === 'scalar' ? result.value : result.distribution.min
    if (least < 0) expect.fail(`${id} is ${least}: a counter that began again is no difference`)
  }
}

/** A plugin, a source, and what came of them. */
interface Bench {
  readonly source: PluginSource
  readonly watched: WatchedContext
  readonly samples: readonly Sample[]
  /** Of readings that failed, or were given up. */
  readonly failures: readonly string[]
  /** Readings that brought nothing. */
  readonly idleReads: number
  sample(): Promise<Sampler>
  /** Until there are so many samples, or nothing more comes. */
  read(samples: number): Promise<void>
  /** Closes all; fails when something is left. May be called twice. */
  end(): Promise<void>
}

async function openBench(
  plugin: MetricPlugin,
  platform: Platform,
  make: () => PluginSource | Promise<PluginSource>,
): Promise<Bench> {
  const source = await make()
  const defaults = Object.fromEntries(
    Object.entries(plugin.options ?? {}).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]],
    ),
  )
  const watched = createTestContext(platform, defaults, source.context)
  const samples: Sample[] = []
  const failures: string[] = []
  let idleReads = 0
  let sampler: Sampler | undefined
  let hangs = false
  let ended = false
  return {
    source,
    watched,
    samples,
    failures,
    get idleReads() {
      return idleReads
    },
    async sample() {
      sampler = await within(OPEN_MS, plugin.sample!(watched.context), 'the source was not opened')
      return sampler
    },
    async read(wanted) {
      const { clock } = platform
      const until = clock.now() + LONGEST_MS
      for (let misses = 0; samples.length < wanted && misses < ENOUGH && !hangs && clock.now() < until; ) {
        const giveUp = new AbortController()
        const before = samples.length
        const coming = callRead(sampler!, watched, giveUp.signal)
        coming.catch(() => {})
        try {
          const read = await within(READ_MS, coming, 'the reading did not come')
          samples.push(...keepSamples(read, samples.at(-1)?.at))
          if (samples.length === before) idleReads++
        } catch (thrown) {
          // What is kept must be sound; what does not come may fail.
          if (thrown instanceof TypeError && /^a sample/.test(thrown.message)) throw thrown
          failures.push(thrown instanceof Error ? thrown.message : String(thrown))
          giveUp.abort()
          hangs = await within(READ_MS, settled(coming), '').then(
            () => false,
            () => true,
          )
        }
        if (samples.length === before) misses++
        await wait(Math.min(sampler!.everyMs, 250))
      }
    },
    async end() {
      if (ended) return
      ended = true
      try {
        if (sampler !== undefined) await within(CLOSE_MS, sampler.close(), 'close did not end')
        await within(CLOSE_MS, untilNone(watched.pending), '').catch(() => {})
        expect(watched.pending(), 'left after close').toEqual([])
        const said = JSON.stringify([samples, watched.notes, sampler?.source])
        expect(said.includes(TEST_SECRET), 'a secret is in what the plugin says').toBe(false)
      } finally {
        await source.close?.()
      }
    },
  }
}

/** What a plugin throws at once counts as a reading that failed, as in the host. */
async function callRead(sampler: Sampler, { context }: WatchedContext, signal: AbortSignal) {
  return await sampler.read(context.toRunMs(context.platform.clock.now()), signal)
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => {},
    () => {},
  )
}

async function untilNone(list: () => readonly string[]): Promise<void> {
  while (list().length > 0) await wait(20)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function within<Value>(ms: number, promise: Promise<Value>, reason: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${reason} within ${ms} ms`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
