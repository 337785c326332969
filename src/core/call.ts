/** What is asked of a server: {@link Call} in the words of the domain, {@link HttpSpec} in the words of the wire. */

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | (string & {})
  readonly content: string
}

interface CallBase {
  /** What identifies the content: the row of a data set (`row:12`) or a hash of the prompt. Goes into the record. */
  readonly item: string
  /** Upper limit of output tokens; absent: the server decides. */
  readonly maxTokens?: number
  /** Ask for exactly `maxTokens`, where the adapter knows how (`ignore_eos`, `min_tokens`). */
  readonly forceLength?: boolean
  /** Input tokens that the workload aimed at, before the server's chat template. */
  readonly askedInputTokens?: number
  readonly temperature?: number
  /** Conversation and turn of it, counted from 0. */
  readonly session?: string
  readonly turn?: number
  /** More members of the request body, after all others; they win. */
  readonly body?: Readonly<Record<string, unknown>>
}

export interface ChatCall extends CallBase {
  readonly kind: 'chat'
  readonly messages: readonly ChatMessage[]
}

export interface CompletionCall extends CallBase {
  readonly kind: 'completion'
  /** Text, or token ids for servers that take them. */
  readonly prompt: string | readonly number[]
}

/** A domain request. A union on its kind, so that a metric or an adapter can say where it applies. */
export type Call = ChatCall | CompletionCall

/** How the answer's body is cut into messages. What really comes is sniffed: this is what was asked for. */
export type Framing = 'sse' | 'ndjson' | 'json'

/** The wire form of a request. Plain data: it can be printed, compared and sent by any transport. */
export interface HttpSpec {
  readonly method: 'GET' | 'POST'
  /** Absolute, http or https, without user part and fragment. */
  readonly url: string
  /** In the order of sending. `host`, `content-length`, `connection` belong to the transport and never stand here. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** UTF-8 on the wire. */
  readonly body?: string
  readonly framing: Framing
  /** How many answers were asked for (`n`), where the adapter knows: content of others is noted and passed over. */
  readonly choices?: number
}
