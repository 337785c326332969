/**
 * `probador llm load` of probar. Its unit is the chunk with visible text. What it calls ITL and TPOT is one value an answer, taken
 * in one of three ways; which one, all answers decide together. Percentiles interpolate as numpy's do.
 */
import type { SeenAnswer } from './answer.ts'
import { startOf } from './answer.ts'
import { collect, Span, TokenSum, toResults } from './collect.ts'
import type { Profile, ProfileFold } from './contract.ts'

const ELAPSED = 'seconds from the first start to the last end, failures included'
/** An answer whose first byte came later than this share of its latency was hardly streamed. */
const STREAMED_SHARE = 0.95

class ProbarFold implements ProfileFold {
  private readonly ttft = collect()
  private readonly e2e = collect()
  private readonly betweenChunks = collect()
  private readonly afterFirst = collect()
  private readonly overall = collect()
  private readonly span = new Span()
  private readonly output = new TokenSum()
  private answers = 0
  private someStreamed = false

  record: ProfileFold['record'] = (record) => this.span.add(startOf(record), record.endAt, record.run)

  answer({ record, connectMs, text, endMs, serverTokens, streamed }: SeenAnswer): void {
    const latency = connectMs + endMs
    const headers = connectMs + (record.headersAt - record.sentAt)
    const ttft = streamed ? (text[0] === undefined ? latency : connectMs + text[0]) : headers
    const tokens = serverTokens ?? text.length
    this.answers++
    this.ttft.add(ttft)
    this.e2e.add(latency)
    this.output.add(tokens)
    if (tokens < 2) return
    if (text.length >= 2) this.betweenChunks.add((text.at(-1)! - text[0]!) / (text.length - 1))
    if (latency > 0 && ttft / latency < STREAMED_SHARE) this.someStreamed = true
    this.afterFirst.add((latency - ttft) / (tokens - 1))
    this.overall.add(latency / tokens)
  }

  results: ProfileFold['results'] = () => {
    const { answers, span, betweenChunks } = this
    const rest = this.someStreamed ? this.afterFirst : this.overall
    const itl = betweenChunks.count > 0 ? betweenChunks : rest
    return toResults(
      {
        ttft: this.ttft,
        icl: 'the tool keeps one mean an answer',
        itl,
        tpot: itl,
        e2e: this.e2e,
        req_s: answers === 0 || span.seconds === undefined ? 'no request succeeded' : answers / span.seconds,
        output_tok_s: this.output.rate(answers, span.seconds, 'nothing is known'),
        total_tok_s: 'the tool has no such figure',
      },
      answers === 0 ? 'no request succeeded' : 'no answer had two tokens',
    )
  }
}

const probar: Profile = {
  name: 'probar',
  tool: 'probador llm load',
  source: 'crates/probar/src/llm/loadtest.rs of paiml/probar, April 2026',
  metrics: {
    ttft: { title: 'TTFT', formula: 'first chunk with visible text - start; the latency where there is none' },
    itl: {
      title: 'ITL',
      formula:
        '(last - first chunk) / (chunks - 1), one value an answer, where any has two chunks; else (latency - TTFT) / (tokens - 1); else latency / tokens',
    },
    tpot: { title: 'TPOT', formula: 'the very same values as its ITL' },
    e2e: { title: 'latency', formula: 'end mark or end of the body - start' },
    req_s: { title: 'throughput', formula: `answers / ${ELAPSED}` },
    output_tok_s: { title: 'tokens/sec', formula: `sum of tokens by the server, else of chunks, / ${ELAPSED}` },
  },
  fold: () => new ProbarFold(),
}
export default probar
