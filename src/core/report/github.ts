/** What GitHub Actions shows: annotations (workflow commands on standard output) and a job summary. */
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'
import { escapeGithubData, escapeGithubProperty } from './escape.ts'
import { describeVerdict } from './judgement.ts'
import { renderMarkdown } from './markdown.ts'

/** GitHub drops what goes beyond this, silently. */
const MOST_ANNOTATIONS = 10

/** Bytes; a larger summary is refused as a whole. */
const SUMMARY_LIMIT = 1024 * 1024

interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
}

/** At most ten workflow commands, a line each; empty when all is well. What is beyond ten is counted in the last. */
export function renderGithubAnnotations(summary: Summary): string {
  const annotations = collectAnnotations(summary)
  const shown = annotations.length > MOST_ANNOTATIONS ? MOST_ANNOTATIONS - 1 : annotations.length
  const lines = annotations.slice(0, shown).map(renderAnnotation)
  if (shown < annotations.length) {
    const message = `${annotations.length - shown} more; see the job summary`
    lines.push(renderAnnotation({ level: 'error', title: 'inferbench', message }))
  }
  return lines.map((line) => `${line}\n`).join('')
}

function collectAnnotations(summary: Summary): Annotation[] {
  const { gates, scenarios, stopped, verdict } = summary
  const titles = new Map(scenarios.map((scenario) => [scenario.scenario, scenario.title]))
  const level = verdict.status === 'INVALID' ? 'error' : 'warning'
  return [
    ...scenarios
      .filter((scenario) => (scenario.counts.byOutcome.ok ?? 0) === 0)
      .map((scenario): Annotation => ({ level: 'error', title: scenario.title, message: 'no request succeeded' })),
    ...gates
      .filter((gate) => gate.status !== 'met')
      .map(
        (gate): Annotation => ({
          level: 'error',
          title: titles.get(gate.scenario) ?? gate.scenario,
          message: gate.line,
        }),
      ),
    ...describeVerdict(summary).map(
      ({ code, figure, message, advice }): Annotation => ({
        level,
        title: `${verdict.status}: ${code}`,
        message: `${message ?? figure}; ${advice}`,
      }),
    ),
    ...(stopped === undefined ? [] : [{ level: 'warning', title: 'stopped early', message: stopped } as const]),
  ]
}

function renderAnnotation({ level, title, message }: Annotation): string {
  return `::${level} title=${escapeGithubProperty(title)}::${escapeGithubData(message)}`
}

/** Markdown to append to `$GITHUB_STEP_SUMMARY`; cut at a line's end when it is larger than GitHub takes. */
export function renderGithubSummary(summary: Summary, manifest: Manifest): string {
  const markdown = renderMarkdown(summary, manifest)
  // A step may append more than one run: half is ours at most.
  return cutAtLine(markdown, SUMMARY_LIMIT / 2)
}

function cutAtLine(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text)
  if (encoded.length <= bytes) return text
  const head = new TextDecoder().decode(encoded.subarray(0, bytes))
  return `${head.slice(0, head.lastIndexOf('\n'))}\n\nCut here: the whole is in \`summary.md\`.\n`
}
