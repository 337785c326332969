/** Before the load: is the server there, is it ready, what is it, which model does it serve? */
import type { Probe, ServerFacts, Readiness as ServerReadiness, Target } from '../adapter.ts'
import { BenchError } from '../errors.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport } from '../platform.ts'
import { formatDuration } from '../units.ts'
import { ask, type ProbeOutcome } from './probe.ts'

/** How long one probe may take, and how long to wait before the next try. */
const PROBE_TIMEOUT_MS = 10_000
const RETRY_MS = 250
/** For a server that we start ourselves: how long it takes is a result. */
const FINE_RETRY_MS = 25

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

export interface Readiness {
  /** The instant of the last answer that was waited for. */
  readonly readyAt: number
  /** When the last question was asked that was not answered so; absent when each was. */
  readonly notReadyAt?: number
}

/** What any HTTP server answers: for adapters that know no better question. */
const anyAnswer: Probe<ServerReadiness> = {
  request: ({ baseUrl }) => ({ method: 'GET', url: `${baseUrl}/`, headers: [], framing: 'json' }),
  read: () => ({ ready: true }),
}

/** Throws `BenchError('unreachable')` when the server is not ready within `plan.readyTimeoutMs`. */
export async function waitUntilReady(
  plan: RunPlan,
  target: Target,
  platform: Platform,
  transport: Transport,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Readiness> {
  const ownServer = plan.start !== undefined
  const retryMs = ownServer ? FINE_RETRY_MS : RETRY_MS
  const probes = plan.adapter.ready ?? (ownServer ? [anyAnswer] : [])
  const deadline = platform.clock.now() + plan.readyTimeoutMs
  let why = ''
  let said = false
  let passed = 0
  let readyAt = platform.clock.now()
  let notReadyAt: number | undefined
  while (passed < probes.length) {
    const left = deadline - platform.clock.now()
    const probe = probes[passed]!
    const askedAt = platform.clock.now()
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
        readyAt = platform.clock.now()
        continue
      }
      why = readiness.why
    } else {
      // A question that the end of the wait cut short says less than the answer before it.
      if (why === '' || left >= PROBE_TIMEOUT_MS || outcome.error.code !== 'TIMEOUT') why = describeFailure(outcome)
      // A certificate does not get better by waiting.
      if (outcome.error.stage === 'tls' && outcome.error.code !== 'CONNECT_TIMEOUT' && !isReset(outcome.error.code)) {
        throw new BenchError('unreachable', explainInsecure(target.baseUrl, why, outcome.error.code))
      }
    }
    notReadyAt = askedAt
    if (platform.clock.now() + retryMs >= deadline) {
      const waited = plan.readyTimeoutMs >= 1000 ? ` (waited ${formatDuration(plan.readyTimeoutMs)})` : ''
      throw new BenchError(
        'unreachable',
        `${target.baseUrl} is not ready: ${why}${waited}; is the server running, and is the address right?`,
      )
    }
    if (!said) say(`waiting up to ${formatDuration(plan.readyTimeoutMs)} for ${target.baseUrl}: ${why}`)
    said = true
    await pause(retryMs, signal)
  }
  return { readyAt, ...(notReadyAt === undefined ? {} : { notReadyAt }) }
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
