/**
 * How often a clean run is called something else: so many default runs against our own mock, each as a user starts it.
 *
 *   npm run bench:clean -- [RUNS] [node|bun|deno]
 *
 * Prints every run that was not VALID with its reasons. On a busy machine some of them are right.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Summary } from 'inferbench'
import { root } from '../support/command.ts'

const runs = Number(process.argv[2] ?? 20)
const folder = mkdtempSync(join(tmpdir(), 'inferbench-clean-'))
const counts = new Map<string, number>()
const main = { built: join(root, 'dist/cli/main.js'), source: join(root, 'src/cli/main.ts') }
const commands: Readonly<Record<string, readonly string[]>> = {
  node: ['node', main.built],
  bun: ['bun', main.source],
  deno: ['deno', 'run', '-A', main.source],
}
const [command, ...head] = commands[process.argv[3] ?? 'node']! as [string, ...string[]]

for (let index = 0; index < runs; index++) {
  const args = [...head, 'run', '--json', '--out', join(folder, String(index))]
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0) {
    process.stdout.write(`run ${index + 1}: ended with ${status}: ${stderr.trim().split('\n').at(-1)}\n`)
    count('failed')
    continue
  }
  const { verdict } = JSON.parse(stdout) as Summary
  count(verdict.status)
  for (const { code, message, follows } of verdict.reasons) {
    const cause = follows === undefined ? '' : `, follows from ${follows}`
    process.stdout.write(`run ${index + 1} ${verdict.status}: ${code}, ${message}${cause}\n`)
  }
}

rmSync(folder, { recursive: true, force: true })
const said = [...counts].map(([status, number]) => `${number} ${status}`).join(', ')
process.stdout.write(`${runs} clean runs: ${said}\n`)

function count(status: string): void {
  counts.set(status, (counts.get(status) ?? 0) + 1)
}
