/** A score document as text for people: blocks, each a card. */
import { codeSpan, escapeMarkdownCell, escapeTerminal } from '../../report/escape.ts'
import type { CompositeCard } from '../composite.ts'
import { weightsAt } from '../composite.ts'
import type { Contract, Weights } from '../contract.ts'
import type { ScoreDocument } from '../document.ts'
import { renderCompositeMarkdown, renderCompositeTable } from './composite.ts'
import {
  coldStartLayout,
  correctnessLayout,
  layerLayout,
  memoryLayout,
  outputLengthLayout,
  powerLayout,
  scalingLayout,
} from './flat.ts'
import { asWritten, type Layout, type Names, renderMarkdown, renderTable } from './layout.ts'
import { renderProfileMarkdown, renderProfileTable } from './profile.ts'
import { renderTrainingTable } from './training.ts'

export type ScoreFormat = 'table' | 'markdown'

const escaped: Names = {
  plain: escapeTerminal,
  markdown: (name) => escapeMarkdownCell(codeSpan(name)),
  fixedWidth: false,
}

interface Style {
  readonly format: ScoreFormat
  readonly names: Names
  /** What was not measured is said below a card. */
  readonly notes: boolean
  readonly contract: Contract
}

/** Ended by LF. `compat`: to the character as probador prints it. */
export function renderScores(document: ScoreDocument, format: ScoreFormat, compat = false): string {
  const { contract } = document
  const style: Style = { format, names: compat ? asWritten : escaped, notes: !compat, contract }
  const { profile = [], training = [] } = document
  const blocks = [
    ...document.composite.map((card) => renderComposite(card, weightsAt(card.concurrency, contract), style)),
    ...renderFlat(layerLayout, document.layer, style),
    ...profile.map((card) => {
      const text = format === 'table' ? renderProfileTable(card, style.names) : renderProfileMarkdown(card, style.names)
      return withMissing(text, card.not_measured ?? [], style)
    }),
    ...renderFlat(correctnessLayout, document.correctness, style),
    ...(document['output-length'] ?? []).flatMap(({ card }) => renderFlat(outputLengthLayout, card, style)),
    ...renderFlat(memoryLayout, document.memory, style),
    ...renderFlat(coldStartLayout, document['cold-start'], style),
    ...renderFlat(powerLayout, document.power, style),
    ...renderFlat(scalingLayout, document.scaling, style),
    ...training.map((card) => {
      const table = renderTrainingTable(card, style.names)
      return format === 'table' ? table : `\`\`\`\n${table}\n\`\`\``
    }),
  ]
  return `${blocks.join('\n\n')}\n`
}

function renderComposite(card: CompositeCard, weights: Weights, style: Style): string {
  const text =
    style.format === 'table' ? renderCompositeTable(card, style.names) : renderCompositeMarkdown(card, style.names)
  return withNotes(text, style, style.notes ? describeMissing(card, weights, style) : [])
}

/** `vllm: not measured: ttft_p99_ms (15 %); scored on the other 85 % of the weight`. */
function describeMissing(card: CompositeCard, weights: Weights, { names, format }: Style): string[] {
  return card.runtimes.flatMap(({ name, not_measured: missing = [], composite }) => {
    if (missing.length === 0) return []
    const percent = (share: number): string => `${Math.round(share * 100)} %`
    const lost = missing.reduce((sum, metric) => sum + (weights[metric] ?? 0), 0)
    const list = missing.map((metric) => `${metric} (${percent(weights[metric] ?? 0)})`).join(', ')
    const basis =
      composite === undefined
        ? `not scored: ${percent(1 - lost)} of the weight is too little`
        : `incomplete: scored on the other ${percent(1 - lost)} of the weight`
    return [`${format === 'table' ? names.plain(name) : names.markdown(name)}: not measured: ${list}; ${basis}`]
  })
}

function withNotes(text: string, { format }: Style, notes: readonly string[]): string {
  if (notes.length === 0) return text
  return `${text}\n${format === 'table' ? notes.join('\n') : `\n${notes.map((note) => `- ${note}`).join('\n')}`}`
}

function renderFlat<Entry extends { readonly name: string }>(
  layout: Layout<Entry>,
  card: { readonly entries: readonly Entry[]; readonly not_measured: readonly string[] } | undefined,
  style: Style,
): string[] {
  if (card === undefined) return []
  const text =
    style.format === 'table'
      ? renderTable(layout, card.entries, style.names, style.contract)
      : renderMarkdown(layout, card.entries, style.names)
  return [withMissing(text, card.not_measured, style)]
}

/** Who has no line on a card. */
function withMissing(text: string, names: readonly string[], style: Style): string {
  const show = style.format === 'table' ? style.names.plain : style.names.markdown
  const missing = [...new Set(names)].map(show).join(', ')
  return withNotes(text, style, style.notes && missing !== '' ? [`not measured: ${missing}`] : [])
}
