/**
 * A server that talks like an inference server and thinks nothing: for tests, demonstrations, and `bench run` without a
 * server. A pure fetch handler, so it runs wherever `Request` and `Response` do.
 */
import { createApp } from './app.ts'
import type { Dialect } from './dialect.ts'
import { gateway } from './gateway.ts'
import { createLoad } from './load.ts'
import type { MockCounts } from './meter.ts'
import { createMeter } from './metrics.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { type MockOptions, type MockProfile, readMockOptions } from './options.ts'
import { createTimingScript, type MockTime, systemTime } from './timing.ts'
import { vllm } from './vllm.ts'
import { vllmRust } from './vllm-rust.ts'

export type { MockCounts } from './meter.ts'
export {
  type Capacity,
  type Fault,
  type FaultRule,
  type MockOptions,
  type MockProfile,
  mockProfiles,
} from './options.ts'
export type { MockTime } from './timing.ts'

export interface Mock {
  /** Answers one request; never throws. */
  fetch(request: Request): Response | Promise<Response>
  /** What was served up to now, as `/metrics` gives it. */
  counts(): MockCounts
}

const dialects: Readonly<Record<MockProfile, Dialect>> = { vllm, 'vllm-rust': vllmRust, openai, ollama, gateway }

/** Throws a `BenchError('usage')` when an option is wrong. `time` is for tests that play it on a clock of their own. */
export function createMock(options: MockOptions = {}, time: MockTime = systemTime): Mock {
  const settings = readMockOptions(options)
  const script = createTimingScript(settings.ttft, settings.itl, settings.seed)
  const load = createLoad(settings, script)
  const meter = createMeter(settings)
  const app = createApp({ settings, dialect: dialects[settings.profile], load, meter, time })
  return {
    fetch: (request) => app.fetch(request),
    counts: () => ({
      requests: meter.requests,
      errors: meter.errors,
      running: load.running,
      waiting: load.waiting,
      promptTokens: meter.promptTokens,
      generationTokens: meter.generationTokens,
      finished: Object.fromEntries(meter.finished),
    }),
  }
}
