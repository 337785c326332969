/** The words of one answer, piece by piece: joined once, so that a long answer costs its length. */

type TextKind = 'text' | 'reasoning' | 'tool'

export interface TextCollector {
  add(kind: TextKind, choice: number, piece: string): void
  /** Choices in order, a line each. */
  join(kind: TextKind): string
  /** For the record: what a file can hold. */
  toFields(): { readonly text: string; readonly reasoning?: string }
}

/** Half of a character of two UTF-16 units. */
const LONE_SURROGATE = /\p{Surrogate}/gu

/** Without `keep` nothing is held: most runs need no text. */
export function createTextCollector(keep: boolean): TextCollector {
  const written = {
    text: new Map<number, string[]>(),
    reasoning: new Map<number, string[]>(),
    tool: new Map<number, string[]>(),
  }

  function join(kind: TextKind): string {
    const choices = [...written[kind].entries()].sort(([one], [other]) => one - other)
    return choices.map(([, pieces]) => pieces.join('')).join('\n')
  }

  // Halves that came in two events are joined by now; one that stayed alone is no text.
  const joinWhole = (kind: TextKind): string => join(kind).replace(LONE_SURROGATE, '\uFFFD')

  return {
    add(kind, choice, piece) {
      if (!keep) return
      const pieces = written[kind].get(choice)
      if (pieces === undefined) written[kind].set(choice, [piece])
      else pieces.push(piece)
    },
    join,
    toFields() {
      const reasoning = joinWhole('reasoning')
      return { text: joinWhole('text'), ...(reasoning === '' ? {} : { reasoning }) }
    },
  }
}
