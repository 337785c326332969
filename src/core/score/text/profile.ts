import { fixed, left, right } from '../../compat/format.ts'
import type { ConsistencyEntry, ProfileCard, ProfileEntry } from '../profile.ts'
import { type Names, nameWidth } from './layout.ts'

const NAME_WIDTH = 20

function figure(value: number | undefined): string {
  return value === undefined ? '-' : fixed(value, 1)
}

/** In rows two columns are wider than in the head, as in the original. */
export function renderProfileTable(card: ProfileCard, names: Names): string {
  const width = nameWidth(names, NAME_WIDTH, card.entries)
  const more = width - NAME_WIDTH
  const heads = ['Profile', 'Tokens', 'Decode', 'TTFT', 'ITL']
  const head = [8, 8, 10, 10, 8].map((size, i) => right(heads[i]!, size))
  const row = (entry: ProfileEntry): string => {
    const cells = [
      left(names.plain(entry.name), width),
      right(entry.profile, 8),
      right(fixed(entry.avg_prompt_tokens, 0), 8),
      right(figure(entry.decode_tok_s), 9),
      right(figure(entry.ttft_p50_ms), 9),
      right(figure(entry.itl_p50_ms), 8),
    ]
    const last = entry.composite === undefined ? '    -' : `${right(fixed(entry.composite, 1), 5)} ${entry.grade}`
    return `${cells.join(' ')}  ${last}`
  }
  return [
    'Per-Prompt-Profile Scores',
    '',
    `${[left('Runtime', width), ...head].join(' ')}  ${right('Score', 10)}`,
    '-'.repeat(82 + more),
    ...card.entries.map(row),
    ...(card.consistency.length === 0 ? [] : renderConsistency(card.consistency, names, width, more)),
  ].join('\n')
}

function renderConsistency(entries: readonly ConsistencyEntry[], names: Names, width: number, more: number): string[] {
  const heads = ['Best', 'Worst', 'Consistency', 'Grade']
  return [
    '',
    'Profile Consistency (worst/best score across profiles)',
    [left('Runtime', width), ...[8, 8, 10, 8].map((size, i) => right(heads[i]!, size))].join(' '),
    '-'.repeat(58 + more),
    ...entries.map((entry) =>
      [
        left(names.plain(entry.name), width),
        right(fixed(entry.best_score, 1), 8),
        right(fixed(entry.worst_score, 1), 8),
        right(`${fixed(entry.consistency, 0)}%`, 10),
        right(entry.grade, 8),
      ].join(' '),
    ),
  ]
}

export function renderProfileMarkdown(card: ProfileCard, names: Names): string {
  const rows = card.entries.map((entry) => {
    const score = entry.composite === undefined ? '-' : `**${fixed(entry.composite, 1)} (${entry.grade})**`
    const cells = [entry.profile, fixed(entry.avg_prompt_tokens, 0), figure(entry.decode_tok_s)]
    return [names.markdown(entry.name), ...cells, figure(entry.ttft_p50_ms), figure(entry.itl_p50_ms), score]
  })
  return [
    '## Per-Prompt-Profile Scores',
    '',
    '| Runtime | Profile | Tokens | Decode tok/s | TTFT P50 ms | ITL P50 ms | **Score** |',
    '|---------|---------|--------|-------------|-------------|------------|-----------|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    ...(card.consistency.length === 0 ? [] : renderConsistencyMarkdown(card.consistency, names)),
  ].join('\n')
}

function renderConsistencyMarkdown(entries: readonly ConsistencyEntry[], names: Names): string[] {
  return [
    '',
    '### Profile Consistency',
    '',
    '| Runtime | Best | Worst | Consistency | Grade |',
    '|---------|------|-------|-------------|-------|',
    ...entries.map(
      ({ name, best_score, worst_score, consistency, grade }) =>
        `| ${names.markdown(name)} | ${fixed(best_score, 1)} | ${fixed(worst_score, 1)} | ${fixed(consistency, 0)}% | ${grade} |`,
    ),
  ]
}
