/** An adapter knows one inference server. No I/O, no clock: data in, data out, so that the same file runs everywhere. */
import type { Call, ChatMessage, HttpSpec } from './call.ts'
import type { Decoder } from './event.ts'

/** Where and how to ask. Filled by the engine; an adapter only reads it. */
export interface Target {
  /** Base URL without a trailing slash and without `/v1`: `http://localhost:8000`, `https://host/prefix`. */
  readonly baseUrl: string
  readonly model: string
  readonly endpoint: 'chat' | 'completions'
  readonly stream: boolean
  /** Ask for token counts in the stream. The engine clears it when a server rejects the field. */
  readonly includeUsage: boolean
  /** A secret. May go into a header of an {@link HttpSpec}, nowhere else. */
  readonly apiKey?: string
  /** The user's additions; they win over what the adapter sets. May hold secrets. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Readonly<Record<string, unknown>>
}

/** A whole answer to a probe: small, read at once, never timed. */
export interface ProbeReply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** One question to a server beside the load, and how to read the answer. `read` must not throw. */
export interface Probe<Answer> {
  request(target: Target): HttpSpec
  /** undefined: this server does not know the question; not an error. */
  read(reply: ProbeReply): Answer | undefined
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly why: string }

/** What a server says about itself. */
export interface ServerFacts {
  readonly version?: string
  /** Ids in the server's order. */
  readonly models?: readonly string[]
  readonly maxModelLength?: number
}

/** How a server is started, as data: who runs it is the platform. */
export interface LaunchPlan {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Where a server shows its metrics. The names of the servers that we know are in `plugins/server/dialects.ts`, and are told by the text; `metrics` is
 * for those of others, by the ids of `plugins/server/vocabulary.ts`.
 */
export interface ScrapeMap {
  readonly path: string
  readonly metrics?: Readonly<Record<string, { readonly names: readonly string[]; readonly unit: string }>>
}

export interface AdapterFlags {
  /** Streams end with an end mark (`[DONE]`). Without one, end of body after a finish reason is whole, and noted. */
  readonly sendsDone: boolean
  /** The server counts tokens when asked to. */
  readonly usage: boolean
  /** Output length can be forced. */
  readonly forcesLength: boolean
  /** false: answers come whole only, so a run does not ask for streams. Absent: the server streams. */
  readonly streams?: false
}

/**
 * The contract. Required: `name`, `flags`, `encode`, `decoder`. A compatible server is a set of differences:
 * `const acme: Adapter = { ...openai, name: 'acme', ... }`.
 */
export interface Adapter {
  readonly name: string
  /** One line for `bench list`. */
  readonly summary: string
  readonly flags: AdapterFlags
  /** Pure and deterministic; called once a request, ahead of its due time. */
  encode(call: Call, target: Target): HttpSpec
  /** Called once an answer. */
  decoder(): Decoder
  /** Asked in order before the run; all must say ready. `undefined` from `read` counts as ready (the route is missing). */
  readonly ready?: readonly Probe<Readiness>[]
  /** Asked once before the run; answers are merged, the first to say a thing wins. */
  readonly facts?: readonly Probe<ServerFacts>[]
  /** The server's own token count of a text, or of a conversation with its template. */
  readonly countTokens?: {
    request(input: { readonly text: string } | { readonly messages: readonly ChatMessage[] }, target: Target): HttpSpec
    read(reply: ProbeReply): number | undefined
  }
  launch?(options: { readonly model: string; readonly port: number }): LaunchPlan
  readonly scrape?: ScrapeMap
  /** The server's own words out of an error body, in any shape that it uses; undefined when there are none. */
  explain?(status: number, body: string): string | undefined
}
