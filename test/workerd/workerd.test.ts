/** The edge: our core and our mock in workerd, which offers web APIs and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RequestRecord, RunResult } from 'inferbench'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.ts'

describe('workerd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-workerd-'))
  let workerd: Workerd

  beforeAll(async () => {
    workerd = await startWorkerd(folder, ['mock-worker', 'bench-worker'])
  })

  afterAll(async () => {
    await workerd?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const url = (worker: string, path: string) => new URL(path, workerd.urls[worker]).href

  it('serves the mock', async () => {
    const client = new OpenAI({ baseURL: url('mock-worker', '/v1'), apiKey: 'none', maxRetries: 0 })
    const stream = await client.chat.completions.create({
      model: 'edge-model',
      messages: [{ role: 'user', content: 'Where are we?' }],
      max_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    })
    const pieces: string[] = []
    let outputTokens: number | undefined
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content)
      outputTokens = chunk.usage?.completion_tokens ?? outputTokens
    }
    expect(pieces.length).toBe(12)
    expect(outputTokens).toBe(12)
  })

  it('serves the routes beside the load', async () => {
    expect((await fetch(url('mock-worker', '/health'))).status).toBe(200)
    const models = (await (await fetch(url('mock-worker', '/v1/models'))).json()) as { data: { id: string }[] }
    expect(models.data.map(({ id }) => id)).toEqual(['edge-model'])
    expect(await (await fetch(url('mock-worker', '/metrics'))).text()).toMatch(
      /^vllm:generation_tokens_total.* 12(\.0)?$/m,
    )
    expect((await fetch(url('mock-worker', '/nowhere'))).status).toBe(404)
  })

  it('measures a server over fetch', async () => {
    const server = new URL(workerd.urls['mock-worker']!).origin
    const response = await fetch(url('bench-worker', `/?server=${encodeURIComponent(server)}`))
    const text = await response.text()
    expect(response.status, text).toBe(200)
    const { manifest, summary, records, failure } = JSON.parse(text) as RunResult & { records: RequestRecord[] }
    expect(failure).toBeUndefined()
    expect(manifest).toMatchObject({
      platform: { name: 'web' },
      transport: { name: 'fetch' },
      target: { model: 'edge-model' },
    })
    const measured = records.filter(({ phase }) => phase === 'measure')
    expect(measured.length).toBe(12)
    for (const record of measured) {
      expect(record).toMatchObject({ outcome: 'ok', finish: 'length', outputTokens: 9, tokenSource: 'server' })
    }
    expect(summary.scenarios[0]).toMatchObject({ counts: { requests: 12, warmupRequests: 3 } })
    expect(summary.scenarios[0]?.metrics.ttft).toMatchObject({ kind: 'distribution', distribution: { count: 12 } })
  })
})
