/** Servers as plugins ask them: by the run's adapter, one whole answer a question, over connections of their own. */
import type { Target } from '../adapter.ts'
import type { Call } from '../call.ts'
import { BenchError } from '../errors.ts'
import type { WireMessage } from '../event.ts'
import { encodeBase64 } from '../options/secrets.ts'
import { readBaseUrl } from '../options/url.ts'
import type { Transport, TransportOptions } from '../platform.ts'
import type { AskedAnswer, Asker, EvaluationContext, OtherServer } from '../plugin.ts'
import { type AnswerFields, createAnswerReader } from './answer.ts'
import { discover } from './discover.ts'
import { ask } from './probe.ts'
import { rejectsUsage } from './scenario.ts'
import type { Session } from './session.ts'

/** Where the run has no limit of its own. */
const ANSWER_TIMEOUT_MS = 600_000

export interface ReachSetting {
  /** The run's own. */
  readonly target: Target
  readonly countTokens?: (text: string) => number
  say(line: string): void
  openTransport(options: TransportOptions): Transport
}

export interface Reach {
  readonly reach: EvaluationContext['reach']
  close(): Promise<void>
}

export function openReach(session: Session, { target, countTokens, say, openTransport }: ReachSetting): Reach {
  const { transportOptions } = session.plan
  const open: Transport[] = []
  const openOne = (options: TransportOptions): Transport => {
    const transport = openTransport({ ...options, connections: 'reuse' })
    open.push(transport)
    return transport
  }
  return {
    async reach(other) {
      if (other === undefined) return createAsker(session, target, openOne(transportOptions), countTokens)
      // The socket is the run's own server, whatever address is asked.
      const { unixSocket: _, ...elsewhere } = transportOptions
      const transport = openOne(elsewhere)
      const found = await findOther(session, target, other, transport, say)
      return createAsker(session, found, transport, countTokens)
    },
    async close() {
      await Promise.all(open.map((transport) => transport.close()))
    },
  }
}

async function findOther(
  session: Session,
  own: Target,
  other: OtherServer,
  transport: Transport,
  say: (line: string) => void,
): Promise<Target> {
  const { plan, platform } = session
  const { baseUrl, user } = readBaseUrl(other.url, 'url')
  const { apiKey: _, headers: __, model: ___, ...common } = own
  const isSame = new URL(baseUrl).origin === new URL(own.baseUrl).origin
  const apiKey = other.apiKey ?? (isSame ? own.apiKey : undefined)
  const headers = user && ([['authorization', `Basic ${encodeBase64(`${user.name}:${user.password}`)}`]] as const)
  const target = {
    ...common,
    baseUrl,
    headers: [...(isSame ? own.headers : []), ...(headers ?? [])],
    ...(apiKey !== undefined && { apiKey }),
    ...(other.model !== undefined && { model: other.model }),
  }
  const { start: _start, ...rest } = plan
  const found = await discover({ ...rest, target }, platform, transport, say, session.stop)
  const isServed = found.facts.models?.includes(own.model) === true
  return other.model === undefined && isServed ? { ...found.target, model: own.model } : found.target
}

function createAsker(
  session: Session,
  given: Target,
  transport: Transport,
  countTokens: ((text: string) => number) | undefined,
): Asker {
  let target = given
  const { baseUrl, model } = target
  return {
    baseUrl,
    model,
    async ask(call, options = {}) {
      const timeoutMs = options.timeoutMs ?? session.plan.timeouts.totalMs ?? ANSWER_TIMEOUT_MS
      const signal = AbortSignal.any([session.stop, ...(options.signal === undefined ? [] : [options.signal])])
      const once = (): Promise<Asked> => askOnce(session, target, transport, countTokens, call, timeoutMs, signal)
      let asked = await once()
      if (target.stream && target.includeUsage && rejectsUsage(asked.fields)) {
        target = { ...target, includeUsage: false }
        asked = await once()
      }
      return requireAnswer(asked, baseUrl)
    },
  }
}

interface Asked {
  readonly fields: AnswerFields
  readonly messages: readonly WireMessage[]
}

async function askOnce(
  { plan, platform, toRunMs }: Session,
  target: Target,
  transport: Transport,
  countTokens: ((text: string) => number) | undefined,
  call: Call,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Asked> {
  const spec = plan.adapter.encode(call, target)
  const sentAt = platform.clock.now()
  const outcome = await ask(platform, transport, spec, timeoutMs, signal)
  if (signal.aborted) throw new BenchError('run-failed', 'interrupted')
  if (outcome.kind === 'failed') {
    throw new BenchError('unreachable', `${target.baseUrl} gave no answer: ${outcome.error.message}`)
  }
  const { status, headers, body } = outcome.reply
  const messages: WireMessage[] = []
  const reader = createAnswerReader({
    sentAt,
    headersAt: sentAt,
    status,
    // It was decompressed on the way.
    headers: new Map([...headers].filter(([name]) => name !== 'content-encoding')),
    asked: {
      framing: spec.framing,
      stream: target.stream,
      ...(call.maxTokens === undefined ? {} : { maxTokens: call.maxTokens }),
    },
    adapter: {
      ...plan.adapter,
      decoder() {
        const decode = plan.adapter.decoder()
        return (message) => {
          messages.push(message)
          return decode(message)
        }
      },
    },
    saveText: true,
    toRunMs,
    ...(countTokens === undefined ? {} : { countTokens }),
  })
  reader.feed(platform.clock.now(), new TextEncoder().encode(body))
  return { fields: reader.finish({ how: 'complete' }), messages }
}

function requireAnswer({ fields, messages }: Asked, baseUrl: string): AskedAnswer {
  if (fields.outcome !== 'ok') {
    const reason = fields.outcome === undefined ? 'no answer' : fields.reason
    const said = fields.outcome === undefined || fields.error === undefined ? '' : `: ${fields.error}`
    throw new BenchError('run-failed', `${baseUrl} gave no good answer (${reason})${said}`)
  }
  const { text = '', reasoning, finish, outputTokens, tokenSource } = fields
  return {
    text,
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(finish === undefined ? {} : { finish }),
    ...(outputTokens === undefined || tokenSource === 'chunks' ? {} : { outputTokens }),
    messages,
  }
}
