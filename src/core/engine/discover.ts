/** Before the load: is the server there, is it ready, what is it, which model does it serve? */
import type { ServerFacts, Target } from '../adapter.ts'
import { BenchError } from '../errors.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport } from '../platform.ts'
import { formatDuration } from '../units.ts'
import { ask, type ProbeOutcome } from './probe.ts'

/** How long one probe may take, and how long to wait before the next try. */
const PROBE_TIMEOUT_MS = 10_000
const RETRY_MS = 250

export interface Discovery {
  readonly target: Target
  readonly modelDiscovered: boolean
  readonly facts: ServerFacts
  readonly notes: readonly string[]
}

/**
 * Waits until the server is ready, for `plan.readyTimeoutMs` at most, and completes the target.
 * Throws `BenchError('unreachable')` when it stays away, `BenchError('usage')` when no model is named or listed.
 */
export async function discover(
  plan: RunPlan,
  platform: Platform,
  transport: Transport,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Discovery> {
  const asked: Target = { ...plan.target, model: plan.target.model ?? '' }
  await waitUntilReady(plan, asked, platform, transport, say, signal)
  const { facts, statuses } = await readFacts(plan, asked, platform, transport, signal)
  const model = plan.target.model ?? facts.models?.[0]
  if (model === undefined || model === '') {
    throw new BenchError('usage', explainNoModel(asked.baseUrl, statuses))
  }
  return {
    target: { ...asked, model },
    modelDiscovered: plan.target.model === undefined,
    facts,
    notes: modelNotes(model, facts),
  }
}

async function waitUntilReady(
  plan: RunPlan,
  target: Target,
  platform: Platform,
  transport: Transport,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const probes = plan.adapter.ready ?? []
  const deadline = platform.clock.now() + plan.readyTimeoutMs
  let why = ''
  let said = false
  let passed = 0
  while (passed < probes.length) {
    const left = deadline - platform.clock.now()
    const probe = probes[passed]!
    const outcome = await ask(
      platform,
      transport,
      probe.request(target),
      Math.max(1, Math.min(left, PROBE_TIMEOUT_MS)),
      signal,
    )
    if (signal?.aborted) throw new BenchError('unreachable', 'interrupted while waiting for the server')
    if (outcome.kind === 'reply') {
      const readiness = probe.read(outcome.reply)
      if (readiness === undefined || readiness.ready) {
        passed++
        continue
      }
      why = readiness.why
    } else {
      why = describeFailure(outcome)
      // A certificate does not get better by waiting.
      if (outcome.error.stage === 'tls' && outcome.error.code !== 'CONNECT_TIMEOUT' && !isReset(outcome.error.code)) {
        throw new BenchError('unreachable', explainInsecure(target.baseUrl, why, outcome.error.code))
      }
    }
    if (platform.clock.now() + RETRY_MS >= deadline) {
      const waited = plan.readyTimeoutMs >= 1000 ? ` (waited ${formatDuration(plan.readyTimeoutMs)})` : ''
      throw new BenchError(
        'unreachable',
        `${target.baseUrl} is not ready: ${why}${waited}; is the server running, and is the address right?`,
      )
    }
    if (!said) say(`waiting up to ${formatDuration(plan.readyTimeoutMs)} for ${target.baseUrl}: ${why}`)
    said = true
    await pause(RETRY_MS, signal)
  }
}

async function readFacts(
  plan: RunPlan,
  target: Target,
  platform: Platform,
  transport: Transport,
  signal?: AbortSignal,
): Promise<{ readonly facts: ServerFacts; readonly statuses: readonly number[] }> {
  const probes = plan.adapter.facts ?? []
  const statuses: number[] = []
  const answers = await Promise.all(
    probes.map(async (probe) => {
      const outcome = await ask(platform, transport, probe.request(target), PROBE_TIMEOUT_MS, signal)
      if (outcome.kind === 'failed') return undefined
      statuses.push(outcome.reply.status)
      return probe.read(outcome.reply)
    }),
  )
  // The first to say a thing wins, so later answers are laid down first.
  return { facts: Object.assign({}, ...answers.reverse()), statuses }
}

function explainNoModel(baseUrl: string, statuses: readonly number[]): string {
  const denied = statuses.find((status) => status === 401 || status === 403)
  if (denied !== undefined) {
    return `${baseUrl} answered ${denied} when asked for its models; give it a key with --api-key-env or --api-key-file`
  }
  const odd = [...new Set(statuses.filter((status) => status < 200 || status > 299))]
  const answered = odd.length === 0 ? '' : ` (it answered ${odd.join(' and ')})`
  return `${baseUrl} does not say which models it serves${answered}; check the address, or name one with --model`
}

function explainInsecure(baseUrl: string, why: string, code: string): string {
  return /^ERR_SSL|^EPROTO/.test(code)
    ? `${baseUrl} does not answer as https does: ${why}; should the address begin with http://?`
    : `${baseUrl} has a certificate that is not trusted: ${why}; trust its authority with --ca FILE, or do not verify with --insecure`
}

function isReset(code: string): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function modelNotes(model: string, facts: ServerFacts): string[] {
  if (facts.models === undefined || facts.models.includes(model)) return []
  return [`the server does not list the model "${model}"; it lists ${facts.models.slice(0, 5).join(', ') || 'none'}`]
}

function describeFailure(outcome: ProbeOutcome & { kind: 'failed' }): string {
  const { code, message } = outcome.error
  return message.includes(code) ? message : `${message} (${code})`
}

/** Waits, or returns early when aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish)
  })
}
