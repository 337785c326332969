/** A card as text: a table for a terminal, and one for Markdown. Widths and words are probador's, to the character. */
import { left, right } from '../../compat/format.ts'
import type { Contract, Threshold } from '../contract.ts'

export interface Column<Entry> {
  readonly head: string
  readonly width: number
  /** Where rows are not as wide as the head, as in the original. */
  readonly rowWidth?: number
  /** Stands only there. */
  readonly only?: 'markdown'
  cell(entry: Entry): string
  /** Absent: the same. */
  readonly markdown?: { readonly head?: string; readonly rule?: number; cell?(entry: Entry): string }
}

export interface Layout<Entry> {
  readonly title: string
  /** Width of the column of names. */
  readonly nameWidth: number
  /** Dashes below the head. */
  readonly rule: number
  readonly columns: readonly Column<Entry>[]
  /** Whose thresholds stand below; and what does, after a blank line. */
  readonly metric: keyof Contract['thresholds']
  footer(threshold: Threshold): readonly string[]
}

/** How names, which come from files, are made harmless where they are printed. */
export interface Names {
  /** For a terminal. */
  readonly plain: (name: string) => string
  /** For a cell of a Markdown table. */
  readonly markdown: (name: string) => string
  /** Names wider than their column push it; else the column of names grows with them. */
  readonly fixedWidth: boolean
}

export const asWritten: Names = { plain: (name) => name, markdown: (name) => name, fixedWidth: true }

/** Width that the names need, at least `least`. */
export function nameWidth(names: Names, least: number, entries: readonly { readonly name: string }[]): number {
  if (names.fixedWidth) return least
  return Math.max(least, ...entries.map(({ name }) => [...names.plain(name)].length))
}

export function renderTable<Entry extends { readonly name: string }>(
  layout: Layout<Entry>,
  entries: readonly Entry[],
  names: Names,
  contract: Contract,
): string {
  const footer = layout.footer(contract.thresholds[layout.metric])
  const width = nameWidth(names, layout.nameWidth, entries)
  const columns = layout.columns.filter(({ only }) => only === undefined)
  const line = (first: string, cells: readonly string[]): string => [left(first, width), ...cells].join(' ')
  return [
    layout.title,
    '',
    line(
      'Runtime',
      columns.map((column) => right(column.head, column.width)),
    ),
    '-'.repeat(layout.rule + width - layout.nameWidth),
    ...entries.map((entry) =>
      line(
        names.plain(entry.name),
        columns.map((column) => right(column.cell(entry), column.rowWidth ?? column.width)),
      ),
    ),
    ...(footer.length === 0 ? [] : ['', ...footer]),
  ].join('\n')
}

export function renderMarkdown<Entry extends { readonly name: string }>(
  layout: Layout<Entry>,
  entries: readonly Entry[],
  names: Names,
): string {
  const heads = layout.columns.map((column) => column.markdown?.head ?? column.head)
  const rules = layout.columns.map((column, i) => '-'.repeat(column.markdown?.rule ?? heads[i]!.length + 2))
  const rows = entries.map((entry) => [
    names.markdown(entry.name),
    ...layout.columns.map((column) => column.markdown?.cell?.(entry) ?? column.cell(entry).trim()),
  ])
  return [
    `## ${layout.title}`,
    '',
    `| ${['Runtime', ...heads].join(' | ')} |`,
    `|${['-'.repeat(9), ...rules].join('|')}|`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}

/** A star behind the best, a blank behind the others. */
export function star(best: boolean): string {
  return best ? '*' : ' '
}
