/** How lm-eval is called. No secret stands here: the key goes by environment. */
import { BenchError } from '../errors.ts'
import type { Endpoint } from './suites.ts'

export interface EvalRequest {
  readonly baseUrl: string
  readonly model: string
  readonly endpoint: Endpoint
  readonly tasks: readonly string[]
  readonly includePath?: string
  readonly limit?: number
  /** Examples before each question; absent: as many as the task says. */
  readonly fewshot?: number
  /** Of its draws and of the server's. */
  readonly seed?: number
  /** Requests in flight. */
  readonly concurrency: number
  readonly retries: number
  /** `none`, or the name or path of a tokenizer; absent: the server's own where it offers one. */
  readonly tokenizer?: string
  readonly insecure: boolean
  readonly ca?: string
  /** Where its files go. */
  readonly output: string
}

export function makeArguments(request: EvalRequest): readonly string[] {
  const { endpoint, tasks, includePath, limit, fewshot, seed, output } = request
  return [
    ...['--model', endpoint === 'chat' ? 'local-chat-completions' : 'local-completions'],
    ...['--tasks', tasks.join(',')],
    ...['--model_args', makeModelArguments(request)],
    ...['--output_path', output],
    '--log_samples',
    ...(endpoint === 'chat' ? ['--apply_chat_template'] : []),
    ...(includePath === undefined ? [] : ['--include_path', includePath]),
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
    ...(fewshot === undefined ? [] : ['--num_fewshot', String(fewshot)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
  ]
}

/** `k=v,k=v`, which every version reads. A value with a comma would become two. */
function makeModelArguments(request: EvalRequest): string {
  const { baseUrl, model, endpoint, concurrency, retries, seed, tokenizer, insecure, ca } = request
  const path = endpoint === 'chat' ? '/v1/chat/completions' : '/v1/completions'
  const pairs: readonly (readonly [name: string, value: string | number])[] = [
    ['model', model],
    ['base_url', baseUrl + path],
    ['num_concurrent', concurrency],
    ['max_retries', retries],
    ...(seed === undefined ? [] : ([['seed', seed]] as const)),
    ...(tokenizer === 'none'
      ? ([
          ['tokenizer_backend', 'None'],
          ['tokenized_requests', 'False'],
        ] as const)
      : tokenizer === undefined
        ? []
        : ([
            ['tokenizer_backend', 'huggingface'],
            ['tokenizer', tokenizer],
          ] as const)),
    ...(insecure ? ([['verify_certificate', 'False']] as const) : []),
    ...(ca === undefined ? [] : ([['ca_cert_path', ca]] as const)),
  ]
  for (const [name, value] of pairs) {
    if (String(value).includes(',')) {
      throw new BenchError('usage', `${name}: "${value}" holds a comma, which lm-eval cannot be given`)
    }
  }
  return pairs.map(([name, value]) => `${name}=${value}`).join(',')
}
