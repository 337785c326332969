/** The server of `bench run` without `--url`: a mock in a process of its own. */
import type { Platform, Served } from '../core/platform.ts'
import type { MockOptions } from '../mock/mod.ts'
import { startMockProcess } from '../mock/serve.ts'

/** Closed by `close`, and by the end of this process. Throws a `BenchError` when this runtime has no processes. */
export function startEmbeddedMock(platform: Platform, options: MockOptions = {}): Promise<Served> {
  // The sources on Bun and Deno, `dist` on Node.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return startMockProcess(platform, new URL(`./mock-process.${extension}`, import.meta.url), options)
}
