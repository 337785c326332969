/** What can go wrong with an answer, on demand: which requests, and how. The engine's tests are made of these. */
import * as v from 'valibot'

/**
 * - `status`: answered with this status; the body is an error in the profile's shape, a proxy's page, text, or nothing.
 * - `stall`: nothing more after so many events (0: not even the response head), until the client leaves.
 * - `cut`: the connection breaks after so many events. `truncate`: the body ends as if it were whole.
 * - `malformed`: event `at` is no JSON. `error-event`: the server says in the stream that it failed.
 * - `missing-done`, `double-done`, `no-usage`, `no-finish`: what the name says.
 * - `usage`: counts that no one should believe.
 * - `gzip`, `deflate`: the body is coded so, asked or not. `crlf`, `cr`: line ends. `bom`: a byte order mark first.
 * - `comments`: a comment before each event. `slices`: each event in so many writes, cut anywhere, also inside a
 *   character. `bursts`: so many events a write.
 * - `not-streamed`: one JSON body although a stream was asked for. `empty`: 200 and no byte.
 */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: 'json' | 'html' | 'text' | 'none' | undefined
      readonly retryAfter?: string | undefined
    }
  | { readonly kind: 'stall' | 'cut' | 'truncate'; readonly after: number }
  | { readonly kind: 'malformed'; readonly at: number }
  | { readonly kind: 'error-event'; readonly after: number; readonly message?: string | undefined }
  | { readonly kind: 'usage'; readonly mode: 'zeros' | 'negative' | 'text' }
  | { readonly kind: 'slices' | 'bursts'; readonly size: number }
  | {
      readonly kind:
        | 'missing-done'
        | 'double-done'
        | 'no-usage'
        | 'no-finish'
        | 'gzip'
        | 'deflate'
        | 'crlf'
        | 'cr'
        | 'bom'
        | 'comments'
        | 'not-streamed'
        | 'empty'
    }

/**
 * Requests are counted from 0 in order of arrival, generation only. A rule is for one request, or from one on every so
 * many. Several rules may hit the same request.
 */
export type FaultRule = Fault & {
  readonly request: number
  readonly every?: number | undefined
  readonly until?: number | undefined
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const when = {
  request: count,
  every: v.optional(v.pipe(count, v.minValue(1))),
  until: v.optional(count),
}

export const faultSchema: v.GenericSchema<unknown, FaultRule> = v.variant('kind', [
  v.strictObject({
    kind: v.literal('status'),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    body: v.optional(v.picklist(['json', 'html', 'text', 'none'])),
    retryAfter: v.optional(v.string()),
    ...when,
  }),
  v.strictObject({ kind: v.picklist(['stall', 'cut', 'truncate']), after: count, ...when }),
  v.strictObject({ kind: v.literal('malformed'), at: count, ...when }),
  v.strictObject({ kind: v.literal('error-event'), after: count, message: v.optional(v.string()), ...when }),
  v.strictObject({ kind: v.literal('usage'), mode: v.picklist(['zeros', 'negative', 'text']), ...when }),
  v.strictObject({ kind: v.picklist(['slices', 'bursts']), size: v.pipe(count, v.minValue(1)), ...when }),
  v.strictObject({
    kind: v.picklist([
      'missing-done',
      'double-done',
      'no-usage',
      'no-finish',
      'gzip',
      'deflate',
      'crlf',
      'cr',
      'bom',
      'comments',
      'not-streamed',
      'empty',
    ]),
    ...when,
  }),
]) as unknown as v.GenericSchema<unknown, FaultRule>

/** The faults of request `n`. */
export function faultsOf(rules: readonly FaultRule[], n: number): Faults {
  const hit = rules.filter(
    (rule) =>
      n >= rule.request &&
      n <= (rule.until ?? Number.POSITIVE_INFINITY) &&
      (rule.every === undefined ? n === rule.request : (n - rule.request) % rule.every === 0),
  )
  return {
    has: (kind) => hit.some((fault) => fault.kind === kind),
    find: (kind) => hit.find((fault) => fault.kind === kind) as never,
  }
}

export interface Faults {
  has(kind: Fault['kind']): boolean
  find<Kind extends Fault['kind']>(kind: Kind): Extract<Fault, { readonly kind: Kind | Fault['kind'] }> | undefined
}
