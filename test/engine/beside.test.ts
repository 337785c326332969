/** The load that goes on while a plugin asks: whole runs against the mock over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  BesideFigures,
  EvaluationContext,
  LoadBeside,
  MetricPlugin,
  Platform,
  RequestRecord,
  RunPlan,
  RunResult,
} from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closedLoop, makeArrival, replay } from '../../src/core/arrival/mod.ts'
import { reportFolder } from '../../src/core/engine/report.ts'
import { run } from '../../src/core/engine/run.ts'
import { type ServedMock, serveMock } from '../../src/mock/serve.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { makePlan, makeScenario } from '../support/plan.ts'
import { findProblems } from '../support/run-folder.ts'
import { fakeThreads } from '../support/threads.ts'

let platform: Platform
let mock: ServedMock
beforeAll(async () => {
  platform = await loadPlatform()
  mock = await serveMock(platform, { model: 'm', ttft: 5, itl: 2 })
})
afterAll(() => mock.close())

/** Many prompts, so that a call that comes twice is seen. */
const prompts = {
  kind: 'synthetic',
  inputTokens: { mean: 12, deviation: 0 },
  outputTokens: { mean: 8, deviation: 0 },
  sharedPrefixTokens: 0,
} as const

type Evaluate = NonNullable<MetricPlugin['evaluate']>

interface Ran {
  readonly records: readonly RequestRecord[]
  readonly beside: readonly RequestRecord[]
  readonly result: RunResult
}

/** Lets a plugin evaluate after 8 requests of four streams. `ended` resolves when so many requests of the load beside have ended. */
async function runWith(
  evaluate: (context: EvaluationContext, ended: (requests: number) => Promise<void>) => ReturnType<Evaluate>,
  changes: Partial<RunPlan> = {},
  on: Platform = platform,
  signal?: AbortSignal,
): Promise<Ran> {
  const records: RequestRecord[] = []
  let look = (): void => {}
  const isBeside = ({ phase }: RequestRecord): boolean => phase === 'beside'
  const ended = (requests: number): Promise<void> => {
    const target = records.filter(isBeside).length + requests
    return new Promise((resolve) => {
      look = () => {
        if (records.filter(isBeside).length >= target) resolve()
      }
    })
  }
  const plugin: MetricPlugin = {
    id: 'asking',
    summary: '',
    definitions: [],
    evaluate: (given) => evaluate(given, ended),
  }
  const scenario = makeScenario({ arrival: loop(4), requests: 8, warmup: { kind: 'requests', requests: 4 }, prompts })
  const plan = makePlan(mock.url, { scenarios: [scenario], plugins: [plugin], ...changes })
  const record = (one: RequestRecord): void => {
    records.push(one)
    look()
  }
  const result = await run(plan, on, { record }, signal)
  return { records, beside: records.filter(isBeside), result }
}

const loop = (slots: number) => makeArrival({ kind: 'closed', slots }, 1)
const busy = (figures: BesideFigures) => ({
  in_flight: { kind: 'scalar', unit: 'requests', value: figures.inFlightMean, count: figures.requests } as const,
})

describe('underLoad', () => {
  it('keeps the load of the last scenario up with calls that nobody asked, and in no figure', async () => {
    let figures: BesideFigures | undefined
    let load: LoadBeside | undefined
    const { records, beside, result } = await runWith(async ({ underLoad }, ended) => {
      const answer = await underLoad(async (given) => {
        load = given
        await ended(20)
        return 42
      })
      expect(answer).toBe(42)
      figures = load?.busy()
      return busy(figures!)
    })
    expect(load?.title).toBe('test')
    expect(beside.length).toBeGreaterThanOrEqual(20)
    expect(beside.every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
    expect(new Set(records.map(({ item }) => item)).size).toBe(records.length)
    // Four streams, of which each pauses for an instant between two answers.
    expect(figures?.inFlightMean).toBeGreaterThan(2)
    expect(figures?.inFlightMean).toBeLessThanOrEqual(4)
    expect(figures?.requests).toBeGreaterThanOrEqual(20)
    expect(figures?.failed).toBe(0)
    expect(result.summary.scenarios[0]?.counts).toMatchObject({ requests: 8, warmupRequests: 4, byOutcome: { ok: 8 } })
    expect(result.summary.evaluations).toMatchObject({ asking: { in_flight: { kind: 'scalar' } } })
    expect(mock.mock.counts().running).toBe(0)
  })

  it('begins its task when the server is busy, and may be asked twice', async () => {
    const seen: number[] = []
    const { beside } = await runWith(async ({ underLoad }, ended) => {
      for (let time = 0; time < 2; time++) {
        await underLoad(async () => {
          seen.push(mock.mock.counts().running)
          await ended(4)
        })
      }
      return {}
    })
    expect(Math.min(...seen)).toBeGreaterThan(0)
    expect(new Set(beside.map(({ item }) => item)).size).toBe(beside.length)
  })

  it('is refused while another task is under way', async () => {
    const { result } = await runWith(async ({ underLoad }) => {
      await underLoad(() => underLoad(async () => {}))
      return {}
    })
    expect(result.manifest.notes.join()).toContain('underLoad: one task at a time')
  })

  it('ends when its task fails; the run is none the worse', async () => {
    const { result } = await runWith(({ underLoad }, ended) =>
      underLoad(async () => {
        await ended(2)
        throw new Error('out of questions')
      }),
    )
    expect(result.failure).toBeUndefined()
    expect(result.summary.evaluations).toBeUndefined()
    expect(result.manifest.notes.join()).toContain('plugin asking: its evaluation failed: out of questions')
    expect(mock.mock.counts().running).toBe(0)
  })

  it('ends by an interrupt, which the task is told', async () => {
    const interrupting = new AbortController()
    let aborted = false
    const { result, beside } = await runWith(
      ({ underLoad }, ended) =>
        underLoad(async ({ signal }) => {
          await ended(2)
          const told = new Promise((resolve) => signal.addEventListener('abort', resolve))
          interrupting.abort()
          await told
          aborted = true
          return {}
        }),
      {},
      platform,
      interrupting.signal,
    )
    expect(aborted).toBe(true)
    expect(result.interrupted).toBe(true)
    expect(result.summary).toMatchObject({ stopped: 'interrupted', scenarios: [{ counts: { byOutcome: { ok: 8 } } }] })
    expect(beside.some(({ outcome }) => outcome === 'aborted')).toBe(true)
  })

  it('says that the load ended when the server goes away, whatever the task came to', async () => {
    const server = await serveMock(platform, { model: 'm', ttft: 5, itl: 2 })
    const target = { ...makePlan(server.url).target }
    const { result } = await runWith(
      ({ underLoad }) =>
        underLoad(async ({ signal }) => {
          const told = new Promise((resolve) => signal.addEventListener('abort', resolve))
          await server.close()
          await told
          return {}
        }),
      { target, readyTimeoutMs: 300 },
    )
    expect(result.failure).toBeUndefined()
    expect(result.summary.evaluations).toBeUndefined()
    expect(result.manifest.notes.join()).toMatch(/the load beside \(test\) ended: .*went away during the run/)
  })

  it('a schedule that ends starts over', async () => {
    const scenario = makeScenario({ arrival: replay([0, 1, 2]), prompts })
    const { beside } = await runWith(
      async ({ underLoad }, ended) => {
        await underLoad(() => ended(7))
        return {}
      },
      { scenarios: [scenario] },
    )
    expect(beside.length).toBeGreaterThanOrEqual(7)
    expect([...beside].map(({ n }) => n).sort((a, b) => a - b)).toEqual(beside.map((_, n) => n))
    expect(new Set(beside.map(({ id }) => id)).size).toBe(beside.length)
    expect(new Set(beside.map(({ item }) => item)).size).toBe(beside.length)
  })

  it('a schedule of nothing ends the load', async () => {
    const { result } = await runWith(
      async ({ underLoad }) => {
        await underLoad(async () => {})
        return {}
      },
      { scenarios: [makeScenario({ arrival: { kind: 'open', name: 'nothing', due: () => undefined }, prompts })] },
    )
    expect(result.manifest.notes.join()).toContain('its schedule holds no request')
  })

  it('goes on after the last repetition, and asks a data set on where it was', async () => {
    const rows = Array.from({ length: 40 }, (_, row) => ({
      row: row + 1,
      content: { messages: [{ role: 'user', content: `question ${row}` }] },
      maxTokens: 4,
    }))
    const scenario = makeScenario({
      arrival: closedLoop(2),
      requests: 5,
      prompts: { kind: 'dataset', name: 'rows', hash: '0', rows },
    })
    const { beside, result } = await runWith(
      async ({ underLoad }, ended) => {
        await underLoad(() => ended(4))
        return {}
      },
      { scenarios: [scenario], repeat: { runs: 2, cooldownMs: 0, restart: false } },
    )
    expect(
      beside
        .slice(0, 2)
        .map(({ item }) => item)
        .sort(),
    ).toEqual(['row:11', 'row:12'])
    expect(beside.every(({ run: repetition }) => repetition === undefined)).toBe(true)
    expect(result.summary.scenarios[0]?.runs).toHaveLength(2)
    expect(result.summary.scenarios[0]?.counts.requests).toBe(10)
  })

  it('is carried by threads where they carry the load', async () => {
    const { beside } = await runWith(
      async ({ underLoad }, ended) => {
        await underLoad(() => ended(12))
        return {}
      },
      { threads: 2, adapterSource: 'openai' },
      fakeThreads(platform).platform,
    )
    expect(new Set(beside.map(({ id }) => id)).size).toBe(beside.length)
    expect(beside.length).toBeGreaterThanOrEqual(12)
    expect(mock.mock.counts().running).toBe(0)
  })

  it('leaves a folder whose report is the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inferbench-beside-'))
    try {
      const out = join(folder, 'run')
      const { result, beside } = await runWith(
        async ({ underLoad }, ended) => {
          await underLoad(() => ended(6))
          return { answered: { kind: 'scalar', unit: '1', value: 6 } }
        },
        { out },
      )
      const seen: RequestRecord[] = []
      const { summary } = await reportFolder(platform.files!, out, [], (record) => seen.push(record))
      expect(seen.filter(({ phase }) => phase === 'beside')).toHaveLength(beside.length)
      expect(summary).toEqual(JSON.parse(JSON.stringify(result.summary)))
      expect(findProblems(out)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
