/** HTML by construction: a text becomes markup only by being escaped. */
import { escapeTerminal } from '../escape.ts'

/** Finished markup. Only {@link html} and what is written in this folder makes some. */
export interface Markup {
  readonly markup: string
}

export type Content = string | number | undefined | Markup | readonly Content[]

/** A template whose values are escaped, for text and for quoted attributes; lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { markup: parts.reduce((sum, part, i) => sum + renderContent(values[i - 1]) + part) }
}

function renderContent(value: Content): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return 'markup' in value ? value.markup : value.map(renderContent).join('')
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Controls and what reorders text become visible, as on a terminal. */
function escapeHtml(text: string): string {
  return escapeTerminal(text).replace(/[&<>"']/g, (character) => REFERENCES[character]!)
}

/** For the inside of a `<script>` that holds data: nothing in it can end the element or begin a comment. */
export function escapeJson(value: unknown): Markup {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return { markup: text }
}

/** What a build made: never a text of a run. */
export function trust(markup: string): Markup {
  return { markup }
}
