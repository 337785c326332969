import { build, isStale } from './build.js'

/** Tests that run the command or the package on Node run what the sources say now. */
export function setup() {
  const onNode = !('Bun' in globalThis) && !('Deno' in globalThis)
  if (onNode && isStale() && !build()) throw new Error('the build failed: see above')
}
