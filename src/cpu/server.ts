/** The CPU backend as a fetch handler: what an engine says, over HTTP. */
import { createAnswer } from './answer.ts'
import type { Engine } from './engine.ts'
import { type GenerationRequest, RequestProblem, readGeneration, readTokenize } from './request.ts'

type Handler = (request: Request) => Response | Promise<Response>

/** Answers any request; never throws. */
export function createHandler(engine: Engine): Handler {
  const counts = { requests: 0, promptTokens: 0, generatedTokens: 0 }
  const routes: Readonly<Record<string, Handler>> = {
    'GET /health': () => Response.json({ status: 'ok' }),
    'GET /version': () => Response.json({ version: engine.version }),
    'GET /v1/models': () => Response.json(listModels(engine)),
    'GET /metrics': () =>
      new Response(writeMetrics(engine, counts), { headers: { 'content-type': 'text/plain; version=0.0.4' } }),
    'POST /tokenize': async (request) => {
      const tokens = readTokenize(await request.text(), engine)
      return Response.json({ tokens, count: tokens.length, max_model_len: engine.contextSize })
    },
    'POST /v1/chat/completions': (request) => generate(request, 'chat'),
    'POST /v1/completions': (request) => generate(request, 'completion'),
  }

  async function generate(request: Request, kind: 'chat' | 'completion'): Promise<Response> {
    const asked = readGeneration(kind, await request.text(), engine)
    const id = `cpu-${counts.requests++}`
    const note = (promptTokens: number, generatedTokens: number): void => {
      counts.promptTokens += promptTokens
      counts.generatedTokens += generatedTokens
    }
    return asked.stream
      ? streamAnswer(engine, asked, id, note)
      : await answerWhole(engine, asked, id, note, request.signal)
  }

  return async (request) => {
    const { pathname } = new URL(request.url)
    const handler = routes[`${request.method} ${pathname}`]
    if (handler === undefined) return refuse(new RequestProblem(404, `there is no ${request.method} ${pathname}`))
    try {
      return await handler(request)
    } catch (thrown) {
      return refuse(thrown)
    }
  }
}

type Note = (promptTokens: number, generatedTokens: number) => void

function streamAnswer(engine: Engine, asked: GenerationRequest, id: string, note: Note): Response {
  const encoder = new TextEncoder()
  const client = new AbortController()
  const answer = createAnswer(asked, id, asked.model ?? engine.name)
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const write = (events: readonly object[], end = ''): void => {
        const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + end
        if (!client.signal.aborted) controller.enqueue(encoder.encode(text))
      }
      let tokens = 0
      try {
        const ending = await engine.generate(
          asked,
          ({ token, text }) => write([...(tokens++ === 0 ? answer.opening() : []), answer.chunk(text, [token])]),
          client.signal,
        )
        if (ending !== undefined) write(answer.ending(ending), 'data: [DONE]\n\n')
      } catch (thrown) {
        write([describe(thrown)], 'data: [DONE]\n\n')
      }
      note(asked.prompt.length, tokens)
      if (!client.signal.aborted) controller.close()
    },
    cancel() {
      client.abort()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
}

async function answerWhole(
  engine: Engine,
  asked: GenerationRequest,
  id: string,
  note: Note,
  signal: AbortSignal,
): Promise<Response> {
  let text = ''
  const ending = await engine.generate(asked, (piece) => (text += piece.text), signal)
  // Nobody reads it.
  if (ending === undefined) return new Response(null, { status: 499 })
  note(asked.prompt.length, ending.tokens)
  return Response.json(createAnswer(asked, id, asked.model ?? engine.name).body(text + ending.rest, ending))
}

function listModels(engine: Engine): object {
  const model = {
    id: engine.name,
    object: 'model',
    created: 0,
    owned_by: 'inferbench',
    max_model_len: engine.contextSize,
  }
  return { object: 'list', data: [model] }
}

function describe(thrown: unknown): { readonly error: object } {
  const status = thrown instanceof RequestProblem ? thrown.status : 500
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { error: { message, type: status === 500 ? 'server_error' : 'invalid_request_error', code: status } }
}

function refuse(thrown: unknown): Response {
  return Response.json(describe(thrown), { status: thrown instanceof RequestProblem ? thrown.status : 500 })
}

function writeMetrics(
  engine: Engine,
  counts: { readonly requests: number; readonly promptTokens: number; readonly generatedTokens: number },
): string {
  const rows = [
    ['requests_running', 'gauge', engine.running],
    ['requests_waiting', 'gauge', engine.waiting],
    ['requests_total', 'counter', counts.requests],
    ['prompt_tokens_total', 'counter', counts.promptTokens],
    ['generation_tokens_total', 'counter', counts.generatedTokens],
  ] as const
  return rows.map(([name, type, value]) => `# TYPE cpu_${name} ${type}\ncpu_${name} ${value}\n`).join('')
}
