/**
 * The part of node-llama-cpp (version 3) that is used here, in our words: it is not installed with the tool, so its own types
 * cannot be named. Its prebuilt libraries are npm packages.
 */
export type Token = number

export interface Library {
  getLlama(options: {
    readonly gpu: false
    /** Never compiles nor downloads anything. */
    readonly build: 'never'
    readonly skipDownload: true
    readonly progressLogs: false
    readonly logLevel: string
    readonly maxThreads: number
  }): Promise<Llama>
  readonly LlamaLogLevel: { readonly error: string }
  /** The model's own template, or the nearest one that is known. */
  resolveChatWrapper(model: Model): ChatWrapper
  getModuleVersion(): Promise<string>
}

export interface Llama {
  /** Cores that are good for arithmetic. */
  readonly cpuMathCores: number
  loadModel(options: { readonly modelPath: string }): Promise<Model>
  dispose(): Promise<void>
}

export interface Model {
  readonly tokenizer: unknown
  readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean }
  readonly trainContextSize: number
  readonly fileInfo: { readonly metadata: { readonly general?: { readonly name?: string } } }
  tokenize(text: string, specialTokens?: boolean): Token[]
  detokenize(tokens: readonly Token[], specialTokens?: boolean, lastTokens?: readonly Token[]): string
  createContext(options: {
    readonly sequences: number
    readonly contextSize: number
    readonly threads: number
  }): Promise<Context>
}

export interface Context {
  /** Tokens that each sequence can hold. */
  readonly contextSize: number
  getSequence(): Sequence
}

export interface Sequence {
  clearHistory(): Promise<void>
  evaluate(tokens: readonly Token[], options: EvaluateOptions): AsyncGenerator<Token, void, void>
}

export interface EvaluateOptions {
  readonly temperature: number
  readonly seed?: number
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
  /** Goes on after an end of sequence. */
  readonly yieldEogToken: boolean
}

export interface ChatWrapper {
  generateContextState(options: { readonly chatHistory: readonly HistoryItem[] }): {
    readonly contextText: { tokenize(tokenizer: unknown): Token[] }
  }
}

export type HistoryItem =
  | { readonly type: 'system' | 'user'; readonly text: string }
  | { readonly type: 'model'; readonly response: readonly string[] }
