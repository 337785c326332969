/** Our end of a supervisor (`supervisor-process.ts`): what it is told, and what it says. */
import process from 'node:process'
import { BenchError } from '../core/errors.ts'
import type { Clock, Supervised, SupervisedCommand, SupervisedEnd } from '../core/platform.ts'
import { startModule } from './process.ts'

/** What a supervisor says, a line of JSON each. `epoch`: the instant of the start, epoch ms. */
export type SupervisorMessage =
  | { readonly type: 'started'; readonly pid: number; readonly epoch: number }
  | ({ readonly type: 'exited' } & SupervisedEnd)
  | { readonly type: 'failed'; readonly why: string }

export function hasProcessGroups(): boolean {
  return process.platform !== 'win32'
}

/** See `Platform.supervise`. Rejects with `BenchError('run-failed')` when the command could not be started at all. */
export async function supervise(
  clock: Clock,
  moduleArguments: (module: URL) => readonly string[],
  what: SupervisedCommand,
): Promise<Supervised> {
  const file = import.meta.url.endsWith('.ts') ? './supervisor-process.ts' : './supervisor-process.js'
  const module = new URL(file, import.meta.url)
  const supervisor = startModule(moduleArguments(module), module, [])
  // Not as an argument, which every user of the machine can read: it holds secrets.
  supervisor.write(`${JSON.stringify(what)}\n`)
  const said: string[] = []
  return await new Promise((resolve, reject) => {
    let end: (end: SupervisedEnd) => void = () => {}
    const exited = new Promise<SupervisedEnd>((settle) => {
      end = settle
    })
    const hear = (message: SupervisorMessage): void => {
      if (message.type === 'started') {
        const startedAt = clock.now() - Math.max(0, clock.epoch() - message.epoch)
        const stop = async (): Promise<void> => {
          supervisor.kill('SIGTERM')
          await supervisor.exited
        }
        resolve({ pid: message.pid, startedAt, exited, stop })
      } else if (message.type === 'exited') end(message)
      else said.push(message.why)
    }
    const listen = async (): Promise<void> => {
      for await (const line of supervisor.lines) {
        const message = readMessage(line)
        if (message === undefined) said.push(line)
        else hear(message)
      }
      const { code, signal } = await supervisor.exited
      // Only where it was killed itself, or never got so far.
      end({ code, signal, lastLines: said.slice(-5) })
      reject(new BenchError('run-failed', `the server could not be started: ${said.join(' ').slice(0, 500)}`))
    }
    listen().catch(reject)
  })
}

function readMessage(line: string): SupervisorMessage | undefined {
  try {
    return JSON.parse(line) as SupervisorMessage
  } catch {
    return undefined
  }
}
