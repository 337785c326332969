import { fixed, left, right } from '../../compat/format.ts'
import type { TrainingCard } from '../training.ts'
import { type Names, nameWidth, star } from './layout.ts'

const NAME_WIDTH = 12

/** No blank line below the title, and the class of the bottleneck as wide as it is, as in the original. */
export function renderTrainingTable(card: TrainingCard, names: Names): string {
  const width = nameWidth(names, NAME_WIDTH, card.entries)
  const heads = ['tok/s', 'ms/step', 'WC%', 'Score', 'Bottleneck', 'Grd']
  return [
    `Training Step Scorecard — ${names.plain(card.model_name)}`,
    [left('Runtime', width), ...[10, 10, 5, 5, 10, 3].map((size, i) => right(heads[i]!, size))].join(' '),
    '-'.repeat(62 + width - NAME_WIDTH),
    ...card.entries.map((entry) => {
      const speed = `${left(names.plain(entry.name), width)}${star(entry.best)}${right(fixed(entry.tokens_per_sec, 0), 9)}`
      const coverage = `${right(fixed(entry.wall_coverage * 100, 0), 4)}%`
      return [
        speed,
        right(fixed(entry.ms_per_step, 1), 10),
        coverage,
        right(entry.score, 5),
        entry.bottleneck,
        right(entry.grade, 3),
      ].join(' ')
    }),
  ].join('\n')
}
