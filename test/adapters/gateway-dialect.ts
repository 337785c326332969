/** The gateway's API, as the adapter suite feeds it: there is nothing but whole bodies. */
import type { AdapterTestOptions, AnswerDialect } from 'inferbench/testing'

const body: AnswerDialect['body'] = ({ pieces }) =>
  JSON.stringify({
    text: pieces.map(({ kind, text }) => (kind === 'text' ? text : '')).join(''),
    tokens_per_sec: 47.3,
    latency_ms: 21.125,
    model: 'model-1',
    a_new_field: [{}],
  })

export const gatewayDialect: AnswerDialect = {
  streamType: 'application/json',
  bodyType: 'application/json',
  finish: 'whole',
  stream: (script) => [body(script)],
  body,
  error: (message) => JSON.stringify({ detail: message }),
  malformed: '{"text":"cu',
  unknown: '',
  empty: () => '',
  refusal: (message) => JSON.stringify({ detail: message }),
}

const whole = 'answers come whole'

export const gatewaySkips: NonNullable<AdapterTestOptions['skip']> = {
  'encode says what was asked for: prompt, model, limit': 'has one model, which requests do not name',
  'encode asks for a stream only when it is wanted': whole,
  'chat: a body where a stream was asked for has no first token': whole,
  'completions: a body where a stream was asked for has no first token': whole,
  'each piece is one event, and nothing comes after the end': whole,
  'reasoning is kept apart from the answer': 'has no reasoning',
  "counts are the server's where it counts: several tokens in one piece are not one": 'counts nothing',
  'an unreadable message is an error event, never a throw': whole,
  'an error in the middle fails the answer, whatever follows': whole,
  'a stream that just ends is truncated, and keeps what came': whole,
  'a connection that breaks is truncated, with the errno as evidence': whole,
}
