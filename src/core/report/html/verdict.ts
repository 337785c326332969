/** What stands on top: can it be believed, why not, and what to do. */
import type { Manifest } from '../../run.ts'
import type { Summary, Verdict } from '../../summary.ts'
import { describeVerdict, describeVerdictNotes } from '../judgement.ts'
import { describeInstrument } from '../phrases.ts'
import { html, type Markup } from './markup.ts'

/** A shape for each, so that no colour is needed to tell them apart. */
const SIGNS: Readonly<Record<Verdict['status'], readonly [name: string, sign: string]>> = {
  VALID: ['valid', '●'],
  SUSPECT: ['suspect', '▲'],
  INVALID: ['invalid', '■'],
}

export function renderVerdict(summary: Summary, manifest: Manifest, cut: boolean): Markup {
  const { status } = summary.verdict
  const [name, sign] = SIGNS[status]
  const reasons = describeVerdict(summary)
  const lines = [
    describeInstrument(manifest),
    summary.stopped === undefined ? undefined : `stopped early: ${summary.stopped}`,
    cut ? 'the run was cut off; this is what its log holds' : undefined,
    ...describeVerdictNotes(summary).map((note) => `note: ${note}`),
  ].filter((line) => line !== undefined)
  return html`<section class="verdict ${name}" aria-labelledby="verdict">
<h2 id="verdict"><span class="sign" aria-hidden="true">${sign}</span> ${status}</h2>
${reasons.length === 0 ? undefined : html`<dl>${reasons.map((reason) => renderReason(reason, status))}</dl>`}
${lines.length === 0 ? undefined : html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`}
${renderGates(summary)}</section>
`
}

type Reason = ReturnType<typeof describeVerdict>[number]

/** How grave it is goes without saying where it is as grave as the verdict. */
function renderReason({ code, figure, message, advice, severity }: Reason, status: string): Markup {
  const grave = severity === status.toLowerCase() ? undefined : html` <span class="severity">${severity}</span>`
  return html`<dt><code>${code}</code>${figure === '' ? undefined : html` <b>${figure}</b>`}${grave}</dt>
<dd>${message === undefined ? undefined : html`${message}. `}<span class="remedy">→ ${advice}</span></dd>`
}

function renderGates({ gates, scenarios }: Summary): Markup | undefined {
  if (gates.length === 0) return undefined
  const titles = new Map(scenarios.map(({ scenario, title }) => [scenario, title]))
  const items = gates.map(({ line, status, scenario }) => {
    const where = scenarios.length === 1 ? undefined : ` (${titles.get(scenario) ?? scenario})`
    return html`<li class="gate ${status}">${status === 'met' ? '✓' : '✗'} gate ${line}${where}</li>`
  })
  return html`<ul class="plain">${items}</ul>`
}
