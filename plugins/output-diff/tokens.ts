/** Which tokens an answer is made of, where its server says so. Lenient: what cannot be read says nothing. */
import { asArray, asObject, asText, type JsonObject, parseJson, type WireMessage } from 'inferbench'

/** Ids as `#17`, else the tokens' texts; undefined where neither is told. Only of the first choice. */
export function readTokens(messages: readonly WireMessage[]): readonly string[] | undefined {
  const ids: string[] = []
  const texts: string[] = []
  for (const { data } of messages) {
    const body = asObject(parseJson(data))
    if (body === undefined) continue
    const part = firstChoice(body)
    ids.push(...readIds(part))
    texts.push(...readTexts(part))
  }
  if (ids.length > 0 && ids.length >= texts.length) return ids
  return texts.length > 0 ? texts : undefined
}

/** Ollama has no choices. */
function firstChoice(body: JsonObject): JsonObject {
  const choices = asArray(body.choices).map(asObject)
  return choices.find((choice) => choice !== undefined && (choice.index === undefined || choice.index === 0)) ?? body
}

/** vLLM with `return_token_ids`, SGLang's `output_ids`, llama.cpp's `tokens`. */
function readIds(part: JsonObject): readonly string[] {
  const named = [part.token_ids, part.output_ids, part.tokens].find(Array.isArray)
  return asArray(named).flatMap((id) => (typeof id === 'number' ? [`#${id}`] : []))
}

/** Log-probabilities in the form of chat (`content`), of completions (`tokens`), and of Ollama (a list). */
function readTexts({ logprobs }: JsonObject): readonly string[] {
  const object = asObject(logprobs)
  const entries = Array.isArray(object?.tokens) ? object.tokens : asArray(object?.content ?? logprobs)
  return entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry]
    const token = asObject(entry)
    const text = asText(token?.token)
    // Half a character has no text of its own: many tokens look like that.
    return text === undefined ? [] : [text.includes('\uFFFD') ? `${text} ${asArray(token?.bytes).join()}` : text]
  })
}
