/** Ctrl-C: once to stop, twice to leave. */

/** A launcher (npx, a container's init) may deliver one keypress twice: a second signal so soon is the same one. */
const SAME_KEYPRESS_MS = 500

/** What to call at each signal. `now` in ms. */
export function createInterruptHandler(now: () => number, stop: () => void, leave: () => void): () => void {
  let firstAt: number | undefined
  return () => {
    if (firstAt === undefined) {
      firstAt = now()
      stop()
    } else if (now() - firstAt >= SAME_KEYPRESS_MS) leave()
  }
}
