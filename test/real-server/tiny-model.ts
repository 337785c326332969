/**
 * A Llama of 0.3 MB with random weights, as a GGUF file: what llama.cpp loads. Its answers are noise, but always letters
 * and never the end mark, so that an answer is exactly as long as asked for. The same bytes each time.
 */

const DIM = 64
const HEADS = 2
const FEED_FORWARD = 128
const CONTEXT = 1024
const TEMPLATE =
  "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}<|start|>assistant\n"

/** Control tokens stand first; `<|end|>` is the end mark. */
const CONTROL = ['<|unknown|>', '<|start|>', '<|end|>']
const MERGES = ['Ġ t', 'h e', 'Ġt he', 'i n', 'e r', 'o n', 'Ġ a', 'a n']

interface Tensor {
  readonly name: string
  /** Columns first, as GGUF wants it. */
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export function makeTinyModel(): Uint8Array {
  const vocabulary = [...CONTROL, ...byteAlphabet(), ...MERGES.map((merge) => merge.replace(' ', ''))]
  return writeGguf(describeModel(vocabulary), makeTensors(vocabulary))
}

/** GPT-2's letters for the 256 bytes: those that print stand for themselves, the others are moved above 255. */
function byteAlphabet(): string[] {
  const prints = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  let moved = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : moved++))
}

function makeTensors(vocabulary: readonly string[]): Tensor[] {
  const random = seededRandom(7)
  const matrix = (name: string, rows: number, columns: number, size: number): Tensor => {
    const values = Float32Array.from({ length: rows * columns }, () => (random() * 2 - 1) * size)
    return { name, shape: [columns, rows], values }
  }
  const ones = (name: string): Tensor => ({ name, shape: [DIM], values: new Float32Array(DIM).fill(1) })
  const embedding = matrix('token_embd.weight', vocabulary.length, DIM, 1)
  const output = matrix('output.weight', vocabulary.length, DIM, 0.5)
  const attentionOutput = matrix('blk.0.attn_output.weight', DIM, DIM, 0.1)
  const feedForwardOutput = matrix('blk.0.ffn_down.weight', DIM, FEED_FORWARD, 0.1)

  // Column 0 is the same for every token and no layer writes to it: a constant that the last matrix uses to rule tokens out.
  attentionOutput.values.fill(0, 0, DIM)
  feedForwardOutput.values.fill(0, 0, FEED_FORWARD)
  vocabulary.forEach((token, row) => {
    embedding.values[row * DIM] = 8
    output.values[row * DIM] = /^Ġ?[a-z]+$/.test(token) ? 0 : -100
  })

  return [
    embedding,
    output,
    ones('output_norm.weight'),
    ones('blk.0.attn_norm.weight'),
    ones('blk.0.ffn_norm.weight'),
    matrix('blk.0.attn_q.weight', DIM, DIM, 0.1),
    matrix('blk.0.attn_k.weight', DIM, DIM, 0.1),
    matrix('blk.0.attn_v.weight', DIM, DIM, 0.1),
    attentionOutput,
    matrix('blk.0.ffn_gate.weight', FEED_FORWARD, DIM, 0.1),
    matrix('blk.0.ffn_up.weight', FEED_FORWARD, DIM, 0.1),
    feedForwardOutput,
  ]
}

type Field = readonly [
  name: string,
  value:
    | string
    | { readonly u32: number }
    | { readonly f32: number }
    | readonly string[]
    | { readonly i32: readonly number[] },
]

function describeModel(vocabulary: readonly string[]): Field[] {
  return [
    ['general.architecture', 'llama'],
    ['general.name', 'tiny'],
    ['llama.context_length', { u32: CONTEXT }],
    ['llama.embedding_length', { u32: DIM }],
    ['llama.block_count', { u32: 1 }],
    ['llama.feed_forward_length', { u32: FEED_FORWARD }],
    ['llama.attention.head_count', { u32: HEADS }],
    ['llama.attention.head_count_kv', { u32: HEADS }],
    ['llama.attention.layer_norm_rms_epsilon', { f32: 1e-5 }],
    ['llama.rope.dimension_count', { u32: DIM / HEADS }],
    ['llama.vocab_size', { u32: vocabulary.length }],
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'gpt-2'],
    ['tokenizer.ggml.tokens', vocabulary],
    // 3: a control token, 1: a normal one.
    ['tokenizer.ggml.token_type', { i32: vocabulary.map((token) => (CONTROL.includes(token) ? 3 : 1)) }],
    ['tokenizer.ggml.merges', MERGES],
    ['tokenizer.ggml.bos_token_id', { u32: CONTROL.indexOf('<|start|>') }],
    ['tokenizer.ggml.eos_token_id', { u32: CONTROL.indexOf('<|end|>') }],
    ['tokenizer.chat_template', TEMPLATE],
  ]
}

/** GGUF version 3: head, fields, descriptions of tensors, then the tensors, each at a multiple of 32 bytes. */
function writeGguf(fields: readonly Field[], tensors: readonly Tensor[]): Uint8Array {
  const parts: Uint8Array[] = []
  let length = 0
  const bytes = (part: Uint8Array) => {
    parts.push(part)
    length += part.length
  }
  const number = (size: 4 | 8, write: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(size))
    write(view)
    bytes(new Uint8Array(view.buffer))
  }
  const u32 = (value: number) => number(4, (view) => view.setUint32(0, value, true))
  const u64 = (value: number) => number(8, (view) => view.setBigUint64(0, BigInt(value), true))
  const text = (value: string) => {
    const encoded = new TextEncoder().encode(value)
    u64(encoded.length)
    bytes(encoded)
  }
  const align = () => bytes(new Uint8Array((32 - (length % 32)) % 32))

  bytes(new TextEncoder().encode('GGUF'))
  u32(3)
  u64(tensors.length)
  u64(fields.length)
  for (const [name, value] of fields) {
    text(name)
    if (typeof value === 'string') {
      u32(8)
      text(value)
    } else if ('u32' in value) {
      u32(4)
      u32(value.u32)
    } else if ('f32' in value) {
      u32(6)
      number(4, (view) => view.setFloat32(0, value.f32, true))
    } else if ('i32' in value) {
      u32(9)
      u32(5)
      u64(value.i32.length)
      for (const item of value.i32) u32(item)
    } else {
      u32(9)
      u32(8)
      u64(value.length)
      for (const item of value) text(item)
    }
  }
  let offset = 0
  for (const { name, shape, values } of tensors) {
    text(name)
    u32(shape.length)
    for (const size of shape) u64(size)
    u32(0)
    u64(offset)
    offset += Math.ceil(values.byteLength / 32) * 32
  }
  for (const { values } of tensors) {
    align()
    bytes(new Uint8Array(values.buffer))
  }
  const file = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

/** mulberry32: small, and the same on every runtime. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
