import { escapeMarkdownCell } from './escape.ts'

export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** The first column is text, the others are figures. */
export function renderMarkdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdownCell).join(' | ')} |`
  const rule = `|---|${head
    .slice(1)
    .map(() => '--:|')
    .join('')}`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
