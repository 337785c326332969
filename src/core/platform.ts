/** What a runtime offers. Core receives one as a value and never asks which runtime it is on. */
import type { HttpSpec } from './call.ts'
import type { Stage } from './record.ts'

/** A monotonic clock, and one anchor to the wall's. */
export interface Clock {
  /** Milliseconds with a fraction, from an arbitrary origin; never goes back. Called several times a request. */
  now(): number
  /** The wall clock, epoch ms. */
  epoch(): number
  /** The smallest step seen between two readings, ms. */
  readonly stepMs: number
}

/** Parts of making a connection; instants by {@link Clock.now}. */
export interface ConnectionOpened {
  readonly startAt: number
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
  /** The address that answered, for people. */
  readonly address?: string
}

/**
 * Where a transport reports one request. Order: `opened`? `sent` `headers` `bytes`* then exactly one of `end`, `error`.
 * `error` may also come first. A retry on a stale connection reports `sent` again; the last one counts.
 * Called on the capture path: implementations only store.
 */
export interface TransportSink {
  /** This request's connection was made for it. */
  opened(connection: ConnectionOpened): void
  /** The instant before the first byte is handed to a connected (and with TLS, ready) socket. */
  sent(at: number): void
  /** The final response head (1xx are skipped) with its raw header lines; names as the server wrote them. */
  headers(at: number, status: number, headers: readonly (readonly [name: string, value: string])[]): void
  /**
   * A piece of the body, transfer coding removed, content coding not. `at` is the arrival of the network chunk that
   * held it. The array is only valid during the call: copy what you keep.
   */
  bytes(at: number, chunk: Uint8Array): void
  /** The body ended as HTTP says that it must. `closed`: it ended because the connection did. */
  end(at: number, how: 'complete' | 'closed'): void
  /** It ended otherwise. `code` is stable: an errno name or a protocol class such as `BAD_CHUNK`. */
  error(at: number, error: TransportError): void
}

export interface TransportError {
  readonly stage: Stage
  readonly code: string
  readonly message: string
}

/** Counts for the client's own log. */
export interface TransportStats {
  readonly openSockets: number
}

export interface TransportOptions {
  /** `reuse`: keep-alive pool without a limit. `fresh`: a connection a request. `open-first`: the pool is opened before the load. */
  readonly connections: 'reuse' | 'fresh' | 'open-first'
  readonly connectTimeoutMs: number
  /** Do not verify certificates. Recorded in the manifest. */
  readonly insecure: boolean
  /** More certificate authorities, PEM. */
  readonly ca?: string
  /** HTTP proxy or Unix socket, for transports that can (undici). */
  readonly proxy?: string
  readonly unixSocket?: string
  readonly http2?: boolean
}

/** Moves bytes. See {@link TransportSink} for what it reports. */
export interface Transport {
  readonly name: string
  /** Starts one request; returns at once and never throws. Aborting the signal frees the connection and reports nothing more. */
  send(spec: HttpSpec, sink: TransportSink, signal: AbortSignal): void
  /** Opens connections ahead (`open-first`). Resolves when all are open or failed; returns how many are open. */
  open?(url: string, count: number): Promise<number>
  /**
   * Has as many connections ready as the next `count` requests to that origin will need, each of which reports its connection as its own.
   * Resolves when they are open, when one cannot be opened, or after `withinMs`. Absent, or nothing to do: requests open theirs.
   */
  gather?(url: string, count: number, withinMs: number): Promise<void>
  stats(): TransportStats
  /** Closes idle connections; resolves when all are gone. */
  close(): Promise<void>
}

export type TransportFactory = (options: TransportOptions, clock: Clock) => Transport

/** A file that only grows. */
export interface AppendFile {
  /** Buffers; cheap. Failures surface at the next `flush`. */
  append(text: string): void
  /** Hands everything to the operating system. Rejects when it does not take it (full disk). */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface Files {
  readText(path: string): Promise<string>
  /** The same in pieces, cut anywhere between characters: a log may be larger than any string. */
  readPieces(path: string): AsyncIterable<string>
  /** Replaces the file as a whole: a reader sees the old or the new text. Makes the folders above it. */
  writeText(path: string, text: string): Promise<void>
  appendTo(path: string): Promise<AppendFile>
  makeFolder(path: string): Promise<void>
  /** Names in a folder; undefined when there is no such folder. */
  list(path: string): Promise<readonly string[] | undefined>
  /** Where a symbolic link points; undefined when there is no such link. */
  readLink?(path: string): Promise<string | undefined>
  /** Joins and normalises as the platform does. */
  join(...parts: readonly string[]): string
}

/** What the client used, since some origin; differences count. */
export interface ClientUsage {
  /** CPU time of this thread, ms; absent where a runtime tells that of the whole process alone and there are several threads. */
  readonly cpuMs?: number
  readonly memoryBytes?: number
  /** Total and longest pause of garbage collection since the last call, where the runtime tells. */
  readonly gcMs?: number
  readonly gcMaxMs?: number
}

/** A child process. */
export interface Child {
  readonly pid: number
  /** Lines of standard output and error as they come. */
  readonly lines: AsyncIterable<string>
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** The whole group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** A command line that a supervisor of ours runs: see {@link Platform.supervise}. */
export interface SupervisedCommand {
  /** For the system's shell. */
  readonly command: string
  /** File for its output, replaced, a line at a time; absent: the output is not kept. */
  readonly log?: string
  /** Removed from every line of its output. */
  readonly secrets: readonly string[]
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number
}

/** How a supervised command ended. */
export interface SupervisedEnd {
  readonly code: number | null
  readonly signal: string | null
  /** The last lines that it wrote, without secrets. */
  readonly lastLines: readonly string[]
}

export interface Supervised {
  /** Of the command's process group. */
  readonly pid: number
  /** The instant of its start, by {@link Clock.now}. */
  readonly startedAt: number
  /** The command itself has ended, whoever caused that; what remains of its group is being ended. */
  readonly exited: Promise<SupervisedEnd>
  /** Ends the whole group; resolves when it is gone and the log is whole. May be called twice. */
  stop(): Promise<void>
}

/** Another thread of ours. Messages are plain data, and arrive in the order in which they were sent. */
export interface Thread {
  /** What is transferred is the other's from then on. */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** One listener, for whatever messages the two ends have agreed on; what came before it is delivered then. */
  listen(listener: (message: never) => void): void
  /** Settles when the thread is gone, with what killed it, if anything did. */
  readonly ended: Promise<Error | undefined>
  /** Ends it at once. */
  end(): void
}

export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number
  /** The loopback when absent. */
  readonly hostname?: string
  /** Rather not at all than ask a person for permission, as a sandbox may. */
  readonly unasked?: boolean
}

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** Decompresses one response body, chunk by chunk, so that each chunk's output keeps that chunk's instant. */
export interface Inflater {
  push(chunk: Uint8Array): Promise<Uint8Array>
  /** Rejects when the coded stream is cut. */
  finish(): Promise<Uint8Array>
}

/** A missing member means "not on this runtime": who needs it fails before the run, saying so. */
export interface Platform {
  readonly name: 'node' | 'bun' | 'deno' | 'web'
  readonly version: string
  /** CPU model, cores, operating system; for the manifest. */
  readonly machine: Readonly<Record<string, string | number>>
  readonly clock: Clock
  readonly transports: Readonly<Record<string, TransportFactory>>
  readonly defaultTransport: string
  /** Random bits for ids; never for schedules. */
  randomId(): string
  /** undefined when it is not set or may not be read. */
  env(name: string): string | undefined
  /**
   * Whether a file or folder may be read, or a command run, without a person being asked, as a sandbox may. It may fail all the same.
   * Absent: nobody is ever asked.
   */
  mayDo?(what: 'read' | 'run', name: string): boolean
  /** Runs `task` after pending I/O was handled: the next turn of the loop. */
  nextTurn(task: () => void): void
  usage?(): ClientUsage
  /** Collects what garbage there is among young objects, at once, where a runtime can be asked to. */
  collectGarbage?(): void
  /** Throws a `BenchError('unsupported')` for a coding that this runtime lacks. */
  inflate?(coding: string): Inflater
  readonly files?: Files
  /** A folder of ours for what may be made again; it need not exist yet. Absent where there is none, or it may not be read. */
  readonly cacheFolder?: string
  /** `redraws`: it draws lines over themselves, so a carriage return ends one too. */
  spawn?(
    command: string,
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly redraws?: boolean },
  ): Child
  /**
   * Runs one of our own modules in a process of its own, on this same runtime. The module's standard input ends when this
   * process does, however that comes about. `commands`: it starts processes or loads native code, which a sandbox forbids else.
   */
  startModule?(module: URL, args: readonly string[], allow?: 'commands'): Child
  /**
   * Starts a command through a small process of ours that ends the command's whole group when this process does, even by
   * SIGKILL. Absent where there are no process groups.
   */
  supervise?(what: SupervisedCommand): Promise<Supervised>
  /** Starts a thread that carries load: `core/engine/threads/shard.ts` at its other end. */
  startLoadThread?(): Thread
  serve?(handler: (request: Request) => Response | Promise<Response>, options: ServeOptions): Promise<Served>
  /** Loads a module by package name, URL or path; TypeScript included. */
  loadModule?(specifier: string): Promise<Readonly<Record<string, unknown>>>
  /** Calls back at each Ctrl-C or SIGTERM; returns how to stop listening. */
  onInterrupt?(callback: () => void): () => void
}
