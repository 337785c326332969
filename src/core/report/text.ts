/** Words and numbers laid out for people. */

/** Not measured. */
export const NOTHING = '-'

/** `0.034` `4.71` `48.1` `1 481` `1.23e+7`: about three digits below a thousand; never more than ten characters. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined) return NOTHING
  const size = Math.abs(value)
  if (size >= 9_999_999.5) return value.toExponential(2)
  if (size >= 999.95) return groupDigits(Math.round(value))
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995) return value.toFixed(2)
  return value === 0 ? '0' : value.toFixed(3)
}

/** Two digits that count are enough for an error. */
export function formatError(ms: number): string {
  const size = Math.abs(ms)
  return size >= 10 ? groupDigits(Math.round(ms)) : size >= 0.995 ? ms.toFixed(1) : ms.toFixed(2)
}

/** `12 345` */
export function groupDigits(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** `98.5 %`, and never a rounded 100 (or 0) that is not one. */
export function formatPercent(value: number | undefined): string {
  if (value === undefined) return NOTHING
  const digits = value > 99.9 || value < 1 ? 3 : 1
  const text = Number.isInteger(value) ? String(value) : value.toFixed(digits)
  if (Number(text) === 100 && value < 100) return '>99.999 %'
  return Number(text) === 0 && value > 0 ? '<0.001 %' : `${text} %`
}

// East Asian wide and fullwidth forms, and emoji, take two columns.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

/** Columns that a text takes on a terminal; combining marks take none. */
export function measureWidth(text: string): number {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

function widthOf(character: string): number {
  if (/\p{Mark}/u.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Cut to `width` columns, with `…` when something was left out. */
export function truncate(text: string, width: number): string {
  if (measureWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    used += widthOf(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - measureWidth(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - measureWidth(text))) + text
}

/** Not within `12 345`. */
const BETWEEN_WORDS = /(?<!\d) | (?!\d{3}(?!\d))/

/** Lines of at most `width` columns, later ones indented further; a word longer than a line is cut over several. */
export function wrapWords(text: string, width: number): string[] {
  const lead = /^ {0,8}/.exec(text)![0]
  const indent = `${lead}  `
  const lines: string[] = []
  let line = lead
  for (const word of text.slice(lead.length).split(BETWEEN_WORDS)) {
    const joined = line.trim() === '' ? line + word : `${line} ${word}`
    if (measureWidth(joined) <= width) {
      line = joined
      continue
    }
    if (line.trim() !== '') lines.push(line)
    line = (lines.length === 0 ? lead : indent) + word
    while (measureWidth(line) > width) {
      const [head, rest] = splitAt(line, width)
      lines.push(head)
      line = indent + rest
    }
  }
  if (line.trim() !== '') lines.push(line)
  return lines
}

function splitAt(text: string, width: number): [head: string, rest: string] {
  let head = ''
  let used = 0
  for (const character of text) {
    used += widthOf(character)
    if (used > width && head !== '') break
    head += character
  }
  return [head, text.slice(head.length)]
}

/** Phrases side by side, three spaces apart, on as few lines of `width` columns as they need. */
export function flowPhrases(phrases: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const phrase of phrases) {
    const last = lines.at(-1)
    const joined = last === undefined ? phrase : `${last}   ${phrase}`
    if (last !== undefined && measureWidth(joined) <= width) lines[lines.length - 1] = joined
    else lines.push(...wrapWords(phrase, width))
  }
  return lines
}
