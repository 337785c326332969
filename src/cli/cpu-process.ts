/** The other end of `own-server.ts`: serves a model until standard input ends, that is, until its parent is gone. */
import process from 'node:process'
import { describeError } from '../core/errors.ts'
import type { Served } from '../core/platform.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CpuOptions, serveCpu } from './cpu-engine.ts'

const GRACE_MS = 2000

let served: Served | undefined
async function leave(): Promise<void> {
  // Whatever is still computed is for nobody.
  setTimeout(() => process.exit(0), GRACE_MS)
  await served?.close()
  process.exit(0)
}

process.stdin.on('end', leave)
process.stdin.on('error', leave)
process.stdin.resume()
try {
  served = await serveCpu(await loadPlatform(), JSON.parse(process.argv[2] ?? '{}') as CpuOptions)
  process.stdout.write(`${served.url}\n`)
} catch (thrown) {
  process.stdout.write(`${describeError(thrown)}\n`, () => process.exit(1))
}
