/** Whether an answer is what was asked for: `--validate`. Only whole answers (`ok`) are judged. */
import { BenchError } from '../errors.ts'
import type { OkRecord } from '../record.ts'

/** As written: `basic`, `contains:TEXT`, `pattern:REGEX`; the last two ask for all that `basic` does. */
export interface Validation {
  /** Undefined is good; else a stable word for what is not: `zero_tokens`, `no_finish_reason`, `empty_content`, ... */
  findFault(record: OkRecord): string | undefined
  /** The record must carry its text. */
  readonly needsText: boolean
}

/** Throws a usage error for what is no validation; a pattern that cannot be one is never taken for "all pass". */
export function parseValidation(text: string): Validation {
  if (text === 'basic') return { findFault: findBasicFault, needsText: false }
  const [, kind, wanted = ''] = /^(contains|pattern):(.+)$/s.exec(text) ?? []
  if (kind === 'contains') return judgeText((answer) => answer.includes(wanted), 'missing_substring')
  if (kind === 'pattern') {
    const pattern = compilePattern(wanted, '--validate')
    return judgeText((answer) => pattern.test(answer), 'missing_pattern')
  }
  throw new BenchError(
    'usage',
    `--validate: ${JSON.stringify(text)} is no validation; write basic, contains:TEXT or pattern:REGEX`,
  )
}

/** `(?i)` and its like at the start, as other tools write flags, are understood. Throws a usage error that begins with `where`. */
export function compilePattern(source: string, where: string): RegExp {
  const [head, flags = ''] = /^\(\?([ims]+)\)/.exec(source) ?? ['']
  try {
    return new RegExp(source.slice(head.length), `u${flags}`)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^.*: /, '') : ''
    throw new BenchError('usage', `${where}: the pattern ${JSON.stringify(source)} is not valid: ${why}`)
  }
}

function judgeText(accepts: (text: string) => boolean, fault: string): Validation {
  return {
    needsText: true,
    findFault(record) {
      const basic = findBasicFault(record)
      if (basic !== undefined) return basic
      if (!record.text) return 'empty_content'
      return accepts(record.text) ? undefined : fault
    },
  }
}

function findBasicFault({ outputTokens, finish, events }: OkRecord): string | undefined {
  if (outputTokens === 0) return 'zero_tokens'
  if (finish === undefined) return 'no_finish_reason'
  return /[trc]/.test(events.kind) ? undefined : 'empty_content'
}
