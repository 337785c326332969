/** `bench run --adapter ollama` over real sockets: lines of JSON as they come, and what the server says of itself. */
import { join } from 'node:path'
import type { Served } from 'inferbench'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadPlatform } from '../../src/platform/load.ts'
import { runBench, withFolder } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'

const THOUGHTS = ['Let', ' me', ' see']
const WORDS = ['One', ' two', ' three', ' ä😀']

interface Asked {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

const asked: Asked[] = []
let server: Served

/** What `docs/api.md` shows, a line a turn of the loop. The model called "broken" fails in the middle. */
async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname
  if (path === '/api/version') return Response.json({ version: '0.12.3' })
  if (path === '/api/tags') return Response.json({ models: [{ name: 'thinker:1b' }, { name: 'broken:1b' }] })
  if (path !== '/api/chat' && path !== '/api/generate') return new Response('404 page not found', { status: 404 })
  const body = (await request.json()) as Asked['body']
  asked.push({ path, body })
  if (body.model === 'missing') return Response.json({ error: "model 'missing' not found" }, { status: 404 })
  const say = (text: string, thinking?: string): object =>
    path === '/api/chat'
      ? { message: { role: 'assistant', content: text, ...(thinking && { thinking }) } }
      : { response: text, ...(thinking && { thinking }) }
  const head = { model: body.model, created_at: new Date().toISOString() }
  const end = {
    ...{ done: true, done_reason: 'stop', total_duration: 9e9, load_duration: 8e9 },
    ...{ prompt_eval_count: 11, prompt_eval_duration: 2e8, eval_count: 7, eval_duration: 7e8 },
  }
  const lines: object[] = [
    ...THOUGHTS.map((thought) => ({ ...head, ...say('', thought), done: false })),
    ...WORDS.map((word) => ({ ...head, ...say(word), done: false })),
    body.model === 'broken:1b' ? { error: 'unexpected EOF' } : { ...head, ...say(''), ...end },
  ]
  const encoder = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      const line = lines.shift()
      if (line === undefined) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
    },
  })
  return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
}

beforeAll(async () => {
  const platform = await loadPlatform()
  server = await platform.serve!(answer, { port: 0 })
})
afterAll(() => server.close())

const small = [
  '--requests',
  '6',
  '--concurrency',
  '2',
  '--warmup',
  '0',
  '--output-tokens',
  '16',
  '--prompt-tokens',
  '8',
]

it.each(['chat', 'completions'])('measures a stream of lines: %s', async (endpoint) => {
  await withFolder(async (cwd) => {
    const args = ['run', '--adapter', 'ollama', '--url', server.url, '--endpoint', endpoint, '--out', 'run', ...small]
    const { code, stdout, stderr } = await runBench([...args, '--save-text'], { cwd })
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toContain('ollama 0.12.3')
    expect(findProblems(join(cwd, 'run'))).toEqual([])
    const { manifest, records } = readRunFolder(join(cwd, 'run'))
    expect(manifest.target).toMatchObject({ model: 'thinker:1b', modelDiscovered: true })
    expect(records).toHaveLength(6)
    for (const record of records) {
      if (record.outcome !== 'ok') throw new Error(JSON.stringify(record))
      expect(record).toMatchObject({
        finish: 'stop',
        text: WORDS.join(''),
        reasoning: THOUGHTS.join(''),
        inputTokens: 11,
        outputTokens: 7,
        tokenSource: 'server',
        serverTimings: { totalMs: 9000, loadMs: 8000, prefillMs: 200, decodeMs: 700 },
      })
      expect(record.events.kind).toBe('rrrtttto')
      expect(record).not.toHaveProperty('notes')
    }
    const { path, body } = asked.at(-1)!
    expect(path).toBe(endpoint === 'chat' ? '/api/chat' : '/api/generate')
    expect(body).toMatchObject({ model: 'thinker:1b', stream: true, options: { num_predict: 16, temperature: 0 } })
  })
})

it('says in the words of the server what went wrong', async () => {
  await withFolder(async (cwd) => {
    const args = ['run', '--adapter', 'ollama', '--url', server.url, ...small]
    const broken = await runBench([...args, '--model', 'broken:1b', '--out', 'broken'], { cwd })
    expect(broken.code).toBe(1)
    const [record] = readRunFolder(join(cwd, 'broken')).records
    expect(record).toMatchObject({ outcome: 'stream-error', reason: 'server_error', error: 'unexpected EOF' })
    const missing = await runBench([...args, '--model', 'missing', '--out', 'missing'], { cwd })
    expect(missing.code).toBe(1)
    expect(missing.stderr).toContain("model 'missing' not found")
  })
})
