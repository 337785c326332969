/**
 * AIPerf's `profile`. Its unit is the chunk with content: text, reasoning or a tool call. Percentiles are numpy's. It counts
 * tokens with a tokenizer of its own unless told `--use-server-token-count`; the log has the server's.
 */
import type { SeenAnswer } from './answer.ts'
import { addGaps, collect, Span, TokenSum, toResults } from './collect.ts'
import type { Profile, ProfileFold } from './contract.ts'

const DURATION = 'seconds from the first start to the last content of an answer'

class AiperfFold implements ProfileFold {
  private readonly ttft = collect()
  private readonly icl = collect()
  private readonly itl = collect()
  private readonly e2e = collect()
  private readonly span = new Span()
  private readonly input = new TokenSum()
  private readonly output = new TokenSum()
  private answers = 0

  record: ProfileFold['record'] = () => {}

  answer({ record, connectMs, tokens, endMs, streamed }: SeenAnswer): void {
    const count = record.tokenSource === 'chunks' ? undefined : record.outputTokens
    const first = tokens[0]
    const last = tokens.at(-1) ?? endMs
    this.answers++
    this.e2e.add(connectMs + last)
    this.span.add(record.sentAt - connectMs, record.sentAt + last, record.run)
    this.output.add(count)
    this.input.add(record.inputTokens)
    if (!streamed || first === undefined) return
    this.ttft.add(connectMs + first)
    addGaps(this.icl, tokens)
    if (count !== undefined && count >= 2) this.itl.add((last - first) / (count - 1))
  }

  results: ProfileFold['results'] = () => {
    const { answers, span } = this
    const uncounted = 'nobody counted the tokens; the tool would tokenize the text, which the log does not hold'
    const rate = (sum: TokenSum): number | string => sum.rate(answers, span.seconds, uncounted)
    return toResults(
      {
        ttft: this.ttft,
        icl: this.icl,
        itl: this.itl,
        tpot: this.itl,
        e2e: this.e2e,
        req_s: answers === 0 || span.seconds === undefined ? 'no request succeeded' : answers / span.seconds,
        output_tok_s: rate(this.output),
        total_tok_s: rate(this.output.plus(this.input)),
      },
      answers === 0 ? 'no request succeeded' : 'no streamed answer had two chunks, or a token count above 1',
    )
  }
}

const aiperf: Profile = {
  name: 'aiperf',
  tool: 'aiperf profile',
  source: 'src/aiperf/metrics/types of AIPerf 0.13, with --use-server-token-count',
  metrics: {
    ttft: {
      title: 'Time to First Token',
      formula: 'first chunk with text, reasoning or a tool call - start of the call',
    },
    icl: { title: 'Inter Chunk Latency', formula: 'each gap between two chunks with content; all gaps pooled' },
    itl: {
      title: 'Inter Token Latency',
      formula: '(request latency - TTFT) / (output tokens - 1), one sample an answer',
    },
    tpot: { title: 'Inter Token Latency', formula: 'the same as its ITL; limits on TPOT are put on it' },
    e2e: { title: 'Request Latency', formula: 'last chunk with content - start of the call' },
    req_s: { title: 'Request Throughput', formula: `answers / ${DURATION}` },
    output_tok_s: { title: 'Output Token Throughput', formula: `sum of output tokens / ${DURATION}` },
    total_tok_s: { title: 'Total Token Throughput', formula: `sum of input and output tokens / ${DURATION}` },
  },
  fold: () => new AiperfFold(),
}
export default aiperf
