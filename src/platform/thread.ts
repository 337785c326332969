/** Threads over `node:worker_threads`, which Node, Bun and Deno share. */
import process from 'node:process'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { Thread } from '../core/platform.ts'

let started = 0

/** There are others beside this thread, or were. */
export function hasThreads(): boolean {
  return started > 0 || !isMainThread
}

/** Runs `load-thread.ts`, which has {@link connectParent}'s end of the line. */
export function startLoadThread(): Thread {
  const own = import.meta.url
  return startThread(new URL(`../load-thread${own.slice(own.lastIndexOf('.'))}`, own))
}

function startThread(module: URL): Thread {
  started++
  // What it prints would get into what we print; it has nothing to say.
  const worker = new Worker(module, { stdout: true, stderr: true })
  let failure: Error | undefined
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : new Error(String(error))
  })
  return {
    send: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[] | undefined),
    listen: (listener) => void worker.on('message', (message) => listener(message as never)),
    ended: new Promise((resolve) => {
      worker.once('exit', () => resolve(failure))
    }),
    end: () => void worker.terminate(),
  }
}

/** In a thread: the line to the one that started it. */
export function connectParent(): Pick<Thread, 'send' | 'listen'> {
  const port = parentPort
  if (port === null) throw new Error('this module runs in a thread of its own')
  return {
    send: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[] | undefined),
    listen: (listener) => void port.on('message', (message) => listener(message as never)),
  }
}

/** In a thread: what nobody caught is told, and neither printed nor the end of the whole process (as in Deno). */
export function onUncaught(tell: (error: unknown) => void): void {
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}
