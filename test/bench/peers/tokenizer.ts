/** A tokenizer of a thousand words, one token each, as a folder: some peers do not start without one. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const UNKNOWN = '<unk>'

/** Returns the folder. */
export function writeTokenizer(folder: string): string {
  const words = [UNKNOWN, ...Array.from({ length: 1000 }, (_, index) => `word${index}`)]
  const special = { id: 0, content: UNKNOWN, single_word: false, lstrip: false, rstrip: false, normalized: false }
  const write = (name: string, value: object): void => writeFileSync(join(folder, name), JSON.stringify(value))
  mkdirSync(folder, { recursive: true })
  write('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ ...special, special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(words.map((word, index) => [word, index])),
      unk_token: UNKNOWN,
    },
  })
  write('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: UNKNOWN,
    model_max_length: 100_000,
  })
  write('config.json', { model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], vocab_size: words.length })
  return folder
}
