/** The mock as a Hono app: routes only; what they say is in the dialects, how an answer is played in `generate.ts`. */
import { type Context, Hono } from 'hono'
import { describeGateway } from './gateway.ts'
import { generate, type MockState } from './generate.ts'
import { writeMetrics } from './metrics.ts'
import { translateOllama } from './ollama.ts'
import type { MockSettings } from './options.ts'
import { RequestProblem, readDetokenize, readTokenize } from './request.ts'
import { beginToken, chatTemplate, detokenize, endToken, vocabularySize } from './tokenizer.ts'
import { mockVersion } from './vllm.ts'

export function createApp(state: MockState): Hono {
  const { settings, dialect, load, meter, time } = state
  const startedAt = time.now()
  const app = new Hono()

  app.notFound((c) => c.json(dialect.unknownRoute(), 404))
  app.onError((error, c) => {
    if (error instanceof RequestProblem) return c.json(dialect.error(error), error.status)
    return c.json(dialect.error({ status: 500, message: error.message, param: null }), 500)
  })

  app.use('/v1/*', async (c, next) => {
    if (settings.apiKey !== undefined && c.req.header('authorization') !== `Bearer ${settings.apiKey}`) {
      return c.json(dialect.unauthorized(), 401)
    }
    await next()
    return undefined
  })

  const get = (path: string, handler: (c: Context) => Response | Promise<Response>): void => {
    app.get(path, handler)
    app.all(path, (c) => c.json(dialect.wrongMethod(), 405, { allow: 'GET' }))
  }
  const post = (path: string, handler: (c: Context) => Response | Promise<Response>): void => {
    app.post(path, handler)
    app.all(path, (c) => c.json(dialect.wrongMethod(), 405, { allow: 'POST' }))
  }

  if (settings.profile === 'ollama') {
    post('/api/chat', (c) => generate(c, 'chat', state, translateOllama))
    post('/api/generate', (c) => generate(c, 'completion', state, translateOllama))
    get('/api/version', (c) => c.json({ version: mockVersion }))
    get('/api/tags', (c) => c.json({ models: [{ name: settings.model, model: settings.model }] }))
    return app
  }
  if (settings.profile === 'gateway') {
    post('/generate', (c) => generate(c, 'completion', state))
    get('/healthz', (c) => c.json({ status: 'healthy' }))
    get('/readyz', (c) => (settings.idle ? c.json({ detail: 'no worker is ready' }, 503) : c.json({ status: 'ready' })))
    get('/metrics', (c) => c.json(describeGateway(meter)))
    return app
  }
  // An idle vllm-rust is healthy and knows nothing else.
  get('/health', (c) => (settings.idle ? c.json({ status: 'idle' }) : textOrJson(c, dialect.health())))
  get('/version', (c) => c.json({ version: mockVersion }))
  app.all('/ping', (c) => c.body(null, 200))
  if (settings.idle) return app

  post('/v1/chat/completions', (c) => generate(c, 'chat', state))
  post('/v1/completions', (c) => generate(c, 'completion', state))
  get('/v1/models', (c) => c.json(dialect.models(settings)))
  if (settings.profile === 'openai') return app

  get('/load', (c) => c.json({ server_load: load.running + load.waiting }))
  get('/metrics', (c) =>
    c.text(writeMetrics(settings, meter, load, (time.now() - startedAt) / 1000), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  )
  post('/tokenize', async (c) => {
    const { ids, strings } = readTokenize(await c.req.text())
    const tokenStrings = strings ? ids.map((id) => detokenize([id])) : null
    return c.json({ count: ids.length, max_model_len: settings.maxModelLength, tokens: ids, token_strs: tokenStrings })
  })
  post('/detokenize', async (c) => c.json({ prompt: detokenizeOrRefuse(readDetokenize(await c.req.text())) }))
  get('/tokenizer_info', (c) => c.json(tokenizerInfo(settings)))
  return app
}

function textOrJson(c: Context, text: string): Response {
  return text === '' ? c.body(null, 200) : c.body(text, 200, { 'content-type': 'application/json' })
}

function detokenizeOrRefuse(ids: readonly number[]): string {
  try {
    return detokenize(ids)
  } catch (error) {
    throw new RequestProblem(400, (error as RangeError).message, 'tokens')
  }
}

function tokenizerInfo(settings: MockSettings): object {
  return {
    tokenizer_class: 'MockTokenizer',
    bos_token: '<|bos|>',
    eos_token: '<|eos|>',
    model_max_length: settings.maxModelLength,
    vocab_size: vocabularySize,
    chat_template: chatTemplate,
    added_tokens_decoder: { [String(beginToken)]: '<|bos|>', [String(endToken)]: '<|eos|>' },
  }
}
