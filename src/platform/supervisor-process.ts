/**
 * A process that stands between us and a server that we start. It keeps the server's log, so that reading it takes no time
 * from the client, and ends the server's whole group when it is told to (SIGTERM) or when its standard input ends: then we
 * are gone, even if by SIGKILL. The first line of its input says what to run.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import process from 'node:process'
import { describeError } from '../core/errors.ts'
import { createScrubber } from '../core/options/secrets.ts'
import type { SupervisedCommand } from '../core/platform.ts'
import { createLineQueue } from './line-queue.ts'
import { attempt } from './probes.ts'
import { killGroup } from './process.ts'
import type { SupervisorMessage } from './supervise.ts'

/** How many lines are told of a server that ended. */
const LAST_LINES = 20
/** How often it is looked whether a group is gone. */
const LOOK_MS = 20
/** For output that is still in the pipe when the command ends, and for processes to go after SIGKILL. */
const AFTERMATH_MS = 1000

/** At once: it may be the last that we do. Whoever should read it may be gone. */
function say(message: SupervisorMessage): void {
  attempt(() => writeSync(process.stdout.fd, `${JSON.stringify(message)}\n`))
}

function start({ command, log, secrets, graceMs }: SupervisedCommand): { end(): Promise<void> } {
  const scrub = createScrubber(secrets)
  const file = log === undefined ? undefined : openSync(log, 'w')
  const lastLines: string[] = []
  const lines = createLineQueue(2)
  // As shells do it: a group of its own, whose number is the shell's.
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
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
    ending ??= endGroup(pid, graceMs).then(async () => {
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

async function endGroup(pid: number, graceMs: number): Promise<void> {
  killGroup(pid, 'SIGTERM')
  if (await isGone(pid, graceMs)) return
  killGroup(pid, 'SIGKILL')
  await isGone(pid, AFTERMATH_MS)
}

/** Waits for the last process of a group to end, for `ms` at most. */
async function isGone(pid: number, ms: number): Promise<boolean> {
  const until = performance.now() + ms
  while (isAlive(pid)) {
    if (performance.now() >= until) return false
    await pause(LOOK_MS)
  }
  return true
}

function isAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0)
  } catch (thrown) {
    return (thrown as { code?: unknown }).code === 'EPERM'
  }
  return attempt(() => hasLiveMember(pid)) ?? true
}

/** Orphans that have ended stay in the process table where nobody collects them, as in a container without an init. */
function hasLiveMember(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    // pid (name, which may hold anything) state parent group ...
    const stat = readStat(name)
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
  })
}

/** Empty when it has ended meanwhile. Throws where a sandbox forbids the question. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes(String((thrown as { code?: unknown }).code))) return ''
    throw thrown
  }
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
