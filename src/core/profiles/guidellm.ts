/**
 * GuideLLM's `run`. It keeps no instants between the first and the last token, so its ITL is one mean an answer, counted once
 * for each of its gaps. Percentiles are steps of the distribution: a value that occurred, never one between two.
 */
import { STEP_QUANTILES } from '../stats/quantile.ts'
import type { SeenAnswer } from './answer.ts'
import { startOf } from './answer.ts'
import { collect, Span, TokenSum, toResults } from './collect.ts'
import type { Profile, ProfileFold } from './contract.ts'

const WINDOW = 'seconds from the first start to the last end, failures included'

class GuidellmFold implements ProfileFold {
  private readonly ttft = collect(STEP_QUANTILES)
  private readonly itl = collect(STEP_QUANTILES)
  private readonly tpot = collect(STEP_QUANTILES)
  private readonly e2e = collect(STEP_QUANTILES)
  private readonly span = new Span()
  private readonly input = new TokenSum()
  private readonly output = new TokenSum()
  private answers = 0

  record: ProfileFold['record'] = (record) => this.span.add(startOf(record), record.endAt, record.run)

  answer({ record, connectMs, tokens, endMs, serverTokens, streamed }: SeenAnswer): void {
    // Where the server does not count, an iteration is a token.
    const count = serverTokens ?? tokens.length
    const first = tokens[0]
    const last = tokens.at(-1)
    this.answers++
    this.e2e.add(connectMs + endMs)
    // What was not measured enters as 0.
    this.ttft.add(streamed && first !== undefined ? connectMs + first : 0)
    if (count > 0) this.tpot.add((connectMs + (last ?? endMs)) / count, count)
    if (count > 1 && first !== undefined) this.itl.add((last! - first) / (count - 1), count - 1)
    this.output.add(count)
    this.input.add(record.inputTokens)
  }

  results: ProfileFold['results'] = () => {
    const { answers, span } = this
    const rate = (sum: TokenSum): number | string => sum.rate(answers, span.seconds, 'nobody counted the prompt')
    return toResults(
      {
        ttft: this.ttft,
        icl: 'the tool keeps no instants between the first and the last token',
        itl: this.itl,
        tpot: this.tpot,
        e2e: this.e2e,
        req_s: answers === 0 || span.seconds === undefined ? 'no request succeeded' : answers / span.seconds,
        output_tok_s: rate(this.output),
        total_tok_s: rate(this.output.plus(this.input)),
      },
      answers === 0 ? 'no request succeeded' : 'no answer had two tokens',
    )
  }
}

const guidellm: Profile = {
  name: 'guidellm',
  tool: 'guidellm run',
  source: 'schemas/base/request_stats.py, statistics.py and benchmark/schemas/metrics.py of GuideLLM 0.8',
  metrics: {
    ttft: {
      title: 'TTFT',
      formula: 'first message with text, reasoning or a tool call - start; 0 for an answer without',
    },
    itl: { title: 'ITL', formula: '(last - first token) / (tokens - 1), one value an answer, weighted by tokens - 1' },
    tpot: {
      title: 'TPOT',
      formula: '(last token - start) / tokens: the time to the first token included; weighted by tokens',
    },
    e2e: { title: 'request latency', formula: 'end of the stream - start; the tool prints seconds' },
    req_s: { title: 'requests per second', formula: `answers / ${WINDOW}` },
    output_tok_s: {
      title: 'output tokens per second',
      formula: `sum of tokens, else of messages with tokens, / ${WINDOW}`,
    },
    total_tok_s: { title: 'tokens per second', formula: `sum of prompt and output tokens / ${WINDOW}` },
  },
  fold: () => new GuidellmFold(),
}
export default guidellm
