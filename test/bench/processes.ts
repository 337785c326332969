/** Processes that the side-by-side measurements start. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** A program that came with the development dependencies. */
export function findInstalled(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

/** Our command on each runtime, as users start it. */
export const commands: Readonly<Record<string, readonly string[]>> = {
  node: ['node', join(root, 'dist/cli/main.js')],
  bun: [findInstalled('bun'), join(root, 'src/cli/main.ts')],
  deno: [findInstalled('deno'), 'run', '-A', join(root, 'src/cli/main.ts')],
}
