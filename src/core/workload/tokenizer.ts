/** Counting tokens on this side of the wire, from a model's `tokenizer.json`. The one home of @huggingface/tokenizers. */
import { BenchError, describeError } from '../errors.ts'
import { digestText } from './hash.ts'

/** A model's tokenizer. Synchronous; about a microsecond a token. */
export interface LocalTokenizer {
  /** The kind of model and the size of its vocabulary, for people: `BPE, 2048 tokens`. */
  readonly name: string
  /** SHA-256 of the file's text, hex: two runs that counted with the same file say the same. */
  readonly hash: string
  /** Token ids of the text alone: nothing is added before or after it. Control tokens within the text are recognised. */
  encode(text: string): number[]
  count(text: string): number
  /** Control tokens included. */
  decode(ids: readonly number[]): string
}

/**
 * Reads the text of a `tokenizer.json` (and, where there is one, of the `tokenizer_config.json` beside it).
 * Throws `BenchError('usage')` when it is none, or of a kind that the library does not know.
 */
export async function loadTokenizer(json: string, config = '{}'): Promise<LocalTokenizer> {
  const definition = parseObject('tokenizer.json', json)
  const model = definition.model as { readonly type?: unknown; readonly vocab?: unknown } | undefined
  if (typeof model !== 'object' || model === null || model.vocab === undefined) {
    throw new BenchError(
      'usage',
      'tokenizer.json: no model.vocab in it; give the tokenizer.json of a Hugging Face model',
    )
  }
  const settings = parseObject('tokenizer_config.json', config)
  // Loaded here, not above: most runs need none, and the command starts faster without.
  const { Tokenizer } = await import('@huggingface/tokenizers')
  let tokenizer: InstanceType<typeof Tokenizer>
  try {
    tokenizer = new Tokenizer(definition, settings)
  } catch (thrown) {
    throw new BenchError('usage', `tokenizer.json: cannot be used: ${describeError(thrown)}`, { cause: thrown })
  }
  const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids
  return {
    name: `${typeof model.type === 'string' ? model.type : 'tokenizer'}, ${tokenizer.get_vocab().size} tokens`,
    hash: await digestText(json),
    encode,
    count: (text) => encode(text).length,
    // The library refuses an empty list.
    decode: (ids) =>
      ids.length === 0
        ? ''
        : tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  }
}

function parseObject(name: string, json: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (thrown) {
    throw new BenchError('usage', `${name}: not JSON: ${describeError(thrown)}`, { cause: thrown })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BenchError('usage', `${name}: not a JSON object`)
  }
  return value as Record<string, unknown>
}
