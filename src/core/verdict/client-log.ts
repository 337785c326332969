/** What the client saw of itself, kept for the verdict: bounded, whatever the length of the run. */
import type { ClientSample } from '../run.ts'
import type { Window } from '../summary.ts'

/** Over an hour of four lines a second; twice as many are joined in pairs. */
const MOST_LINES = 16_384

export interface ClientLine extends ClientSample {
  /** How much time the line is about, ms. */
  readonly ms: number
}

export interface ClientLog {
  readonly lines: readonly ClientLine[]
  add(sample: ClientSample): void
}

export function createClientLog(): ClientLog {
  let lines: ClientLine[] = []
  let lastAt: number | undefined
  return {
    get lines() {
      return lines
    },
    add(sample) {
      lines.push({ ...sample, ms: lastAt === undefined ? 0 : Math.max(0, sample.at - lastAt) })
      lastAt = sample.at
      if (lines.length >= 2 * MOST_LINES) lines = joinPairs(lines)
    },
  }
}

function joinPairs(lines: readonly ClientLine[]): ClientLine[] {
  const joined: ClientLine[] = []
  for (let i = 0; i < lines.length; i += 2)
    joined.push(i + 1 < lines.length ? join(lines[i]!, lines[i + 1]!) : lines[i]!)
  return joined
}

/** Worst of what is a worst, means of shares, and the later one's state. */
function join(one: ClientLine, two: ClientLine): ClientLine {
  const ms = one.ms + two.ms
  const shares = (a?: readonly number[], b?: readonly number[]): readonly number[] | undefined =>
    a === undefined || b === undefined || ms === 0 || a.length !== b.length
      ? b
      : b.map((share, i) => (a[i]! * one.ms + share * two.ms) / ms)
  const cpu = shares(one.cpu, two.cpu)
  const spin = shares(one.spin, two.spin)
  return {
    ...two,
    ms,
    timerLateMs: Math.max(one.timerLateMs, two.timerLateMs),
    ...(cpu === undefined ? {} : { cpu }),
    ...(spin === undefined ? {} : { spin }),
    ...(two.gcMaxMs === undefined ? {} : { gcMaxMs: Math.max(one.gcMaxMs ?? 0, two.gcMaxMs) }),
  }
}

/** The lines that are at least half about the window. */
export function linesWithin(
  lines: readonly ClientLine[],
  { startAt, endAt }: Pick<Window, 'startAt' | 'endAt'>,
): readonly ClientLine[] {
  return lines.filter((line) => {
    const inside = Math.min(line.at, endAt) - Math.max(line.at - line.ms, startAt)
    return line.ms > 0 && inside >= line.ms / 2
  })
}

/**
 * The share of a core that the busiest thread worked: what it span for a punctual send is no work. Where threads of their own
 * carry the load, they stand first, and the main thread, which only decodes, may be as busy as it likes.
 */
export function busiestShare({ cpu, spin }: ClientLine, loadThreads: number | undefined): number | undefined {
  const shares = cpu?.slice(0, loadThreads)
  return shares === undefined || shares.length === 0
    ? undefined
    : Math.max(...shares.map((share, thread) => Math.max(0, share - (spin?.[thread] ?? 0))))
}
