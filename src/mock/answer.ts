/** Decides what an answer says, whole, before its first token is due. Pure: playing it in time comes after. */
import { extendContext, nextToken, openContext, scoreToken, secondToken, type TokenScore } from './language.ts'
import type { MockSettings } from './options.ts'
import { hash, normal, uniform } from './random.ts'
import type { GenerationRequest } from './request.ts'
import { detokenize, tokenize, tokenTexts } from './tokenizer.ts'

type PieceKind = 'text' | 'reasoning' | 'tool'

/** One token and what it adds to the answer. */
interface Piece {
  readonly id: number
  readonly kind: PieceKind
  /** What the client sees; empty when a stop string took it. */
  readonly text: string
}

export interface NamedScore extends TokenScore {
  readonly text: string
}

/** null: the first token of a prompt, since nothing comes before it. */
export interface TokenLogprob {
  readonly text: string
  readonly score: NamedScore | null
  /** The token itself, then the most likely ones without it. */
  readonly top: readonly NamedScore[]
}

export interface Choice {
  readonly index: number
  readonly prompt: readonly number[]
  readonly pieces: readonly Piece[]
  readonly finish: string
  /** The stop string that was hit. */
  readonly stopReason: string | null
  /** As asked for: of the prompt's tokens (`echo`) and of the pieces. */
  readonly promptLogprobs: readonly TokenLogprob[]
  readonly logprobs: readonly TokenLogprob[]
}

export interface Answer {
  readonly request: GenerationRequest
  /** Index of the request among all generation requests. */
  readonly n: number
  readonly id: string
  readonly model: string
  /** Epoch seconds. */
  readonly created: number
  readonly promptTokens: number
  /** As told in the usage; absent: nothing is told. */
  readonly cachedTokens?: number
  readonly choices: readonly Choice[]
}

export function planAnswer(
  request: GenerationRequest,
  settings: MockSettings,
  { isBusy, ...head }: Pick<Answer, 'n' | 'id' | 'created'> & { readonly isBusy: boolean },
): Answer {
  const strays = strayOf(settings, head.n, isBusy)
  const choices = request.prompts.flatMap((prompt, place) =>
    Array.from({ length: request.answers }, (_, answer) =>
      planChoice(request, settings, prompt, place * request.answers + answer, answer, strays),
    ),
  )
  const promptTokens = request.prompts.reduce((sum, prompt) => sum + prompt.length, 0)
  return {
    ...head,
    request,
    model: settings.model,
    promptTokens,
    ...(settings.cachedShare === undefined ? {} : { cachedTokens: Math.floor(settings.cachedShare * promptTokens) }),
    choices,
  }
}

function planChoice(
  request: GenerationRequest,
  settings: MockSettings,
  prompt: readonly number[],
  index: number,
  answer: number,
  strays: number | undefined,
): Choice {
  const start = prompt.reduce(extendContext, openContext(settings.seed, answer))
  const natural = naturalLength(request, settings, start)
  const limit = Math.min(natural, request.maxTokens)
  const ids = request.tool === undefined ? generate(start, limit, strays) : generateArguments(start, limit)
  const texts = tokenTexts(ids)
  const stop = findStop(texts, request)
  const kept = stop === undefined ? ids.length : stop.tokens
  let room = stop === undefined ? Number.POSITIVE_INFINITY : stop.characters
  const pieces = ids.slice(0, kept).map((id, place): Piece => {
    const text = texts[place]!.slice(0, Math.max(0, room))
    room -= texts[place]!.length
    return { id, text, kind: pieceKind(request, settings, place) }
  })
  const ended = stop !== undefined || natural < request.maxTokens
  const complete = request.tool !== undefined && limit >= leastArguments && stop === undefined
  return {
    index,
    prompt,
    pieces,
    finish: settings.finishReason ?? (complete ? 'tool_calls' : ended ? 'stop' : 'length'),
    stopReason: stop?.text ?? null,
    ...scoreChoice(request, settings, prompt, ids.slice(0, kept), answer),
  }
}

function scoreChoice(
  request: GenerationRequest,
  settings: MockSettings,
  prompt: readonly number[],
  ids: readonly number[],
  answer: number,
): Pick<Choice, 'promptLogprobs' | 'logprobs'> {
  if (request.logprobs === undefined) return { promptLogprobs: [], logprobs: [] }
  const scores = scoreTokens([...prompt, ...ids], openContext(settings.seed, answer), request.logprobs)
  const [first, ...others] = scores.slice(0, prompt.length)
  return {
    promptLogprobs: first === undefined ? [] : [{ ...first, score: null, top: [] }, ...others],
    logprobs: scores.slice(prompt.length),
  }
}

function naturalLength(request: GenerationRequest, settings: MockSettings, context: number): number {
  const spread = settings.naturalTokens
  if (spread === undefined || request.ignoreEos) return Number.POSITIVE_INFINITY
  const drawn = Math.round(spread.mean + spread.deviation * normal(context, 0x6c))
  return Math.max(1, request.minTokens, drawn)
}

function pieceKind(request: GenerationRequest, settings: MockSettings, place: number): PieceKind {
  if (request.tool !== undefined) return 'tool'
  return request.kind === 'chat' && place < settings.reasoningTokens ? 'reasoning' : 'text'
}

/** Where within the answer, from 0 to below 1, request `n` leaves what its prompt alone makes likely. */
function strayOf(
  { seed, nondeterminism, busyNondeterminism }: MockSettings,
  n: number,
  isBusy: boolean,
): number | undefined {
  const share = isBusy ? (busyNondeterminism ?? nondeterminism) : nondeterminism
  return uniform(seed, n, 0x73) < share ? uniform(seed, n, 0x70) : undefined
}

function generate(start: number, count: number, strays?: number): number[] {
  let context = start
  const straysAt = strays === undefined ? undefined : Math.floor(strays * count)
  return Array.from({ length: count }, (_, place) => {
    const id = place === straysAt ? secondToken(context) : nextToken(context)
    context = extendContext(context, id)
    return id
  })
}

const opening = tokenize('{"text":"')
const closing = tokenize('"}')
const leastArguments = opening.length + closing.length

/** JSON of exactly `count` tokens; cut when that is too few for any. */
function generateArguments(start: number, count: number): number[] {
  const words = generate(start, Math.max(0, count - leastArguments))
  return [...opening, ...words, ...closing].slice(0, count)
}

/** The first stop string in the answer: how many tokens were generated until it was whole, how many characters stay. */
function findStop(
  texts: readonly string[],
  request: GenerationRequest,
): { readonly text: string; readonly tokens: number; readonly characters: number } | undefined {
  if (request.stop.length === 0) return undefined
  let said = ''
  for (const [place, text] of texts.entries()) {
    const before = said.length
    said += text
    if (place + 1 < request.minTokens) continue
    for (const stop of request.stop) {
      const at = stop === '' ? -1 : said.indexOf(stop, Math.max(0, before - stop.length + 1))
      if (at >= 0) return { text: stop, tokens: place + 1, characters: at }
    }
  }
  return undefined
}

function scoreTokens(ids: readonly number[], start: number, count: number): TokenLogprob[] {
  let context = start
  const texts = tokenTexts(ids)
  return ids.map((id, place) => {
    const { top, ...score } = scoreToken(context, id, count)
    context = extendContext(context, id)
    const own = { ...score, text: texts[place]! }
    const others = top.filter((each) => each.id !== id).map((each) => ({ ...each, text: detokenize([each.id]) }))
    // The token itself is named whether or not it is among the most likely ones (OpenAI API reference, legacy logprobs).
    return { text: own.text, score: own, top: [own, ...others] }
  })
}

/** For ids: a request's own `X-Request-Id`, else one that the seed and its index give. */
export function answerId(settings: MockSettings, n: number, requestId: string | undefined): string {
  if (requestId !== undefined) return requestId
  const half = (salt: number): string => hash(settings.seed, n, salt).toString(16).padStart(8, '0')
  return half(1) + half(2)
}
