/** Validation of answers as `probador llm load --validate` has it, its holes included: an invalid pattern lets all pass. */

export type ProbadorValidation =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'pattern'; readonly pattern: string }

/** Whatever it does not know means none. */
export function parseProbadorValidation(text: string): ProbadorValidation {
  if (text === 'basic') return { kind: 'basic' }
  if (text.startsWith('contains:')) return { kind: 'contains', text: text.slice('contains:'.length) }
  if (text.startsWith('pattern:')) return { kind: 'pattern', pattern: text.slice('pattern:'.length) }
  return { kind: 'none' }
}

export function nameProbadorValidation(validation: ProbadorValidation): string {
  if (validation.kind === 'contains') return `contains:${validation.text}`
  return validation.kind === 'pattern' ? `pattern:${validation.pattern}` : validation.kind
}

export interface ProbadorAnswer {
  readonly success: boolean
  readonly completionTokens: number
  readonly finishReason?: string
  readonly content?: string
}

export interface ProbadorQuality {
  readonly validation_level: string
  readonly total_validated: number
  readonly passed: number
  readonly failed: number
  /** 1 when nothing was validated. */
  readonly pass_rate: number
  readonly failures: readonly { readonly request_idx: number; readonly reason: string }[]
}

/** `request_idx` is the index in the list, failed requests counted. */
export function judgeProbadorQuality(
  answers: readonly ProbadorAnswer[],
  validation: ProbadorValidation,
): ProbadorQuality {
  const pattern = validation.kind === 'pattern' ? compile(validation.pattern) : undefined
  const failures = answers.flatMap((answer, index) => {
    const reason = answer.success ? findFault(answer, validation, pattern) : undefined
    return reason === undefined ? [] : [{ request_idx: index, reason }]
  })
  const total = answers.filter(({ success }) => success).length
  const passed = total - failures.length
  return {
    validation_level: nameProbadorValidation(validation),
    total_validated: total,
    passed,
    failed: failures.length,
    pass_rate: total === 0 ? 1 : passed / total,
    failures,
  }
}

function findFault(
  answer: ProbadorAnswer,
  validation: ProbadorValidation,
  pattern: RegExp | undefined,
): string | undefined {
  if (answer.completionTokens === 0) return 'zero_tokens'
  if (answer.finishReason === undefined) return 'no_finish_reason'
  if (validation.kind !== 'contains' && validation.kind !== 'pattern') return undefined
  const content = answer.content ?? ''
  if (content === '') return 'empty_content'
  if (validation.kind === 'contains') {
    return content.includes(validation.text) ? undefined : `missing_substring:${validation.text}`
  }
  return pattern === undefined || pattern.test(content) ? undefined : `missing_pattern:${validation.pattern}`
}

/** Rust's flags at the start (`(?i)`) become ours; what Rust's engine refuses (looking around, back references) is no pattern. */
function compile(source: string): RegExp | undefined {
  const [head, flags = ''] = /^\(\?([ims]+)\)/.exec(source) ?? ['']
  if (/\(\?<?[=!]|\\[1-9]/.test(source)) return undefined
  try {
    return new RegExp(source.slice(head.length), `u${flags}`)
  } catch {
    return undefined
  }
}
