/** What is asked, the same way of every side: the run's own prompts, greedy. */
import type { Call, EvaluationContext, PluginOption } from 'inferbench'

export const options: Readonly<Record<string, PluginOption>> = {
  against: { kind: 'url', summary: 'another server; without it the same one under the load that was measured' },
  againstKey: { kind: 'text', summary: "the other server's API key", secret: true },
  againstModel: { kind: 'text', summary: "the other server's model, where that is called otherwise" },
  prompts: { kind: 'number', summary: 'how many of the run’s prompts are asked', min: 2, max: 10_000, default: 32 },
  maxTokens: { kind: 'number', summary: 'longest answer', min: 1, default: 64, unit: 'tokens' },
  margin: {
    kind: 'number',
    summary: 'how many more answers may differ and still count as no more',
    min: 0,
    max: 100,
    default: 10,
    unit: '%',
  },
  keep: { kind: 'flag', summary: 'keep the answers themselves in the run folder', default: false },
}

/** Prompts of a data set come again after its last row. */
const ROUNDS = 4

/** Each prompt once; fewer where the run has no more. */
export function chooseCalls(
  { call, target, seed }: EvaluationContext,
  prompts: number,
  maxTokens: number,
): readonly Call[] {
  const chosen = new Map<string, Call>()
  for (let n = 0; n < prompts * ROUNDS && chosen.size < prompts; n++) {
    const given = call(n)
    if (!chosen.has(given.item)) chosen.set(given.item, makeGreedy(given, target.body, maxTokens, seed))
  }
  return [...chosen.values()]
}

function makeGreedy(call: Call, body: Readonly<Record<string, unknown>>, maxTokens: number, seed: number): Call {
  const { forceLength: _, temperature: __, ...rest } = call
  // What the run asks for in the body wins over everything else.
  const own = { ...body, ...call.body }
  const greedy = 'temperature' in own ? { temperature: 0 } : {}
  return {
    ...rest,
    temperature: 0,
    maxTokens: Math.min(call.maxTokens ?? maxTokens, maxTokens),
    body: { ...call.body, ...greedy, ...('seed' in own ? { seed } : {}) },
  }
}

/** How a server may be asked to name its tokens, from most to least; not every one takes every member. */
export function listExtras(kind: Call['kind'], seed: number): readonly Readonly<Record<string, unknown>>[] {
  const scores = kind === 'chat' ? { logprobs: true } : { logprobs: 1 }
  return [{ ...scores, return_token_ids: true, seed }, { ...scores, seed }, { seed }, {}]
}

export function withBody(call: Call, extra: Readonly<Record<string, unknown>>): Call {
  return { ...call, body: { ...call.body, ...extra } }
}
