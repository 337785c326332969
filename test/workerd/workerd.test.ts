/** The edge: our core and our mock in workerd, which offers web APIs and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.ts'

describe('workerd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-workerd-'))
  let workerd: Workerd

  beforeAll(async () => {
    workerd = await startWorkerd(folder, ['mock-worker'])
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
})
