/** A worker that measures the server named in its query, and answers with what it found. */
import { type RequestRecord, run } from 'inferbench'
import openai from 'inferbench/adapters/openai'
import { createWebPlatform } from 'inferbench/platform/web'

const worker: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    const url = new URL(request.url).searchParams.get('server') ?? ''
    const records: RequestRecord[] = []
    const { manifest, summary, failure } = await run(
      { url, adapter: openai, concurrency: 3, requests: 12, warmup: 3, promptTokens: 20, outputTokens: 9, seed: 5 },
      { platform: createWebPlatform(), onRecord: (record) => records.push(record) },
    )
    return Response.json({ manifest, summary, records, failure: failure?.message })
  },
}
export default worker
