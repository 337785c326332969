/** The mock server that `bench run` measures when no server is named: in a process of its own, so that it takes no time from the client. */
import type { CheckedOptions } from '../core/options/mod.ts'
import type { Platform, Served } from '../core/platform.ts'
import type { MockOptions } from '../mock/mod.ts'
import { serveMock, startMockProcess } from '../mock/serve.ts'

/** Throws `BenchError('unsupported')` where the runtime can neither start a process nor listen. */
export async function startOwnMock({ adapter, model }: CheckedOptions, platform: Platform): Promise<Served> {
  const options: MockOptions = {
    ...(adapter === 'openai' || adapter === 'vllm' || adapter === 'vllm-rust' ? { profile: adapter } : {}),
    ...(model === undefined ? {} : { model }),
  }
  if (platform.startModule === undefined) return await serveMock(platform, options)
  const file = import.meta.url.endsWith('.ts') ? './mock-process.ts' : './mock-process.js'
  return await startMockProcess(platform, new URL(file, import.meta.url), options)
}
