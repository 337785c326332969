/** The library: what the command does, for another program. */
import { run as runPlan } from './core/engine/run.ts'
import { planRun, type RunOptions, readOptions } from './core/options/mod.ts'
import type { Platform } from './core/platform.ts'
import { showAs } from './core/profiles/show.ts'
import type { RequestRecord } from './core/record.ts'
import type { Progress, RunResult } from './core/run.ts'
import { loadPlatform } from './platform/load.ts'
import { loadAutoPlugins, partLoaders } from './registry.ts'

export interface RunExtras {
  /** What the runtime offers; found out when absent. Edge runtimes hand in `createWebPlatform(...)`. */
  readonly platform?: Platform
  /** Aborting it stops sending and drains; the result is what there is, with `interrupted: true`. */
  readonly signal?: AbortSignal
  /** Each record, in order of ending. Must not throw. */
  readonly onRecord?: (record: RequestRecord) => void
}

/**
 * A run under way. Await it for its result; iterate over it for its progress, about four times a second (what is not
 * asked for is not kept: a slow reader sees the latest).
 */
export interface Run extends PromiseLike<RunResult>, AsyncIterable<Progress> {
  readonly result: Promise<RunResult>
}

/**
 * Runs a benchmark. The options are those of a config file; `url` is required, since only the command starts a mock server.
 * The result rejects with a `BenchError` when options are wrong or the server is not there; a run that went wrong later
 * has a `failure`, and what was measured until then.
 */
export function run(options: RunOptions, extras: RunExtras = {}): Run {
  const latest = createLatest<Progress>()
  const result = start(options, extras, latest.set).finally(latest.close)
  // Who only iterates sees the failure there.
  result.catch(() => {})
  return {
    result,
    // biome-ignore lint/suspicious/noThenProperty: a run can be awaited, as well as iterated over
    then: (onResult, onFailure) => result.then(onResult, onFailure),
    async *[Symbol.asyncIterator]() {
      yield* latest.values()
      await result
    },
  }
}

async function start(options: RunOptions, extras: RunExtras, progress: (value: Progress) => void): Promise<RunResult> {
  const platform = extras.platform ?? (await loadPlatform())
  const checked = readOptions(options)
  const plan = await planRun(checked, {
    platform,
    ...partLoaders(platform),
    loadAutoPlugins: () => loadAutoPlugins(platform),
  })
  const shown = showAs(checked.definitions ?? 'inferbench')
  const record = (one: RequestRecord): void => {
    shown.add(one)
    extras.onRecord?.(one)
  }
  const result = await runPlan(plan, platform, { progress, record }, extras.signal)
  return { ...result, summary: shown.apply(result.summary) }
}

/** Holds one value for readers that come when they can. */
function createLatest<Value>(): {
  set(value: Value): void
  close(): void
  values(): AsyncGenerator<Value>
} {
  let version = 0
  let value: Value | undefined
  let closed = false
  let wake: () => void = () => {}
  let changed = new Promise<void>((resolve) => {
    wake = resolve
  })
  const announce = (): void => {
    const waiting = wake
    changed = new Promise((resolve) => {
      wake = resolve
    })
    waiting()
  }
  return {
    set(next) {
      value = next
      version++
      announce()
    },
    close() {
      closed = true
      announce()
    },
    async *values() {
      for (let seen = 0; ; ) {
        if (version > seen && value !== undefined) {
          seen = version
          yield value
        } else if (closed) return
        else await changed
      }
    },
  }
}
