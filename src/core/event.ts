/** The meaning of what a server sends, without time. Instants are joined by the engine, from the bytes' arrival. */

/** One framed message of a body: an SSE event, an NDJSON line, or a whole JSON body. */
export interface WireMessage {
  /** The payload: what follows `data:` (several lines joined by LF), the line, or the body. */
  readonly data: string
  /** SSE's `event:` field, when there was one. */
  readonly event?: string
  /** How it was framed: a decoder may treat a whole JSON body as an answer that was not streamed. */
  readonly framing: 'sse' | 'ndjson' | 'json'
}

/** Token counts as a server gives them. Absent means that it said nothing usable: never 0 for "unknown". */
export interface Usage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  readonly cachedTokens?: number
}

/**
 * What a server says about its own time: its clock, its definitions. Evidence beside our instants, never in their place.
 * Absent means that it said nothing.
 */
export interface ServerTimings {
  readonly queueMs?: number
  /** Loading the model, in the answer to the request that caused it. */
  readonly loadMs?: number
  readonly prefillMs?: number
  readonly decodeMs?: number
  readonly totalMs?: number
  readonly tokensPerSecond?: number
}

/** Where a server says that its time on one request went. */
export interface ServerTrace {
  readonly totalUs: number
  readonly operations: readonly { readonly name: string; readonly us: number }[]
}

export type StreamEvent =
  /** Visible answer text; `choice` is the index of the answer (0 when the server does not say). Never empty. */
  | { readonly type: 'text'; readonly text: string; readonly choice: number; readonly tokens?: number }
  | { readonly type: 'reasoning'; readonly text: string; readonly choice: number; readonly tokens?: number }
  /** A piece of a tool call: its name, id or arguments, as text. Never parsed while timing matters. */
  | { readonly type: 'tool'; readonly text: string; readonly choice: number; readonly tokens?: number }
  /** Cumulative counts so far (`final: false`) or of the whole answer. The engine keeps the largest, and never sums. */
  | { readonly type: 'usage'; readonly usage: Usage; readonly final: boolean }
  /** The last word on each member counts. */
  | { readonly type: 'timings'; readonly timings: ServerTimings }
  /** The last one counts. */
  | { readonly type: 'trace'; readonly trace: ServerTrace }
  /** Why an answer ended, in the server's own words (`stop`, `length`, ...). */
  | { readonly type: 'finish'; readonly reason: string; readonly choice: number }
  /** The server says that it failed. `status` when the error names one. Nothing after it makes the request good. */
  | { readonly type: 'error'; readonly message: string; readonly reason?: string; readonly status?: number }
  /** Who serves. The engine compares it with the manifest and keeps what differs. */
  | { readonly type: 'served'; readonly id?: string; readonly model?: string; readonly fingerprint?: string }
  /** The server's own end mark (`data: [DONE]`). */
  | { readonly type: 'done' }
  /** Something odd about an answer that still counts; a stable word, such as `usage_suspect`. */
  | { readonly type: 'note'; readonly note: string }

/**
 * Turns the messages of one answer into events, in order. Made anew for each answer, so it may keep state.
 * Called once a message, off the capture path. Must not throw: what it cannot read becomes an `error` event.
 */
export type Decoder = (message: WireMessage) => readonly StreamEvent[]
