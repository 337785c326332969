/** Unread lines that are kept: a child whose output nobody reads must neither block nor fill our memory. */
const MAX_UNREAD = 10_000
/** Characters after which a line without an end is cut. */
const MAX_LINE = 65_536

export interface LineQueue extends AsyncIterable<string> {
  /** More text of one of the sources; any piece of a line. */
  push(source: object, text: string): void
  /** This source says no more. After the last one the iteration ends. */
  end(source: object): void
}

/**
 * Joins texts of several sources into whole lines, in the order in which those end. For one reader.
 * `redraws`: a carriage return ends a line too, as where a progress bar is drawn over itself; empty lines are left out then.
 */
export function createLineQueue(sources: number, redraws = false): LineQueue {
  const partial = new Map<object, string>()
  let unread: string[] = []
  let open = sources
  let wake: (() => void) | undefined

  const end = redraws ? /[\r\n]+/ : '\n'
  const add = (line: string): void => {
    if (redraws && line === '') return
    unread.push(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (unread.length > MAX_UNREAD) unread.shift()
  }
  return {
    push: (source, text) => {
      const pieces = ((partial.get(source) ?? '') + text).split(end)
      const rest = pieces.pop() ?? ''
      for (const piece of pieces) add(piece)
      if (rest.length > MAX_LINE) add(rest)
      partial.set(source, rest.length > MAX_LINE ? '' : rest)
      wake?.()
    },
    end: (source) => {
      const rest = partial.get(source)
      if (rest) add(rest)
      partial.delete(source)
      open--
      wake?.()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const batch = unread
        unread = []
        yield* batch
        if (unread.length > 0) continue
        if (open <= 0) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
