import { expect } from 'vitest'
import type { Finished } from '../support/command.ts'

/** One line on standard error, that of the failure. */
export function expectUsage({ code, stdout, stderr }: Finished, said: RegExp): void {
  expect(code, stderr).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(said)
  expect(stderr.trim().split('\n')).toHaveLength(1)
}
