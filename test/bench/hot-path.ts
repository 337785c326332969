/**
 * What one event of an answer costs us, from the bytes of the socket to the line on disk. Run by `npm run bench` on each
 * runtime. The price of an event times the events a second is the share of a core that a run takes.
 */
import { Bench } from 'tinybench'
import openai from '../../adapters/openai.ts'
import { createAnswerReader } from '../../src/core/engine/answer.ts'
import { Capture } from '../../src/core/engine/capture.ts'
import { createFramer } from '../../src/core/framing/framer.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import type { OkRecord } from '../../src/core/record.ts'
import { createMock } from '../../src/mock/mod.ts'
import { detectRuntime } from '../../src/platform/load.ts'

const TOKENS = 200

const chunks = await recordAnswer()
const record = readAnswer()
const line = JSON.stringify(record)
let sink = 0

const bench = new Bench({ time: 1000, warmupTime: 300 })
  .add('capture: a copy and a stamp', () => {
    const capture = new Capture(ignore, ignore)
    for (const [index, chunk] of chunks.entries()) capture.bytes(index, chunk)
    sink += capture.pendingBytes
  })
  .add('framing: bytes to messages', () => {
    const framer = createFramer({ framing: 'sse', contentType: 'text/event-stream' })
    for (const chunk of chunks) sink += framer.push(chunk).length
  })
  .add('framing and decoding: bytes to the fields of a record', () => {
    sink += readAnswer().events.us.length
  })
  .add('recording: a record to its line', () => {
    sink += JSON.stringify(record).length
  })
  .add('reading: a line to its record', () => {
    sink += JSON.parse(line).events.us.length
  })
  .add('metrics: a record into every accumulator', () => {
    const summarizer = createSummarizer()
    summarizer.add(record)
    sink++
  })

await bench.run()
if (sink === 0) throw new Error('nothing was measured')

console.log(
  `${detectRuntime()}: ns an event, median of runs over an answer of ${chunks.length} events (± median deviation, p99)`,
)
for (const task of bench.tasks) {
  const { result } = task
  if (result.state !== 'completed') throw new Error(`${task.name}: ${result.state}`)
  const toNs = (ms: number) => String(Math.round((ms * 1e6) / chunks.length))
  const { p50, mad, p99 } = result.latency
  console.log(`${toNs(p50).padStart(8)}  ± ${toNs(mad).padEnd(5)} p99 ${toNs(p99).padEnd(7)} ${task.name}`)
}

/** The chunks of one streamed chat answer, an event each. */
async function recordAnswer(): Promise<readonly Uint8Array[]> {
  const mock = createMock({ ttft: '0', itl: '0' })
  const body = {
    model: 'mock-model',
    messages: [{ role: 'user', content: 'Go' }],
    max_tokens: TOKENS,
    stream: true,
  }
  const request = new Request('http://mock/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream_options: { include_usage: true } }),
  })
  const text = await (await mock.fetch(request)).text()
  const messages = text.split(/(?<=\n\n)/)
  return messages.map((message) => new TextEncoder().encode(message))
}

function readAnswer(): OkRecord {
  const reader = createAnswerReader({
    sentAt: 0,
    headersAt: 1,
    status: 200,
    headers: new Map([['content-type', 'text/event-stream']]),
    asked: { framing: 'sse', stream: true, maxTokens: TOKENS },
    adapter: openai,
    manifestModel: 'mock-model',
    saveText: false,
    toRunMs: (at) => at,
  })
  for (const [index, chunk] of chunks.entries()) reader.feed(50 + index * 10, chunk)
  const fields = reader.finish({ how: 'complete' })
  if (fields.outcome !== 'ok') throw new Error(`the answer is not whole: ${JSON.stringify(fields)}`)
  const times = { dueAt: 0, sentAt: 0, endAt: 50 + chunks.length * 10 }
  return { n: 0, id: 'a', scenario: 's', phase: 'measure', item: 'row:0', ...times, ...fields }
}

function ignore(): void {}
