/**
 * The instrument warms itself, not the server: a runtime compiles code while it first runs, and what that costs would fall
 * on the first requests. So the whole path, from sending to the fold, runs for a moment against answers that this process
 * serves to itself over loopback. Measured on one core: the mean TTFT error of a cold first wave is several times that of
 * a warm one. Where the runtime cannot serve, or may not, there is no rehearsal.
 */
import type { Target } from '../adapter.ts'
import { makeArrival } from '../arrival/mod.ts'
import { createSummarizer } from '../metrics/summarize.ts'
import type { Served, TransportOptions } from '../platform.ts'
import type { PreparedWorkload } from '../workload/mod.ts'
import type { Driver } from './driver.ts'
import type { ExchangeContext } from './exchange.ts'
import type { Session } from './session.ts'

const REHEARSAL_MS = 250
const SLOTS = 32
const EVENTS = 40
/** Whatever the user wants of connections to the server, this is another one. */
export const REHEARSAL_OPTIONS: TransportOptions = { connections: 'reuse', connectTimeoutMs: 1000, insecure: false }

export async function rehearse(
  session: Session,
  driver: Driver,
  target: Target,
  workload: PreparedWorkload,
): Promise<void> {
  const { plan } = session
  const server = await serveAnswers(session)
  if (server === undefined) return
  try {
    // Nothing of the user's goes along: no key, no header.
    const { apiKey: _, ...rest } = target
    const own: Target = { ...rest, baseUrl: server.url, headers: [], body: {} }
    const summarizer = createSummarizer({ slo: plan.slo })
    const phase = driver.start(
      {
        arrival: makeArrival({ kind: 'closed', slots: SLOTS }, plan.seed),
        durationMs: REHEARSAL_MS,
        drainMs: REHEARSAL_MS,
        outageMs: REHEARSAL_MS,
        workload,
        part: 'warmup',
        jobs: { idPrefix: 'rehearsal-', target: own },
        isRehearsal: true,
      },
      describeContext(session, own),
      {
        onRecord(record) {
          JSON.stringify(record)
          summarizer.add(record)
          return 'keep'
        },
      },
    )
    const abort = (): void => phase.abort('interrupted')
    session.stop.addEventListener('abort', abort)
    await phase.ended
    session.stop.removeEventListener('abort', abort)
    summarizer.live('rehearsal')
  } finally {
    await server.close()
  }
}

function describeContext(session: Session, target: Target): ExchangeContext {
  const { plan, platform, toRunMs } = session
  return {
    scenario: 'rehearsal',
    phase: 'measure',
    adapter: plan.adapter,
    stream: target.stream,
    model: target.model,
    fingerprint: () => undefined,
    timeouts: plan.timeouts,
    saveText: plan.saveText,
    clock: platform.clock,
    toRunMs,
  }
}

/** Answers every request with a stream in the OpenAI dialect, one write an event. */
async function serveAnswers({ platform }: Session): Promise<Served | undefined> {
  const encoder = new TextEncoder()
  const event = (delta: object, finish: string | null): Uint8Array =>
    encoder.encode(`data: ${JSON.stringify({ ...HEAD, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`)
  const token = event({ content: ' word' }, null)
  const events = [event({ role: 'assistant', content: '' }, null), ...Array<Uint8Array>(EVENTS).fill(token)]
  const usage = { prompt_tokens: 8, completion_tokens: EVENTS, total_tokens: EVENTS + 8 }
  const last = encoder.encode(`data: ${JSON.stringify({ ...HEAD, choices: [], usage })}\n\ndata: [DONE]\n\n`)
  const answer = (): Response => {
    const left = [...events, event({}, 'length'), last].reverse()
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = left.pop()
        if (next === undefined) controller.close()
        else controller.enqueue(next)
      },
    })
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  try {
    return await platform.serve?.(answer, { port: 0, unasked: true })
  } catch {
    // A sandbox may allow to connect and not to listen.
    return undefined
  }
}

const HEAD = { id: 'chatcmpl-0', object: 'chat.completion.chunk', created: 0, model: 'rehearsal' }
