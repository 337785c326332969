/** Before lm-eval starts: is the server there, which model does it serve, and can it do what the tasks need? */
import type { Target } from '../adapter.ts'
import type { HttpSpec } from '../call.ts'
import { BenchError } from '../errors.ts'
import { needsLikelihoods, type OutputTypes } from '../eval/suites.ts'
import { asArray, asObject, asText, parseJson } from '../json.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport, TransportOptions } from '../platform.ts'
import { discover } from './discover.ts'
import { ask } from './probe.ts'

const TRIAL_TIMEOUT_MS = 60_000

export interface EvalServer {
  readonly baseUrl: string
  readonly model: string
  /** Name and version, where the server says them. */
  readonly version?: string
  readonly notes: readonly string[]
}

/** Throws `BenchError('unreachable' | 'unsupported')` in place of what lm-eval would say a minute later, less clearly. */
export async function findEvalServer(
  plan: RunPlan,
  tasks: readonly string[],
  types: OutputTypes,
  platform: Platform,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<EvalServer> {
  const transport = platform.transports[platform.defaultTransport]!(plan.transportOptions, platform.clock)
  try {
    const { target, facts, notes } = await discover(plan, platform, transport, say, signal)
    await tryTarget(target, tasks, types, platform, transport, signal)
    const { version } = facts
    return { baseUrl: target.baseUrl, model: target.model, ...(version !== undefined && { version }), notes }
  } finally {
    await transport.close()
  }
}

/** For a server that is known to be there. Throws as {@link findEvalServer} does. */
export async function checkEvalServer(
  target: Target,
  tasks: readonly string[],
  types: OutputTypes,
  platform: Platform,
  options: TransportOptions,
  signal: AbortSignal,
): Promise<void> {
  const transport = platform.transports[platform.defaultTransport]!(options, platform.clock)
  try {
    await tryTarget(target, tasks, types, platform, transport, signal)
  } finally {
    await transport.close()
  }
}

/** One request of the kind that the tasks will send. */
async function tryTarget(
  target: Target,
  tasks: readonly string[],
  types: OutputTypes,
  platform: Platform,
  transport: Transport,
  signal: AbortSignal,
): Promise<void> {
  const judged = tasks.filter((name) => needsLikelihoods(types.get(name) ?? 'generate_until'))
  const outcome = await ask(platform, transport, makeTrial(target, judged.length > 0), TRIAL_TIMEOUT_MS, signal)
  const path = pathOf(target)
  if (outcome.kind === 'failed') {
    throw new BenchError('unreachable', `${target.baseUrl} does not answer POST ${path}: ${outcome.error.message}`)
  }
  const { status, body } = outcome.reply
  const answer = asObject(parseJson(body))
  if (status === 401 || status === 403) {
    throw new BenchError(
      'unreachable',
      `${target.baseUrl} answered ${status} to POST ${path}; give it a key with --api-key-env or --api-key-file`,
    )
  }
  if (judged.length > 0 && !(status === 200 && scoresPrompt(answer))) {
    throw new BenchError(
      'unsupported',
      `${target.baseUrl} gives no log-probabilities of a prompt (echo with logprobs), by which ${judged.join(', ')} would be judged${quote(status, answer)}; vLLM and SGLang do; elsewhere use tasks that generate text, such as --tasks gsm8k`,
    )
  }
  if (status !== 200) {
    throw new BenchError(
      'unsupported',
      `${target.baseUrl} cannot answer POST ${path}${quote(status, answer)}; look at --endpoint and --model`,
    )
  }
}

function pathOf({ endpoint }: Target): string {
  return endpoint === 'chat' ? '/v1/chat/completions' : '/v1/completions'
}

function makeTrial(target: Target, likelihoods: boolean): HttpSpec {
  const { model, endpoint, apiKey } = target
  const prompt = 'The tide is low'
  const question =
    endpoint === 'chat'
      ? { messages: [{ role: 'user', content: prompt }] }
      : { prompt, ...(likelihoods && { echo: true, logprobs: 1 }) }
  return {
    method: 'POST',
    url: target.baseUrl + pathOf(target),
    headers: [
      ['content-type', 'application/json'],
      ...(apiKey === undefined ? [] : [['authorization', `Bearer ${apiKey}`] as const]),
    ],
    body: JSON.stringify({ model, ...question, max_tokens: 1, temperature: 0 }),
    framing: 'json',
  }
}

/** The prompt's tokens and the generated one, each with its log-probability. */
function scoresPrompt(answer: ReturnType<typeof asObject>): boolean {
  const choice = asObject(asArray(answer?.choices)[0])
  return asArray(asObject(choice?.logprobs)?.token_logprobs).length > 1
}

function quote(status: number, answer: ReturnType<typeof asObject>): string {
  if (status === 200) return ''
  const said = asText(asObject(answer?.error)?.message) ?? asText(answer?.message) ?? asText(answer?.error)
  return ` (it answered ${status}${said === undefined ? '' : `: ${said.slice(0, 200)}`})`
}
