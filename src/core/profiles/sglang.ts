/**
 * SGLang's `bench_serving` against an OpenAI route. Percentiles are numpy's. It opens a connection for every request: where
 * ours was there already, the time that one takes is not in the log, and its TTFT would be that much longer.
 */
import type { SeenAnswer } from './answer.ts'
import { startOf } from './answer.ts'
import { addGaps, collect, Span, TokenSum, toResults } from './collect.ts'
import type { Profile, ProfileFold } from './contract.ts'

const DURATION =
  'seconds from the first start to the last end (the tool asks the server for its state before it stops its clock)'

class SglangFold implements ProfileFold {
  private readonly ttft = collect()
  private readonly itl = collect()
  private readonly tpot = collect()
  private readonly e2e = collect()
  private readonly span = new Span()
  private readonly input = new TokenSum()
  private readonly output = new TokenSum()
  private answers = 0

  record: ProfileFold['record'] = (record) => this.span.add(startOf(record), record.endAt, record.run)

  answer({ record, connectMs, words, endMs, serverTokens, streamed }: SeenAnswer): void {
    const count = serverTokens ?? record.maxTokens
    const latency = connectMs + endMs
    // An answer without a word keeps the 0 that it starts with; one that is not streamed takes its latency.
    const ttft = streamed ? (words[0] === undefined ? 0 : connectMs + words[0]) : latency
    this.answers++
    this.ttft.add(ttft)
    this.e2e.add(latency)
    addGaps(this.itl, words)
    if (count !== undefined && count > 1) this.tpot.add((latency - ttft) / (count - 1))
    this.output.add(count)
    this.input.add(record.askedInputTokens)
  }

  results: ProfileFold['results'] = () => {
    const { answers, span } = this
    const rate = (sum: TokenSum, lack: string): number | string => sum.rate(answers, span.seconds, lack)
    return toResults(
      {
        ttft: this.ttft,
        icl: 'the tool calls this its ITL',
        itl: this.itl,
        tpot: this.tpot,
        e2e: this.e2e,
        req_s: answers === 0 || span.seconds === undefined ? 'no request succeeded' : answers / span.seconds,
        output_tok_s: rate(this.output, 'neither a count nor the length that was asked for is known'),
        total_tok_s: rate(this.output.plus(this.input), 'the length of the prompt, as asked for, is not known'),
      },
      answers === 0 ? 'no request succeeded' : 'no answer had two chunks with text',
    )
  }
}

const sglang: Profile = {
  name: 'sglang',
  tool: 'sglang.bench_serving',
  source: 'python/sglang/benchmark/serving.py, OpenAI chat route, state of September 2026',
  metrics: {
    ttft: { title: 'TTFT', formula: 'first chunk with text or reasoning - start; 0 for an answer without' },
    itl: { title: 'ITL', formula: 'each gap between two chunks with text or reasoning; all gaps pooled' },
    tpot: {
      title: 'TPOT',
      formula: '(end, end mark included - first chunk) / (tokens - 1); tokens by the server, else as asked for',
    },
    e2e: { title: 'E2E latency', formula: 'last line of the stream, end mark included - start' },
    req_s: { title: 'request throughput', formula: `answers / ${DURATION}` },
    output_tok_s: {
      title: 'output token throughput',
      formula: `sum of tokens by the server, else as asked for, / ${DURATION}`,
    },
    total_tok_s: {
      title: 'total token throughput',
      formula: `the same, with prompt lengths of the data set, / ${DURATION}`,
    },
  },
  fold: () => new SglangFold(),
}
export default sglang
