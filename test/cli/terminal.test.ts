/** On a real terminal (a pseudo-terminal that Python opens; without Python this is skipped). */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { benchCommand, startProcess, withFolder } from '../support/command.ts'

const hasPython = spawnSync('python3', ['-c', 'import pty'], { stdio: 'ignore' }).status === 0

/** Runs a command on a terminal of 60 columns, types `^C` once `measuring` is shown when told to, and exits as it does. */
const TERMINAL = `
import fcntl, os, pty, struct, sys, termios
press, command = sys.argv[1] == 'press', sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 60, 0, 0))
    os.execvp(command[0], command)
shown = b''
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
    os.write(1, part)
    if press and b'measuring' in shown:
        os.write(terminal, b'\\x03')
        press = False
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`

function onTerminal(press: boolean, cwd: string, args: readonly string[]) {
  const command = [...benchCommand(), 'run', '--concurrency', '2', '--output-tokens', '16', '--warmup', '0', ...args]
  const env = { NO_COLOR: undefined, TERM: 'xterm' }
  return startProcess('python3', ['-c', TERMINAL, press ? 'press' : '-', ...command], { cwd, env }).finished
}

describe.skipIf(!hasPython)('on a terminal', () => {
  it('progress is redrawn in place and gone at the end; the table has colours', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout } = await onTerminal(false, cwd, ['--requests', '8'])
      expect(code).toBe(0)
      expect(stdout).toContain('\u001b[J')
      expect(stdout).toMatch(/\[=* *\]/)
      const end = stdout.slice(stdout.lastIndexOf('\u001b[J'))
      expect(end).toMatch(/TTFT/)
      expect(end).toContain('\u001b[')
      expect(end).not.toMatch(/in flight/)
    })
  })

  it('Ctrl-C stops, drains and shows what there is', async () => {
    await withFolder(async (cwd) => {
      const { code, stdout } = await onTerminal(true, cwd, ['--duration', '5m'])
      expect(code).toBe(130)
      expect(stdout).toMatch(/stopping/)
      expect(stdout).toMatch(/TTFT/)
    })
  })
})
