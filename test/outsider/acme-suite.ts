/** The whole test that an adapter's author writes. Acme has a dialect of its own; an OpenAI-compatible server needs only the last line. */
import { type AnswerDialect, type AnswerScript, testAdapter } from 'inferbench/testing'
import acme from './acme.ts'

const line = (value: object): string => `${JSON.stringify(value)}\n`
const join = (script: AnswerScript, kind: string): string =>
  script.pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('')
const end = ({ finish, usage }: AnswerScript): object => ({
  end: finish,
  in: usage.inputTokens,
  out: usage.outputTokens,
})

const dialect: AnswerDialect = {
  streamType: 'application/x-ndjson',
  bodyType: 'application/json',
  stream: (script) => [
    ...script.pieces.map(({ kind, text }) => line(kind === 'text' ? { piece: text } : { thought: text })),
    line(end(script)),
  ],
  body: (script) => JSON.stringify({ thought: join(script, 'reasoning'), piece: join(script, 'text'), ...end(script) }),
  error: (message) => line({ failed: message }),
  malformed: '{"piece":"cu\n',
  unknown: line({ news: [1, { deep: null }] }),
  empty: () => line({ piece: '' }),
  refusal: (message) => line({ failed: message }),
}

testAdapter(acme, { dialect })
