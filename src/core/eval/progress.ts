/** What lm-eval writes while it works, as steps of ours. */

export type EvalStep = 'start' | 'load tasks' | 'tokenize' | 'ask' | 'save'

export interface EvalProgress {
  readonly step: EvalStep
  /** `loglikelihood`, `generate_until`: what is asked for. */
  readonly kind?: string
  readonly done?: number
  readonly total?: number
}

const BAR = /^(?<title>[A-Za-z][\w ]*):\s+\d+%\|.*?\|\s*(?<done>\d+)\/(?<total>\d+)\s/
const LOG = /^\d{4}-\d\d-\d\d:[\d:]+\s+\w+\s+\[[^\]]*\]\s*(?<text>.*)$/

const bars: Readonly<Record<string, EvalStep>> = { 'Tokenizing inputs': 'tokenize', 'Requesting API': 'ask' }

/** Reads line after line; undefined for a line that tells nothing new. */
export function createProgressReader(): (line: string) => EvalProgress | undefined {
  let kind: string | undefined
  return (line) => {
    const bar = BAR.exec(line)?.groups
    const step = bar && bars[bar.title!]
    if (bar && step) return { step, ...(kind && { kind }), done: Number(bar.done), total: Number(bar.total) }
    const text = LOG.exec(line)?.groups?.text
    if (text === undefined) return undefined
    kind = /^Running (\w+) requests/.exec(text)?.[1] ?? kind
    if (text.startsWith('Running ')) return { step: 'ask', ...(kind && { kind }) }
    if (/^(Selected tasks|Building contexts|Including path)/i.test(text)) return { step: 'load tasks' }
    return text.startsWith('Saving results') ? { step: 'save' } : undefined
  }
}
