/**
 * All that a command leaves behind: its process group and, where Linux tells, who left the group (a daemon, `setsid`). A
 * process inherits its environment, so a mark in it finds those.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { attempt } from './probes.ts'
import { killGroup } from './process.ts'

/** How often it is looked whether all are gone. */
const LOOK_MS = 20
/** For processes to go after SIGKILL. */
const AFTERMATH_MS = 1000

const NAME = 'INFERBENCH_SERVER'

export interface Family {
  /** Of the command's process group. */
  readonly group: number
  readonly mark: string
}

export function createMark(): string {
  return randomUUID()
}

/** What the command's environment must hold besides ours. */
export function markEnvironment(mark: string): Readonly<Record<string, string>> {
  return { [NAME]: mark }
}

/** SIGTERM, and after `graceMs` SIGKILL. */
export async function endFamily(family: Family, graceMs: number): Promise<void> {
  signalAll(family, 'SIGTERM')
  if (await isGone(family, graceMs)) return
  signalAll(family, 'SIGKILL')
  await isGone(family, AFTERMATH_MS)
}

function signalAll({ group, mark }: Family, signal: NodeJS.Signals): void {
  killGroup(group, signal)
  for (const pid of listStrays(mark)) attempt(() => process.kill(pid, signal))
}

/** Waits for the last process to end, for `ms` at most. */
async function isGone({ group, mark }: Family, ms: number): Promise<boolean> {
  const until = performance.now() + ms
  while (isAlive(group) || listStrays(mark).length > 0) {
    if (performance.now() >= until) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return true
}

function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch (thrown) {
    return (thrown as { code?: unknown }).code === 'EPERM'
  }
  return attempt(() => hasLiveMember(group)) ?? true
}

/** Orphans that have ended stay in the process table where nobody collects them, as in a container without an init. */
function hasLiveMember(group: number): boolean {
  return listPids().some((pid) => {
    const stat = readOf(pid, 'stat')
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
  })
}

/** Processes that carry the mark, in whatever group; none where the system or a sandbox does not tell. */
function listStrays(mark: string): number[] {
  const wanted = `${NAME}=${mark}`
  const marked = attempt(() => listPids().filter((pid) => attempt(() => readOf(pid, 'environ'))?.includes(wanted)))
  return (marked ?? []).map(Number)
}

function listPids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
}

/** Empty when it has ended meanwhile. Throws where a sandbox forbids the question, or another user's process does. */
function readOf(pid: string, file: 'stat' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes(String((thrown as { code?: unknown }).code))) return ''
    throw thrown
  }
}
