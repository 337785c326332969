/** Asking a mock without a network, and a clock that goes only as far as somebody waits. */
import type { Mock, MockTime } from 'inferbench/mock'

export function post(mock: Mock, path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return Promise.resolve(mock.fetch(new Request(`http://mock${path}`, { method: 'POST', body: text, ...init })))
}

export function get(mock: Mock, path: string): Promise<Response> {
  return Promise.resolve(mock.fetch(new Request(`http://mock${path}`)))
}

export const chat = (more: object = {}): object => ({ messages: [{ role: 'user', content: 'Hello there' }], ...more })

/** The payloads of a stream, in order; `[DONE]` stays text. */
export function readEvents(text: string): unknown[] {
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data: '))
    .map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice(6))))
}

/** Time stands still until nothing else is to be done; then it jumps to the next timer. */
export interface ManualTime extends MockTime {
  /** Plays until the promise settles. */
  play<T>(promise: Promise<T>): Promise<T>
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>
}

export function createManualTime(): ManualTime {
  let now = 0
  const timers: { readonly at: number; readonly callback: () => void }[] = []
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return {
    now: () => now,
    at(at, callback) {
      const timer = { at, callback }
      timers.push(timer)
      timers.sort((a, b) => a.at - b.at)
      return () => {
        const place = timers.indexOf(timer)
        if (place >= 0) timers.splice(place, 1)
      }
    },
    settle,
    async play(promise) {
      let settled = false
      const end = (): void => {
        settled = true
      }
      promise.then(end, end)
      await settle()
      while (!settled) {
        const next = timers.shift()
        if (next) {
          now = Math.max(now, next.at)
          next.callback()
        }
        for (let turn = 0; turn < 3 && !settled; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
      return promise
    },
  }
}
