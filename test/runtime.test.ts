import { expect, it } from 'vitest'

/**
 * The canary. `bun run vitest` runs Node, and a Deno job can too: a suite that is green on the wrong runtime proves
 * nothing. The runner says which runtime it means; this reads what the runtime itself defines.
 */
function findRuntime(): string {
  if ('Bun' in globalThis) return 'bun'
  if ('Deno' in globalThis) return 'deno'
  return 'node'
}

it('runs on the runtime that the runner means', () => {
  expect(findRuntime()).toBe(process.env.RUNTIME ?? 'node')
})
