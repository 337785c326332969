/** One request as probador's load test knows it, and what it derives from one. Instants count from its sending. */

export interface ProbadorRequest {
  readonly success: boolean
  readonly latencyUs: number
  /** First content event of a stream; else the response head. */
  readonly ttftUs: number
  readonly completionTokens: number
  readonly promptTokens: number
  readonly chunkUs: readonly number[]
  readonly finishReason?: string
}

/** Between chunks, not tokens: too low by the number of tokens a chunk. undefined below two chunks. */
function chunkGapMs({ chunkUs }: ProbadorRequest): number | undefined {
  if (chunkUs.length < 2) return undefined
  return (chunkUs.at(-1)! - chunkUs[0]!) / 1000 / (chunkUs.length - 1)
}

/** What `request_details` says; another formula than {@link listItls}, for answers that were not streamed. 0: none. */
export function detailItlMs(request: ProbadorRequest): number {
  const gap = chunkGapMs(request)
  if (gap !== undefined) return gap
  return request.completionTokens < 2 ? 0 : (request.latencyUs - request.ttftUs) / 1000 / (request.completionTokens - 1)
}

/** What ITL and TPOT both mean there: one value a request with at least two tokens. */
export interface Itls {
  readonly values: readonly number[]
  /** The gaps come from the instants of chunks. */
  readonly fromChunks: boolean
}

export function listItls(answers: readonly ProbadorRequest[]): Itls {
  const several = answers.filter(({ completionTokens }) => completionTokens >= 2)
  const gaps = several.flatMap((request) => chunkGapMs(request) ?? [])
  if (gaps.length > 0) return { values: gaps, fromChunks: true }
  const streamed = several.some(({ ttftUs, latencyUs }) => ttftUs / latencyUs < 0.95)
  const values = several.map(({ latencyUs, ttftUs, completionTokens }) =>
    streamed ? (latencyUs - ttftUs) / 1000 / (completionTokens - 1) : latencyUs / 1000 / completionTokens,
  )
  return { values, fromChunks: false }
}
