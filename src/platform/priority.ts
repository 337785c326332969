import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { attempt } from './probes.ts'

/** Above what is usual, below what the system's own most urgent work has. */
const URGENT = -10

/**
 * Where the system lets us, the calling thread comes before others that want the same core: what arrives is stamped when it
 * arrives, not when another thread's turn is over. Linux gives each thread a priority of its own (setpriority(2), notes), and
 * a better one only to those who may (CAP_SYS_NICE); elsewhere, and for others, this does nothing.
 */
export function raiseThreadPriority(): void {
  const thread = Number(
    attempt(() => readlinkSync('/proc/thread-self'))
      ?.split('/')
      .at(-1),
  )
  if (thread > 0) attempt(() => setPriority(thread, URGENT))
}
