/** How many tokens an answer had: what events carry, what the server says, and whether to believe it. */
import type { Usage } from '../event.ts'
import type { TokenSource } from '../record.ts'

/** What one message carried for one choice. */
export interface CarriedTokens {
  readonly choice: number
  /** Said by the server for exactly these events (token ids); undefined when it said nothing. */
  counted: number | undefined
}

export interface TokenCounter {
  /** A message with text, reasoning or tool calls. Returns how many tokens it carries, as far as known; at least one. */
  carry(carried: readonly CarriedTokens[], usage: Usage | undefined, visible: boolean): number
  usage(usage: Usage): void
  /** The largest count that the server has given so far. */
  readonly serverTokens: number
  /** `text` is asked for only when it is needed. */
  result(text: () => string, limits: CountLimits): TokenCounts
}

interface CountLimits {
  /** Of each choice. */
  readonly maxTokens?: number
  readonly choices: number
  /** Events tell tokens apart; false when the answer came as one body. */
  readonly streamed: boolean
  readonly hasText: boolean
  readonly countTokens?: (text: string) => number
}

interface TokenCounts {
  readonly counts: Usage & { readonly tokenSource?: TokenSource }
  readonly suspect: boolean
  readonly missing: boolean
}

export function createTokenCounter(): TokenCounter {
  // Cumulative count at the last event of a choice that carried tokens; null once an event came without a usable one.
  const cumulative = new Map<number, number | null>()
  let best: Usage | undefined
  let chunks = 0
  let visibleChunks = 0
  let counted: number | null = 0

  /**
   * The step of a cumulative count, where the server gives one with every event (continuous usage). A count that only
   * comes with the last event would make that event carry the whole answer, so a gap spoils the choice for good.
   */
  function readStep(choice: number, usage: Usage | undefined): number {
    const before = cumulative.get(choice) ?? (cumulative.has(choice) ? null : 0)
    const now = usage?.outputTokens
    if (before === null || now === undefined || now <= before) {
      cumulative.set(choice, null)
      return 1
    }
    cumulative.set(choice, now)
    return now - before
  }

  return {
    carry(carried, usage, visible) {
      chunks += carried.length
      if (visible) visibleChunks += carried.length
      let sum = 0
      for (const { choice, counted: own } of carried) {
        const step = readStep(choice, carried.length === 1 ? usage : undefined)
        sum += own ?? step
        counted = counted === null || own === undefined ? null : counted + own
      }
      return Math.max(1, sum)
    },
    usage(usage) {
      if (usage.outputTokens === undefined) best = { ...usage, ...best }
      else if (usage.outputTokens >= (best?.outputTokens ?? 0)) best = { ...best, ...usage }
    },
    get serverTokens() {
      return best?.outputTokens ?? 0
    },
    result(text, { maxTokens, choices, streamed, hasText, countTokens }) {
      const { outputTokens, inputTokens, ...details } = best ?? {}
      const limit = maxTokens === undefined || maxTokens < 1 ? Number.POSITIVE_INFINITY : maxTokens * choices
      const evidence = streamed ? visibleChunks : hasText ? 1 : 0
      const isSound = outputTokens !== undefined && outputTokens >= evidence && outputTokens <= limit
      const suspect = best !== undefined && ((outputTokens !== undefined && !isSound) || inputTokens === 0)
      // No prompt has no tokens: every server counts at least the token that starts the text.
      const input = inputTokens === undefined || inputTokens === 0 ? {} : { inputTokens }
      const missing = outputTokens === undefined
      if (isSound) return { counts: { ...input, outputTokens, ...details, tokenSource: 'server' }, suspect, missing }
      const own = countWithout(text, counted !== null && chunks > 0 ? counted : undefined, countTokens)
      if (own !== undefined) return { counts: { ...input, ...own }, suspect, missing }
      if (!streamed || chunks === 0) return { counts: input, suspect, missing }
      return { counts: { ...input, outputTokens: chunks, tokenSource: 'chunks' }, suspect, missing }
    },
  }
}

/** Without usage: the token ids of every event, else the local tokenizer over the whole text (pieces would over-count). */
function countWithout(
  text: () => string,
  counted: number | undefined,
  countTokens: ((text: string) => number) | undefined,
): { outputTokens: number; tokenSource: TokenSource } | undefined {
  if (counted !== undefined) return { outputTokens: counted, tokenSource: 'server' }
  if (countTokens === undefined) return undefined
  try {
    return { outputTokens: countTokens(text()), tokenSource: 'tokenizer' }
  } catch {
    return undefined
  }
}
