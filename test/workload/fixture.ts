/** Three small tokenizers in the shapes that most models use, and servers that count with them. */
import { readFile } from 'node:fs/promises'
import type { ChatMessage } from '../../src/core/call.ts'
import { type LocalTokenizer, loadTokenizer, type WorkloadTools } from '../../src/core/workload/mod.ts'

export const FIXTURES: URL = new URL('../fixtures/tokenizer/', import.meta.url)
export const TOKENIZERS = ['byte-level', 'byte-level-4', 'metaspace'] as const
export type TokenizerName = (typeof TOKENIZERS)[number]

export async function loadFixture(name: TokenizerName): Promise<LocalTokenizer> {
  return await loadTokenizer(await readFile(new URL(`${name}.json`, FIXTURES), 'utf8'))
}

export interface CountingServer {
  readonly tokenizer: LocalTokenizer
  /** Tokens of a conversation in its template, with the token for the beginning. */
  countChat(content: string): number
  readonly countTokens: NonNullable<WorkloadTools['countTokens']>
  readonly usageProbe: NonNullable<WorkloadTools['usageProbe']>
  /** How often it was asked, and how often at once at most. */
  readonly asked: { count: number; atOnce: number }
}

/** Counts as vLLM does: a token for the beginning before every text, a template around conversations. */
export async function startCounting(name: TokenizerName): Promise<CountingServer> {
  const tokenizer = await loadFixture(name)
  const countChat = (content: string): number =>
    1 + tokenizer.count(`<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`)
  const asked = { count: 0, atOnce: 0 }
  let current = 0
  const answer = async (tokens: number): Promise<number> => {
    asked.count++
    asked.atOnce = Math.max(asked.atOnce, ++current)
    await Promise.resolve()
    current--
    return tokens
  }
  return {
    tokenizer,
    countChat,
    asked,
    countTokens: (input: { text: string } | { messages: readonly ChatMessage[] }) =>
      answer('text' in input ? 1 + tokenizer.count(input.text) : countChat(input.messages[0]!.content)),
    usageProbe: (text) => answer(countChat(text)),
  }
}

/** Tools for chat with a seed, and what was noted. */
export function makeTools(more: Partial<WorkloadTools> = {}): WorkloadTools & { readonly noted: string[] } {
  const noted: string[] = []
  return { kind: 'chat', seed: 42, forceLength: true, notes: (line) => noted.push(line), noted, ...more }
}
