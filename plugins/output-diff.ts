/**
 * The same prompts, greedy, to two servers, or to one that is idle and then loaded: do they say the same? No server says the same twice
 * in every case (batches add up in another order), so how far it differs from itself is measured first, and everything is held against that.
 */
import {
  type AskedAnswer,
  type Asker,
  BenchError,
  type Call,
  describeError,
  type EvaluationContext,
  type LoadBeside,
  type MetricPlugin,
  type MetricResult,
} from 'inferbench'
import { chooseCalls, listExtras, options, withBody } from './output-diff/asked.ts'
import { definitions } from './output-diff/definitions.ts'
import { compareOutputs, type Output } from './output-diff/difference.ts'
import {
  type Compared,
  describeDifferences,
  describeInWords,
  describeNothing,
  type Setting,
} from './output-diff/figures.ts'
import { readTokens } from './output-diff/tokens.ts'

const outputDiff: MetricPlugin = {
  id: 'output-diff',
  summary: 'Whether a server answers otherwise under load, or than another one, more than it differs from itself',
  definitions,
  options,
  evaluate,
}
export default outputDiff

/** The answers of one pass, by place of the prompt; nothing for one that was not answered well. */
type Answers = readonly (Output | undefined)[]

interface Passes {
  readonly first: Answers
  readonly second: Answers
  readonly other: Answers
  readonly otherAgain?: Answers
}

async function evaluate(context: EvaluationContext): Promise<Readonly<Record<string, MetricResult>>> {
  const { note, signal } = context
  const { prompts, maxTokens, margin } = context.options
  try {
    const calls = chooseCalls(context, prompts as number, maxTokens as number)
    const own = await context.reach()
    const other = await reachOther(context)
    const asked = await agree(context, calls, other === undefined ? [own] : [own, other])
    const first = await askAll(context, own, asked, 'idle')
    const second = await askAll(context, own, asked, 'idle again')
    let load: LoadBeside | undefined
    const passes: Passes =
      other === undefined
        ? {
            first,
            second,
            other: await context.underLoad((beside) => {
              load = beside
              return askAll(context, own, asked, `under ${beside.title}`, beside.signal)
            }),
          }
        : {
            first,
            second,
            other: await askAll(context, other, asked, other.baseUrl),
            otherAgain: await askAll(context, other, asked, `${other.baseUrl} again`),
          }
    const compared = comparePasses(calls, passes)
    const figures = load?.busy()
    const setting: Setting = {
      margin: (margin as number) / 100,
      ...(figures !== undefined && { load: figures }),
      without:
        other === undefined
          ? 'there is no other server: see the option against'
          : 'asked of another server, not under load',
    }
    if (compared.length < calls.length)
      note(`${calls.length - compared.length} of ${calls.length} prompts were not answered by all sides`)
    context.conclude(
      describeInWords(compared, setting, load === undefined ? 'against the other' : `under ${load.title}`),
    )
    await keep(context, calls, passes, compared)
    return describeDifferences(compared, setting)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    note(describeError(thrown))
    return describeNothing(describeError(thrown))
  }
}

async function reachOther(context: EvaluationContext): Promise<Asker | undefined> {
  const { against, againstKey, againstModel } = context.options
  if (typeof against !== 'string') return undefined
  return await context.reach({
    url: against,
    ...(typeof againstKey === 'string' && { apiKey: againstKey }),
    ...(typeof againstModel === 'string' && { model: againstModel }),
  })
}

/** The most telling form of question that all of them take: asked otherwise, they might answer otherwise. */
async function agree(
  { seed, signal, note }: EvaluationContext,
  calls: readonly Call[],
  askers: readonly Asker[],
): Promise<readonly Call[]> {
  const [sample] = calls
  if (sample === undefined) throw new BenchError('run-failed', 'the run has no prompts')
  let refused: unknown
  for (const extra of listExtras(sample.kind, seed)) {
    try {
      for (const asker of askers) await asker.ask(withBody(sample, extra), { signal })
      if (!('logprobs' in extra)) note('not every side names its tokens when asked: characters are compared')
      return calls.map((call) => withBody(call, extra))
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof BenchError && thrown.code === 'unreachable')) throw thrown
      refused = thrown
    }
  }
  throw refused
}

/** One at a time, so that nothing of ours shares a batch. A prompt that goes wrong is left out; a server that is gone ends it. */
async function askAll(
  context: EvaluationContext,
  asker: Asker,
  calls: readonly Call[],
  side: string,
  signal: AbortSignal = context.signal,
): Promise<Answers> {
  context.say(`output-diff: ${calls.length} prompts, ${side}`)
  const answers: (Output | undefined)[] = []
  for (const call of calls) {
    try {
      answers.push(readOutput(await asker.ask(call, { signal })))
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof BenchError && thrown.code === 'unreachable')) throw thrown
      context.note(`${side}: ${describeError(thrown)}`)
      answers.push(undefined)
    }
  }
  return answers
}

/** Tokens that are not as many as the server counted are not all of them; the end mark may be one. */
function readOutput({ text, reasoning = '', outputTokens, messages }: AskedAnswer): Output {
  const tokens = readTokens(messages)
  const isWhole = tokens !== undefined && Math.abs(tokens.length - (outputTokens ?? tokens.length)) <= 1
  return {
    text: reasoning + text,
    ...(isWhole && { tokens }),
    ...(outputTokens !== undefined && { length: outputTokens }),
  }
}

function comparePasses(calls: readonly Call[], { first, second, other, otherAgain }: Passes): readonly Compared[] {
  return calls.flatMap(({ item }, place) => {
    const [one, two, three, four] = [first[place], second[place], other[place], otherAgain?.[place]]
    if (one === undefined || two === undefined || three === undefined) return []
    return [
      {
        item,
        self: compareOutputs(one, two),
        other: compareOutputs(two, three),
        ...(four !== undefined && { againstSelf: compareOutputs(three, four) }),
      },
    ]
  })
}

/** Prompt by prompt; the answers themselves only where that is asked for. */
async function keep(
  { makeFolder, options: { keep: isKept }, platform, scrub }: EvaluationContext,
  calls: readonly Call[],
  passes: Passes,
  compared: readonly Compared[],
): Promise<void> {
  const folder = await makeFolder()
  if (folder === undefined || platform.files === undefined) return
  const { join, writeText } = platform.files
  const texts = (place: number) => {
    const { first, second, other, otherAgain } = passes
    return {
      first: first[place]?.text,
      second: second[place]?.text,
      other: other[place]?.text,
      otherAgain: otherAgain?.[place]?.text,
    }
  }
  const lines = calls.map(({ item }, place) => ({
    item,
    ...compared.find((one) => one.item === item),
    ...(isKept === true && { texts: texts(place) }),
  }))
  await writeText(join(folder, 'answers.jsonl'), lines.map((line) => `${scrub(JSON.stringify(line))}\n`).join(''))
}
