/**
 * Samples out of Prometheus text 0.0.4 and OpenMetrics 1.0. Never throws: a line that cannot be read is passed over. What says nothing
 * about a value (help, timestamps, exemplars, `# EOF`) is passed over as well.
 */

export interface TextSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  /** May be NaN or infinite. */
  readonly value: number
}

export interface MetricsText {
  readonly samples: readonly TextSample[]
  /** By name of the family: `counter`, `gauge`, `histogram`, ... A family may be declared before it has a sample. */
  readonly types: ReadonlyMap<string, string>
}

/** A server with a series for each of thousands of models or routes is read so far. */
const MOST_SAMPLES = 20_000

const NAME = /[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*/y
const TYPE = /#[ \t]+TYPE[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]+([a-z]+)/y
/** Written so that a text of megabytes without an end quote takes linear time. */
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"([^"\\\n]*(?:\\[^\n][^"\\\n]*)*)"[ \t]*,?/y
const LABELS_END = /[ \t]*\}/y
const VALUE = /[ \t]*([^\s{}]+)/y

/** `wants`: which names (of samples and of families) are kept; all others cost a look at their first characters. */
export function readMetricsText(text: string, wants: (name: string) => boolean): MetricsText {
  const samples: TextSample[] = []
  const types = new Map<string, string>()
  for (let start = 0; start < text.length && samples.length < MOST_SAMPLES; ) {
    const end = text.indexOf('\n', start)
    if (text[start] === '#') {
      const [, name, type] = matchAt(TYPE, text, start) ?? []
      if (name !== undefined && type !== undefined && wants(name)) types.set(name, type)
    } else {
      const sample = readSample(text, start, wants)
      if (sample !== undefined) samples.push(sample)
    }
    start = end < 0 ? text.length : end + 1
  }
  return { samples, types }
}

function readSample(text: string, start: number, wants: (name: string) => boolean): TextSample | undefined {
  const name = matchAt(NAME, text, start)?.[1]
  if (name === undefined || !wants(name)) return undefined
  let at = NAME.lastIndex
  const labels = new Map<string, string>()
  if (text[at] === '{') {
    at++
    for (let label = matchAt(LABEL, text, at); label !== undefined; label = matchAt(LABEL, text, at)) {
      labels.set(label[1]!, unquote(label[2]!))
      at = LABEL.lastIndex
    }
    if (matchAt(LABELS_END, text, at) === undefined) return undefined
    at = LABELS_END.lastIndex
  }
  const value = readValue(matchAt(VALUE, text, at)?.[1])
  return value === undefined ? undefined : { name, labels, value }
}

/** The text form of a number in either format; `+Inf`, `-Inf` and `NaN` in any case. */
function readValue(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^[+-]?nan$/i.test(text)) return Number.NaN
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

/** A backslash before anything else than these stands for itself. */
function unquote(text: string): string {
  return text.replaceAll(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}
