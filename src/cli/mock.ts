/** `bench mock`: an inference server without a model. */
import type { CommandDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import { parseDurationSpread, parseSpread } from '../core/units.ts'
import { type Capacity, type MockOptions, mockProfiles } from '../mock/mod.ts'
import { serveMock } from '../mock/serve.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'
import { listenFlags, readChoice, readDecimal, readListenAddress, readNumber } from './flag-values.ts'
import type { GivenFlags } from './flags.ts'

const USAGES = ['asked', 'always', 'continuous', 'never'] as const

const command: CommandDef = makeCommand(
  {
    name: 'mock',
    summary: 'Start a mock inference server.',
    about:
      'Its URL is the first line of the output. It answers until it is interrupted. The same seed gives the same timing and text.',
    flags: {
      ...listenFlags,
      profile: {
        type: 'string',
        valueHint: 'NAME',
        group: 'Server',
        fallback: 'vllm',
        description: 'Whose dialect it speaks: vllm, vllm-rust, openai, ollama or gateway',
      },
      model: {
        type: 'string',
        valueHint: 'NAME',
        group: 'Server',
        fallback: 'mock-model',
        description: 'Name of the model that it serves',
      },
      'api-key-env': {
        type: 'string',
        valueHint: 'NAME',
        group: 'Server',
        description: 'Environment variable with a key that requests must bring',
      },
      ttft: {
        type: 'string',
        valueHint: 'TIME[±D]',
        group: 'Timing',
        fallback: '50ms',
        description: 'From a request to its first token',
      },
      itl: { type: 'string', valueHint: 'TIME[±D]', group: 'Timing', fallback: '10ms', description: 'Between tokens' },
      'tokens-per-chunk': {
        type: 'string',
        valueHint: 'N',
        group: 'Timing',
        fallback: '1',
        description: 'Tokens in each chunk after the first',
      },
      seed: {
        type: 'string',
        valueHint: 'N',
        group: 'Timing',
        fallback: '0',
        description: 'Makes timing and text repeatable',
      },
      truth: { type: 'boolean', group: 'Timing', description: 'Say in a comment before each event when it was sent' },
      'natural-tokens': {
        type: 'string',
        valueHint: 'N[±D]',
        group: 'Answers',
        fallback: 'what the request asks for',
        description: 'Length at which answers end by themselves',
      },
      'reasoning-tokens': {
        type: 'string',
        valueHint: 'N',
        group: 'Answers',
        fallback: '0',
        description: 'The first N tokens of a chat answer are reasoning',
      },
      'cached-share': {
        type: 'string',
        valueHint: 'N',
        group: 'Answers',
        fallback: 'not told',
        description: 'Share of each prompt (0 to 1) that the usage says came from a prefix cache',
      },
      nondeterminism: {
        type: 'string',
        valueHint: 'N',
        group: 'Answers',
        fallback: '0',
        description: 'Share of answers (0 to 1) that differ from what the prompt alone gives',
      },
      'busy-nondeterminism': {
        type: 'string',
        valueHint: 'N',
        group: 'Answers',
        fallback: 'that of --nondeterminism',
        description: 'The same, of requests that begin while others run',
      },
      usage: {
        type: 'string',
        valueHint: 'WHEN',
        group: 'Answers',
        fallback: 'asked',
        description: 'When token counts are sent: asked, always, continuous or never',
      },
      slots: {
        type: 'string',
        valueHint: 'N',
        group: 'Capacity',
        fallback: 'no limit: timing does not depend on load',
        description: 'Requests that run at once; more wait',
      },
      queue: {
        type: 'string',
        valueHint: 'N',
        group: 'Capacity',
        fallback: 'no limit',
        description: 'Requests that may wait; more are rejected',
      },
      'prefill-tokens-per-second': {
        type: 'string',
        valueHint: 'N',
        group: 'Capacity',
        fallback: '10000',
        description: 'Speed of reading a prompt, alone',
      },
      'decode-tokens-per-second': {
        type: 'string',
        valueHint: 'N',
        group: 'Capacity',
        fallback: '100',
        description: 'Speed of writing an answer, alone',
      },
      slowdown: {
        type: 'string',
        valueHint: 'N',
        group: 'Capacity',
        fallback: '0.5',
        description: 'With all slots taken each request is slower by this share',
      },
    },
    examples: [
      'bench mock',
      'bench mock --port 8001 --ttft 50ms±5 --itl 10ms --seed 1',
      'bench mock --profile vllm-rust --slots 8 --queue 32',
    ],
  },
  serve,
)
export default command

async function serve({ values, terminal }: CommandContext): Promise<number> {
  const address = readListenAddress(values)
  const platform = await loadPlatform()
  const options = readOptions(values, (name) => platform.env(name))
  const served = await serveMock(platform, options, address)
  const interrupted = new Promise<void>((resolve) => platform.onInterrupt?.(resolve))
  await terminal.out(`${served.url}\n`)
  await interrupted
  await served.close()
  return exit.ok
}

type Values = GivenFlags['values']

function readOptions(values: Values, env: (name: string) => string | undefined): MockOptions {
  const capacity = readCapacity(values)
  return {
    profile: readChoice(values, 'profile', mockProfiles),
    model: values.model as string | undefined,
    apiKey: readKey(values['api-key-env'] as string | undefined, env),
    ttft: readSpread(values, 'ttft', parseDurationSpread, 'a duration such as 50ms or 50ms±5'),
    itl: readSpread(values, 'itl', parseDurationSpread, 'a duration such as 10ms or 10ms±2'),
    tokensPerChunk: readNumber(values, 'tokens-per-chunk', 1),
    seed: readNumber(values, 'seed', 0, 2 ** 31 - 1),
    truth: values.truth as boolean | undefined,
    naturalTokens: readSpread(values, 'natural-tokens', parseSpread, 'a number of tokens such as 64 or 64±16'),
    reasoningTokens: readNumber(values, 'reasoning-tokens', 0),
    cachedShare: readDecimal(values, 'cached-share', 0, 1),
    nondeterminism: readDecimal(values, 'nondeterminism', 0, 1),
    busyNondeterminism: readDecimal(values, 'busy-nondeterminism', 0, 1),
    usage: readChoice(values, 'usage', USAGES),
    ...(capacity !== undefined && { capacity }),
  }
}

const CAPACITY = ['queue', 'prefill-tokens-per-second', 'decode-tokens-per-second', 'slowdown'] as const

function readCapacity(values: Values): Capacity | undefined {
  const slots = readNumber(values, 'slots', 1)
  if (slots === undefined) {
    const alone = CAPACITY.find((name) => values[name] !== undefined)
    if (alone !== undefined)
      throw new BenchError('usage', `--${alone} is part of a server of limited size; give --slots too`)
    return undefined
  }
  const queue = readNumber(values, 'queue', 0)
  const slowdown = readDecimal(values, 'slowdown', 0)
  return {
    slots,
    prefillTokensPerSecond: readNumber(values, 'prefill-tokens-per-second', 1) ?? 10_000,
    decodeTokensPerSecond: readNumber(values, 'decode-tokens-per-second', 1) ?? 100,
    ...(queue !== undefined && { queue }),
    ...(slowdown !== undefined && { slowdown }),
  }
}

function readKey(name: string | undefined, env: (name: string) => string | undefined): string | undefined {
  if (name === undefined) return undefined
  const key = env(name)
  if (!key) throw new BenchError('usage', `--api-key-env: the environment variable "${name}" is not set, or empty`)
  return key
}

function readSpread<Value>(
  values: Values,
  name: string,
  parse: (text: string) => Value | undefined,
  what: string,
): Value | undefined {
  const text = values[name] as string | undefined
  if (text === undefined) return undefined
  const spread = parse(text)
  if (spread === undefined) throw new BenchError('usage', `--${name}: "${text}" is not ${what}`)
  return spread
}
