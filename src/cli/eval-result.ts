/** What comes out of an evaluation: shown, written and judged. */
import { compareQuality } from '../core/compat/vllm-rust/quality.ts'
import { renderEvalJUnit } from '../core/eval/junit.ts'
import { isLimited, renderEvaluation, summarizeVerdict } from '../core/eval/text.ts'
import type { Platform } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import type { Outcome } from './eval-run.ts'
import type { Asked } from './eval-sides.ts'
import { exit } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** `eval.json`. */
export function describeOutcome(outcome: Outcome): object {
  const { folder, candidate, verdict } = outcome
  const { result } = candidate.side
  const reference = (outcome.reference?.side ?? outcome.earlier?.side)?.result
  const limited = isLimited(result) || (reference !== undefined && isLimited(reference))
  return {
    v: 1,
    kind: 'eval',
    limited,
    candidate: { url: candidate.server.baseUrl, model: candidate.server.model, tasks: result.tasks },
    ...(reference !== undefined && { reference: { ...nameReference(outcome), tasks: reference.tasks } }),
    ...(verdict !== undefined && { verdict: { ...verdict, summary: summarizeVerdict(verdict, limited) } }),
    folder,
  }
}

/** For people. */
export function renderOutcome(outcome: Outcome, { endpoint }: Pick<Asked, 'endpoint'>): string {
  const { folder, candidate, verdict } = outcome
  const reference = (outcome.reference?.side ?? outcome.earlier?.side)?.result
  const text = renderEvaluation({
    result: candidate.side.result,
    ...(reference && { reference }),
    ...(verdict && { verdict }),
  })
  return `${describeSides(outcome, endpoint)}\n\n${text}\n${folder}\n`
}

export function renderOutcomeJUnit(outcome: Outcome, failOnUndecided: boolean): string {
  const { folder, startedAt, candidate, reference, earlier, verdict } = outcome
  const { result } = candidate.side
  const against = reference?.server.baseUrl ?? earlier?.folder
  return renderEvalJUnit({
    result,
    ...(verdict && { verdict }),
    failOnUndecided,
    startedAt,
    properties: [
      ['run', folder],
      ['url', candidate.server.baseUrl],
      ['model', candidate.server.model],
      ...(against === undefined ? [] : [['against', against] as const]),
      ...(result.version === undefined ? [] : [['lm-eval', result.version] as const]),
      ['limited', String(isLimited(result))],
    ],
  })
}

export function judgeOutcome({ verdict }: Outcome, failOnUndecided: boolean): number {
  if (verdict === undefined) return exit.ok
  if (!verdict.passed) return exit.gateMissed
  const decided = verdict.tasks.every(({ status }) => status === 'held' || status === 'better')
  return !decided && failOnUndecided ? exit.gateMissed : exit.ok
}

function nameReference({ reference, earlier }: Outcome): object {
  return reference === undefined
    ? { folder: earlier?.folder }
    : { url: reference.server.baseUrl, model: reference.server.model }
}

function describeSides({ candidate, reference, earlier }: Outcome, endpoint: Asked['endpoint']): string {
  const { server, side } = candidate
  const version = side.result.version === undefined ? 'lm-eval' : `lm-eval ${side.result.version}`
  const against = reference === undefined ? earlier?.folder : `${reference.server.baseUrl}, ${reference.server.model}`
  return [
    `${server.baseUrl}, ${server.model}, ${endpoint}, ${version}`,
    ...(against === undefined ? [] : [`against ${against}`]),
  ].join('\n')
}

/** Its own verdict, by tolerance alone; 1 for a drop. */
export async function finishAsOldTool(
  { candidate, reference, earlier }: Outcome,
  { suite, tolerance, limit }: Asked,
  path: string | undefined,
  platform: Platform,
  terminal: Terminal,
): Promise<number> {
  const other = (reference?.side ?? earlier?.side)?.result
  if (other === undefined) {
    if (path !== undefined) terminal.log.warn('--compat-out: the old tool writes a comparison only; give --against')
    return exit.ok
  }
  const { passed, status } = compareQuality(candidate.side.result.raw, other.raw, tolerance)
  for (const [task, word] of Object.entries(status)) terminal.log.info(`${task}: ${word}`)
  if (path !== undefined) {
    const file = {
      timestamp: new Date(platform.clock.epoch()).toISOString(),
      model: candidate.server.model,
      suite: suite ?? null,
      tolerance,
      limit: limit ?? null,
      rust_url: `${candidate.server.baseUrl}/v1/completions`,
      vllm_url: reference === undefined ? null : `${reference.server.baseUrl}/v1/completions`,
      rust_results: candidate.side.result.raw,
      vllm_results: other.raw,
      passed,
    }
    await platform.files!.writeText(path, renderJson(file))
  }
  return passed ? exit.ok : exit.failed
}
