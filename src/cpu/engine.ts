/** A model in memory with a few places to generate in; who finds none free waits in order of coming. */
import type { ChatMessage } from '../core/call.ts'
import type { EvaluateOptions, HistoryItem, Library, Model, Sequence, Token } from './library.ts'
import { createStopFinder } from './stop.ts'
import { createTextStream } from './text-stream.ts'

export interface EngineOptions {
  readonly modelPath: string
  /** Answers at a time. */
  readonly slots: number
  /** Tokens of a prompt and its answer. */
  readonly contextSize: number
  /** Absent: all cores but one, which is left to whoever measures. */
  readonly threads?: number
}

export interface GenerateOptions {
  readonly prompt: readonly Token[]
  readonly maxTokens: number
  readonly sampling: Omit<EvaluateOptions, 'yieldEogToken'>
  readonly ignoreEos: boolean
  readonly stop: readonly string[]
}

/** One step of an answer: a token, and the text that is certain by now, which may be none. */
export interface Piece {
  readonly token: Token
  readonly text: string
}

export interface Ending {
  readonly finish: 'stop' | 'length'
  /** Held back until the end: half a character, the beginning of a stop string. */
  readonly rest: string
  readonly tokens: number
  readonly prefillMs: number
  readonly decodeMs: number
}

export interface Engine {
  readonly name: string
  readonly version: string
  readonly contextSize: number
  readonly running: number
  readonly waiting: number
  tokenize(text: string, isPrompt: boolean): readonly Token[]
  tokenizeChat(messages: readonly ChatMessage[]): readonly Token[]
  /** Undefined when the signal aborted it. Nothing of an earlier prompt is reused. */
  generate(options: GenerateOptions, onPiece: (piece: Piece) => void, signal: AbortSignal): Promise<Ending | undefined>
  /** Frees the model. A process that exits while native threads are at work may crash. */
  close(): Promise<void>
}

/** `nextTurn` comes back once pending I/O was handled: without it some runtimes send nothing before an answer is whole. */
export async function createEngine(
  library: Library,
  options: EngineOptions,
  nextTurn: () => Promise<void>,
): Promise<Engine> {
  const llama = await library.getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: library.LlamaLogLevel.error,
    maxThreads: options.threads ?? 0,
  })
  const threads = options.threads ?? Math.max(1, llama.cpuMathCores - 1)
  const model = await llama.loadModel({ modelPath: options.modelPath })
  const contextSize = Math.min(options.contextSize, model.trainContextSize)
  const context = await model.createContext({ sequences: options.slots, contextSize, threads })
  const slots = createSlots(Array.from({ length: options.slots }, () => context.getSequence()))
  const wrapper = library.resolveChatWrapper(model)
  return {
    name: model.fileInfo.metadata.general?.name ?? stemOf(options.modelPath),
    version: `node-llama-cpp ${await library.getModuleVersion()}`,
    contextSize: context.contextSize,
    get running() {
      return slots.taken
    },
    get waiting() {
      return slots.waiting
    },
    tokenize(text, isPrompt) {
      const { bos, shouldPrependBosToken } = model.tokens
      return [...(isPrompt && shouldPrependBosToken && bos !== null ? [bos] : []), ...model.tokenize(text)]
    },
    tokenizeChat: (messages) =>
      wrapper.generateContextState({ chatHistory: toHistory(messages) }).contextText.tokenize(model.tokenizer),
    async generate(asked, onPiece, signal) {
      const sequence = await slots.take(signal)
      if (sequence === undefined) return undefined
      try {
        return await generate(model, sequence, asked, onPiece, nextTurn, signal)
      } finally {
        slots.give(sequence)
      }
    },
    close: () => llama.dispose(),
  }
}

async function generate(
  model: Model,
  sequence: Sequence,
  asked: GenerateOptions,
  onPiece: (piece: Piece) => void,
  nextTurn: () => Promise<void>,
  signal: AbortSignal,
): Promise<Ending | undefined> {
  const { prompt, maxTokens, stop, ignoreEos, sampling } = asked
  const stream = createTextStream((tokens, before) => model.detokenize(tokens, false, before), prompt)
  const finder = createStopFinder(stop)
  await sequence.clearHistory()
  const startedAt = performance.now()
  let firstAt = startedAt
  let lastAt = startedAt
  let tokens = 0
  for await (const token of sequence.evaluate(prompt, { ...sampling, yieldEogToken: ignoreEos })) {
    if (signal.aborted) return undefined
    lastAt = performance.now()
    if (tokens === 0) firstAt = lastAt
    tokens++
    onPiece({ token, text: finder.push(stream.push(token)) })
    if (finder.found || tokens >= maxTokens) break
    await nextTurn()
  }
  if (signal.aborted) return undefined
  return {
    finish: !finder.found && tokens >= maxTokens ? 'length' : 'stop',
    rest: finder.push(stream.end()) + finder.end(),
    tokens,
    prefillMs: firstAt - startedAt,
    decodeMs: lastAt - firstAt,
  }
}

interface Slots {
  readonly taken: number
  readonly waiting: number
  /** Undefined when the signal aborted the wait. */
  take(signal: AbortSignal): Promise<Sequence | undefined>
  give(sequence: Sequence): void
}

function createSlots(sequences: readonly Sequence[]): Slots {
  const free = [...sequences]
  const queue: ((sequence: Sequence) => void)[] = []
  return {
    get taken() {
      return sequences.length - free.length
    },
    get waiting() {
      return queue.length
    },
    take(signal) {
      const sequence = signal.aborted ? undefined : free.shift()
      if (sequence !== undefined || signal.aborted) return Promise.resolve(sequence)
      return new Promise((resolve) => {
        queue.push(resolve)
        signal.addEventListener(
          'abort',
          () => {
            const place = queue.indexOf(resolve)
            if (place < 0) return
            queue.splice(place, 1)
            resolve(undefined)
          },
          { once: true },
        )
      })
    },
    give(sequence) {
      const next = queue.shift()
      if (next === undefined) free.push(sequence)
      else next(sequence)
    },
  }
}

/** The empty answer at the end is the one to write. */
function toHistory(messages: readonly ChatMessage[]): HistoryItem[] {
  const said = messages.map(
    ({ role, content }): HistoryItem =>
      role === 'assistant'
        ? { type: 'model', response: [content] }
        : { type: role === 'system' || role === 'developer' ? 'system' : 'user', text: content },
  )
  return [...said, { type: 'model', response: [] }]
}

function stemOf(path: string): string {
  return path.replace(/^.*[/\\]/, '').replace(/\.gguf$/i, '')
}
