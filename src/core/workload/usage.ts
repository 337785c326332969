/** What a server's `usage` tells about tokens, where nothing else counts them. */
import { makeRandom, shuffle } from '../stats/random.ts'
import { remember } from './remember.ts'
import type { WorkloadTools } from './tools.ts'
import { WORDS } from './words.ts'

export interface UsageAnswers {
  /** All words, in a seeded order. */
  readonly once: string
  readonly twice: string
  readonly onceTokens: number
  readonly twiceTokens: number
}

/** Two requests for one token each; undefined when there is no usage in their answers. */
export async function askUsage(tools: WorkloadTools): Promise<UsageAnswers | undefined> {
  const { usageProbe } = tools
  if (usageProbe === undefined) return undefined
  return await remember(usageProbe, async () => {
    const words = shuffle(WORDS, makeRandom(tools.seed, 'probe'))
    const [once, twice] = [words.join(' '), [...words, ...words].join(' ')]
    const onceTokens = await usageProbe(once)
    const twiceTokens = onceTokens === undefined ? undefined : await usageProbe(twice)
    return onceTokens === undefined || twiceTokens === undefined ? undefined : { once, twice, onceTokens, twiceTokens }
  })
}
