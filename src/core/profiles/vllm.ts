/**
 * `vllm bench serve`. Its unit is the message with `choices`: also one without text (the role, the finish reason) counts as
 * a token's arrival. Percentiles are numpy's.
 */
import type { SeenAnswer } from './answer.ts'
import { startOf } from './answer.ts'
import { addGaps, collect, Span, TokenSum, toResults } from './collect.ts'
import type { Profile, ProfileFold } from './contract.ts'

const DURATION = 'seconds from the first start to the last end, failures included'

class VllmFold implements ProfileFold {
  private readonly ttft = collect()
  private readonly itl = collect()
  private readonly tpot = collect()
  private readonly e2e = collect()
  private readonly span = new Span()
  private readonly input = new TokenSum()
  private readonly output = new TokenSum()
  private completed = 0

  record: ProfileFold['record'] = (record) => this.span.add(startOf(record), record.endAt, record.run)

  answer({ record, connectMs, choices, serverTokens, streamed }: SeenAnswer): void {
    const first = choices[0]
    if (!streamed || first === undefined) return
    const last = choices.at(-1)!
    const tokens = serverTokens ?? (record.tokenSource === 'tokenizer' ? record.outputTokens : undefined)
    this.completed++
    this.ttft.add(connectMs + first)
    this.e2e.add(connectMs + last)
    addGaps(this.itl, choices)
    if (tokens !== undefined && tokens > 1) this.tpot.add((last - first) / (tokens - 1))
    this.output.add(tokens)
    this.input.add(record.inputTokens)
  }

  results: ProfileFold['results'] = () => {
    const { completed, span } = this
    const uncounted = 'the server told no token count; the tool would tokenize the text, which the log does not hold'
    const rate = (sum: TokenSum): number | string => sum.rate(completed, span.seconds, uncounted)
    return toResults(
      {
        ttft: this.ttft,
        icl: 'the tool calls this its ITL',
        itl: this.itl,
        tpot: this.tpot,
        e2e: this.e2e,
        req_s: completed === 0 || span.seconds === undefined ? 'no request succeeded' : completed / span.seconds,
        output_tok_s: rate(this.output),
        total_tok_s: rate(this.output.plus(this.input)),
      },
      completed === 0 ? 'no streamed answer' : 'no answer had two messages, or a token count above 1',
    )
  }
}

const vllm: Profile = {
  name: 'vllm',
  tool: 'vllm bench serve',
  source: 'vllm/benchmarks/serve.py and lib/endpoint_request_func.py of vLLM, state of September 2026',
  metrics: {
    ttft: {
      title: 'TTFT',
      formula: 'first message with choices, a role or an empty delta included - start of the call',
    },
    itl: {
      title: 'ITL',
      formula: 'each gap between two messages with choices, the finish message included; all gaps pooled',
    },
    tpot: {
      title: 'TPOT',
      formula: '(last - first message with choices) / (output tokens - 1), for more than one token',
    },
    e2e: { title: 'E2EL', formula: 'last message with choices - start of the call; usage and end mark do not count' },
    req_s: { title: 'request throughput', formula: `answers with a message / ${DURATION}` },
    output_tok_s: { title: 'output token throughput', formula: `sum of usage.completion_tokens / ${DURATION}` },
    total_tok_s: { title: 'total token throughput', formula: `sum of prompt and completion tokens / ${DURATION}` },
  },
  fold: () => new VllmFold(),
}
export default vllm
