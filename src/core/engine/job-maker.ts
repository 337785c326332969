import type { Adapter, Target } from '../adapter.ts'
import type { Workload } from '../workload.ts'
import type { Job } from './flight.ts'

/** How the calls of one phase become requests. Plain data: it crosses threads. */
export interface JobPlan {
  /** Starts every request's id; unique in the run. */
  readonly idPrefix: string
  /** Request 0 is this call of the workload; 0 when absent. */
  readonly firstCall?: number
  readonly target: Target
}

export interface JobMaker {
  /** Request `n`. Pure, but for {@link dropUsage}. */
  make(n: number): Job
  /** The server refuses `stream_options.include_usage`: from now on it is not asked for. */
  dropUsage(): void
}

export function createJobMaker(adapter: Adapter, workload: Workload, plan: JobPlan): JobMaker {
  let { target } = plan
  let suffix = ''
  return {
    make(n) {
      const call = workload.call((plan.firstCall ?? 0) + n)
      const id = `${plan.idPrefix}${n}${suffix}`
      const spec = adapter.encode(call, target)
      const headers = spec.headers.filter(([name]) => name.toLowerCase() !== 'x-request-id')
      return {
        asked: {
          n,
          id,
          item: call.item,
          ...(call.session === undefined ? {} : { session: call.session }),
          ...(call.turn === undefined ? {} : { turn: call.turn }),
          ...(call.askedInputTokens === undefined ? {} : { askedInputTokens: call.askedInputTokens }),
          ...(call.maxTokens === undefined ? {} : { maxTokens: call.maxTokens }),
          framing: spec.framing,
          ...(spec.choices === undefined ? {} : { choices: spec.choices }),
          includesUsage: target.includeUsage && target.stream,
        },
        spec: { ...spec, headers: [...headers, ['X-Request-Id', id]] },
      }
    },
    dropUsage() {
      target = { ...target, includeUsage: false }
      // The same request, asked in another way, is another one to a server's log.
      suffix = 'u'
    },
  }
}
