/**
 * A process that stands between us and a server that we start. It keeps the server's log, so that reading it takes no time
 * from the client, and ends the server's whole family when it is told to (SIGTERM) or when its standard input ends: then we
 * are gone, even if by SIGKILL. The first line of its input says what to run.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import process from 'node:process'
import { describeError } from '../core/errors.ts'
import { isSecretName } from '../core/options/command-line.ts'
import { createScrubber } from '../core/options/secrets.ts'
import type { SupervisedCommand } from '../core/platform.ts'
import { createMark, endFamily, markEnvironment } from './family.ts'
import { createLineQueue } from './line-queue.ts'
import { attempt } from './probes.ts'
import type { SupervisorMessage } from './supervise.ts'

/** How many lines are told of a server that ended. */
const LAST_LINES = 20
/** For output that is still in the pipe when the command ends. */
const AFTERMATH_MS = 1000

/** At once: it may be the last that we do. Whoever should read it may be gone. */
function say(message: SupervisorMessage): void {
  attempt(() => writeSync(process.stdout.fd, `${JSON.stringify(message)}\n`))
}

function start({ command, log, secrets, graceMs }: SupervisedCommand): { end(): Promise<void> } {
  const environment = attempt(() => ({ ...process.env })) ?? {}
  const scrub = createScrubber([...secrets, ...secretsOf(environment)])
  const file = log === undefined ? undefined : openSync(log, 'w')
  const lastLines: string[] = []
  const lines = createLineQueue(2)
  // As shells do it: a group of its own, whose number is the shell's.
  const mark = createMark()
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...environment, ...markEnvironment(mark) },
  })
  const epoch = performance.timeOrigin + performance.now()
  const { pid } = child
  child.once('error', (thrown) => {
    say({ type: 'failed', why: describeError(thrown) })
    process.exit(1)
  })
  if (pid === undefined) return { end: async () => {} }
  say({ type: 'started', pid, epoch })

  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder()
    stream.on('data', (chunk: Uint8Array) => lines.push(stream, decoder.decode(chunk, { stream: true })))
    stream.on('error', () => {})
    stream.once('close', () => lines.end(stream))
  }
  const read = async (): Promise<void> => {
    for await (const line of lines) {
      const text = scrub(line)
      lastLines.push(text)
      if (lastLines.length > LAST_LINES) lastLines.shift()
      // A full disk must not end the server.
      if (file !== undefined) attempt(() => writeSync(file, `${text}\n`))
    }
  }
  const wholeLog = read()

  let ending: Promise<void> | undefined
  const end = (): Promise<void> => {
    ending ??= endFamily({ group: pid, mark }, graceMs).then(async () => {
      await Promise.race([wholeLog, pause(AFTERMATH_MS)])
      if (file !== undefined) attempt(() => closeSync(file))
    })
    return ending
  }
  child.once('exit', async (code, signal) => {
    await Promise.race([wholeLog, pause(AFTERMATH_MS)])
    say({ type: 'exited', code, signal, lastLines })
    // Whom it leaves behind goes with it.
    await end()
  })
  return { end }
}

/** What the server inherits, and may write. */
function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => (value && isSecretName(name) ? [value] : []))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

let server: { end(): Promise<void> } | undefined
async function leave(): Promise<void> {
  await server?.end()
  process.exit(0)
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, leave)
process.stdin.on('end', leave)
process.stdin.on('error', leave)

let told = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (text: string) => {
  if (server !== undefined) return
  told += text
  const end = told.indexOf('\n')
  if (end < 0) return
  try {
    server = start(JSON.parse(told.slice(0, end)) as SupervisedCommand)
  } catch (thrown) {
    say({ type: 'failed', why: describeError(thrown) })
    process.exit(1)
  }
})
