/**
 * The mock's tokenizer: no table, no seed, reversible.
 *
 * A token is one to three ASCII letters with an optional space before them, or else one UTF-8 byte; words are cut from
 * the left. So no token contains a space or any other non-letter except at its start, and
 * `tokenize(a + b)` equals `tokenize(a)` followed by `tokenize(b)` whenever `b` does not start with a letter.
 * The mock's own output is made of such pieces (` fog`, ` sea`): tokenising it gives the number of tokens claimed.
 */

export const beginToken = 0
export const endToken = 1
const firstByte = 2
const firstPiece = firstByte + 256
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const base = letters.length
/** How many pieces are shorter than the one of this length. */
const shorter = [0, 0, base, base + base ** 2] as const

export const vocabularySize: number = firstPiece + 2 * (base + base ** 2 + base ** 3)

const encoder = new TextEncoder()
const piece = / ?[A-Za-z]{1,3}|./gsu

export function tokenize(text: string): number[] {
  const ids: number[] = []
  for (const [match] of text.matchAll(piece)) {
    if (/[A-Za-z]$/.test(match)) ids.push(pieceId(match))
    else for (const byte of encoder.encode(match)) ids.push(firstByte + byte)
  }
  return ids
}

function pieceId(text: string): number {
  const spaced = text.startsWith(' ')
  const word = spaced ? text.slice(1) : text
  let value = 0
  for (const letter of word) value = value * base + letters.indexOf(letter)
  return firstPiece + 2 * (shorter[word.length]! + value) + (spaced ? 1 : 0)
}

/** Special tokens are empty. Throws a `RangeError` on an id outside the vocabulary. */
export function tokenBytes(id: number): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) throw new RangeError(`no token has the id ${id}`)
  if (id < firstByte) return new Uint8Array()
  if (id < firstPiece) return Uint8Array.of(id - firstByte)
  return encoder.encode(pieceText(id - firstPiece))
}

function pieceText(index: number): string {
  const length = index / 2 < shorter[2] ? 1 : index / 2 < shorter[3] ? 2 : 3
  let value = Math.floor(index / 2) - shorter[length]!
  let word = ''
  for (let place = 0; place < length; place++) {
    word = letters[value % base] + word
    value = Math.floor(value / base)
  }
  return index % 2 === 1 ? ` ${word}` : word
}

export function detokenize(ids: readonly number[]): string {
  return tokenTexts(ids).join('')
}

/** The text that each token adds: empty where it ends inside a character, whose text then belongs to its last token. */
export function tokenTexts(ids: readonly number[]): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const texts = ids.map((id) => decoder.decode(tokenBytes(id), { stream: true }))
  const rest = decoder.decode()
  if (rest !== '' && texts.length > 0) texts[texts.length - 1] += rest
  return texts
}

/** How the mock turns a conversation into a prompt; in Jinja, as `/tokenizer_info` gives it. */
export const chatTemplate =
  "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"

export function renderChat(
  messages: readonly { readonly role: string; readonly content: string }[],
  addGenerationPrompt = true,
): string {
  const lines = messages.map((message) => `${message.role}: ${message.content}\n`).join('')
  return addGenerationPrompt ? `${lines}assistant:` : lines
}
