/** Options that are right one by one and cannot be meant together. */
import type { CheckedOptions, OptionName } from './options.ts'
import { defaults } from './schema.ts'
import { isMatrix } from './workloads.ts'

export interface Conflict {
  /** The option to blame, first; then the other. */
  readonly options: readonly [OptionName, OptionName?]
  /** Follows the first option's name; `other` is put in as the other's name. */
  readonly message: (other: string) => string
}

type Given = CheckedOptions

const LOADS = ['concurrency', 'rate', 'stages', 'replay'] as const
const NOT_BY_SOCKET = ['proxy', 'unixSocket', 'http2'] as const

/** The first contradiction, or undefined. */
export function findConflict(given: Given): Conflict | undefined {
  return rules.map((rule) => rule(given)).find((conflict) => conflict !== undefined)
}

type Rule = (given: Given) => Conflict | undefined

const rules: readonly Rule[] = [
  (given) => {
    const [first, second] = LOADS.filter((name) => given[name] !== undefined)
    return second && clash(second, first!, 'each says when to send; give one')
  },
  needs('arrival', ['rate', 'stages'], 'says how requests follow each other at a rate; give --rate or --stages too'),
  (given) =>
    given.burstiness !== undefined && given.arrival !== 'gamma'
      ? alone('burstiness', 'is the shape of gamma arrivals; add --arrival gamma')
      : undefined,
  needs(
    'maxInFlight',
    ['rate', 'stages', 'replay'],
    'bounds a rate; in a closed loop, --concurrency itself is the bound',
  ),
  ...(['promptTokens', 'sharedPrefix'] as const).map(
    (name): Rule =>
      (given) =>
        given.dataset !== undefined && given[name] !== undefined
          ? clash(name, 'dataset', 'the prompts of a data set have lengths of their own')
          : undefined,
  ),
  (given) => {
    const shortest = Math.min(...(given.promptTokens ?? [defaults.promptTokens]).map(({ mean }) => mean))
    return given.dataset === undefined && given.sharedPrefix !== undefined && given.sharedPrefix > shortest
      ? clash(
          'sharedPrefix',
          'promptTokens',
          `a shared part of ${given.sharedPrefix} tokens is longer than a prompt of ${shortest}`,
        )
      : undefined
  },
  (given) =>
    given.cooldown !== undefined && (given.runs ?? 1) < 2
      ? alone('cooldown', 'is the time between runs, and there is one; add --runs')
      : undefined,
  (given) =>
    given.restart === true && ((given.runs ?? 1) < 2 || given.start === undefined)
      ? alone('restart', 'starts the server afresh for each run; it takes --start and --runs')
      : undefined,
  both('dataset', 'promptFile', 'each says what to ask; give one'),
  both('promptProfile', 'promptTokens', 'each says how long prompts are; give one'),
  ...(['dataset', 'promptFile'] as const).map((name) =>
    both('promptProfile', name, 'what is asked has a length of its own; give one'),
  ),
  ...(['promptTokens', 'sharedPrefix'] as const).map((name) =>
    both(name, 'promptFile', 'the prompts of a file have lengths of their own'),
  ),
  ...(['rate', 'stages', 'replay', 'promptTokens', 'promptProfile', 'dataset', 'promptFile'] as const).map((name) =>
    both(name, 'workload', 'a workload by name says what is asked, and how much at once; give one'),
  ),
  ...(['concurrency', 'outputTokens'] as const).map(
    (name): Rule =>
      (given) =>
        given[name] !== undefined && given.workload?.some((workload) => !isMatrix(workload))
          ? clash(name, 'workload', 'the workload has its own; only that of vllm-rust can be given others')
          : undefined,
  ),
  (given) =>
    given.traceLevel !== undefined && given.stream !== false
      ? alone('traceLevel', 'asks for what servers add to whole answers only; add --no-stream')
      : undefined,
  needs('failOnQuality', ['validate'], 'is about answers that are judged; say how with --validate'),
  needs('start', ['url'], 'starts a server, and nothing says where it will listen; add --url'),
  needs('compatOut', ['compat'], 'is where the result file of another tool goes; add --compat'),
  both('apiKeyEnv', 'apiKeyFile', 'each says where the key is; give one'),
  both('insecure', 'ca', 'without verification there is nothing to trust; give one'),
  both('proxy', 'unixSocket', 'a connection goes one way; give one'),
  ...NOT_BY_SOCKET.map(
    (name): Rule =>
      (given) =>
        isOn(given[name]) && given.transport === 'socket'
          ? clash(name, 'transport', 'the transport socket cannot do that; undici can (on Bun and Deno, fetch)')
          : undefined,
  ),
  ...(['firstTokenTimeout', 'idleTimeout'] as const).map(
    (name): Rule =>
      (given) =>
        given.stream === false && given[name] !== undefined && given[name] > 0
          ? clash(name, 'stream', 'an answer that is not streamed comes in one piece; use --timeout')
          : undefined,
  ),
  (given) =>
    given.requests !== undefined && given.concurrency !== undefined && Math.max(...given.concurrency) > given.requests
      ? clash(
          'concurrency',
          'requests',
          `${given.requests} requests never keep ${Math.max(...given.concurrency)} in flight`,
        )
      : undefined,
]

function clash(first: OptionName, second: OptionName, why: string): Conflict {
  return { options: [first, second], message: (other) => `contradicts ${other}: ${why}` }
}

function alone(name: OptionName, what: string): Conflict {
  return { options: [name], message: () => what }
}

function both(first: OptionName, second: OptionName, why: string): Rule {
  return (given) => (isOn(given[first]) && isOn(given[second]) ? clash(first, second, why) : undefined)
}

function needs(name: OptionName, anyOf: readonly OptionName[], what: string): Rule {
  return (given) =>
    given[name] !== undefined && anyOf.every((other) => given[other] === undefined) ? alone(name, what) : undefined
}

function isOn(value: unknown): boolean {
  return value !== undefined && value !== false
}
