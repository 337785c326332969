/** Load threads of a real run, as Linux tells of them. Elsewhere, and for who may not, there is nothing to see. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { startBench, startMock, withFolder } from '../support/command.ts'

const isAllowed = process.platform === 'linux' && spawnSync('nice', ['-n', '-20', 'true']).stderr?.length === 0
const MOST_URGENT = -20

/** Of each thread of a process, by its id: proc(5), `stat`, field 19. */
function niceValuesOf(pid: number): ReadonlyMap<number, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      return [Number(thread), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19 - 3])]
    }),
  )
}

describe.skipIf(!isAllowed)('load threads', { timeout: 60_000 }, () => {
  it('come before what else wants their core, the main thread included', async () => {
    const mock = await startMock()
    try {
      await withFolder(async (cwd) => {
        const run = startBench(['run', '--url', mock.url, '--threads', '1', '--duration', '1m'], { cwd })
        await run.until(/measuring/)
        const values = niceValuesOf(run.child.pid!)
        run.child.kill('SIGKILL')
        await run.finished
        expect([...values.values()]).toContain(MOST_URGENT)
        expect(values.get(run.child.pid!)).toBe(0)
      })
    } finally {
      await mock.close()
    }
  })
})
