/** The smallest set of permissions with which Deno can measure a server: what the README says, and that none of it is idle. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, root, startMock, startProcess, withFolder } from './support/command.ts'

describe.skipIf(!('Deno' in globalThis))('permissions of Deno', () => {
  let mock: Awaited<ReturnType<typeof startMock>>

  beforeAll(async () => {
    mock = await startMock('--ttft', '1ms', '--itl', '1ms')
  })

  afterAll(() => mock.close())

  function measure(permissions: readonly string[], out: string): Promise<Finished> {
    const deno = ['run', '--no-prompt', ...permissions, join(root, 'src/cli/main.ts')]
    const load = ['--concurrency', '2', '--requests', '4', '--output-tokens', '4', '--ready-timeout', '1s']
    const args = [...deno, 'run', '--url', mock.url, ...load, '--out', out]
    // As in a user's shell: with NO_COLOR nobody would ask the environment about the terminal.
    return startProcess(process.execPath, args, { env: { NO_COLOR: undefined } }).finished
  }

  it('a run needs these, and each of them', () =>
    withFolder(async (folder) => {
      const needed = [`--allow-net=${new URL(mock.url).host}`, '--allow-read', `--allow-write=${folder}`, '--allow-env']
      const whole = await measure(needed, join(folder, 'whole'))
      expect(whole.code, whole.stderr).toBe(0)
      for (const [index, missing] of needed.entries()) {
        const { code } = await measure(needed.toSpliced(index, 1), join(folder, `without-${index}`))
        expect(code, `without ${missing}`).not.toBe(0)
      }
    }))
})
