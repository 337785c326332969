/** A library whose "model" says the letters of the alphabet, a token each, and ends after `natural` of them. */
import type { EvaluateOptions, Library, Token } from '../../src/cpu/library.ts'

const END: Token = 1000

export interface FakeLibrary extends Library {
  /** What was asked of the model, in order. */
  readonly evaluated: { readonly prompt: readonly Token[]; readonly options: EvaluateOptions }[]
  /** Lets this many more steps happen; without a call, none is held. */
  hold(): void
  step(): void
}

export function createFakeLibrary(natural = 5): FakeLibrary {
  const evaluated: FakeLibrary['evaluated'] = []
  const waiting: (() => void)[] = []
  let held = false

  async function* evaluate(prompt: readonly Token[], options: EvaluateOptions): AsyncGenerator<Token, void, void> {
    evaluated.push({ prompt, options })
    for (let n = 0; ; n++) {
      if (held) await new Promise<void>((resolve) => waiting.push(resolve))
      const ends = n > 0 && n % natural === 0
      if (ends && !options.yieldEogToken) return
      yield ends ? END : 97 + (n % 26)
    }
  }

  return {
    evaluated,
    hold: () => {
      held = true
    },
    step: () => waiting.shift()?.(),
    LlamaLogLevel: { error: 'error' },
    getModuleVersion: async () => '3.0.0',
    getLlama: async () => ({
      cpuMathCores: 4,
      dispose: async () => {},
      loadModel: async () => ({
        tokenizer: undefined,
        tokens: { bos: 0, shouldPrependBosToken: true },
        trainContextSize: 64,
        fileInfo: { metadata: {} },
        tokenize: (text) => [...new TextEncoder().encode(text)],
        detokenize: (tokens) => String.fromCharCode(...tokens.filter((token) => token !== END)),
        createContext: async ({ contextSize }) => ({
          contextSize,
          getSequence: () => ({ clearHistory: async () => {}, evaluate }),
        }),
      }),
    }),
    resolveChatWrapper: () => ({
      generateContextState: ({ chatHistory }) => ({
        contextText: {
          tokenize: () => [
            ...new TextEncoder().encode(
              chatHistory
                .map((item) => `${item.type}:${item.type === 'model' ? item.response.join('') : item.text};`)
                .join(''),
            ),
          ],
        },
      }),
    }),
  }
}
