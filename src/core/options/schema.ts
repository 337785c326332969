/** The one schema of a run's options: `bench run`'s flags and help, config files, `run(options)` and the JSON Schema come from it. */
import * as v from 'valibot'
import { PROFILE_NAMES } from '../profile.ts'
import { type CheckedOptions, OLD_TOOLS, type OptionName, type RunOptions } from './options.ts'
import * as is from './values.ts'
import * as isDomain from './values-domain.ts'
import * as isPlugin from './values-plugins.ts'
import * as isVerdict from './values-verdict.ts'

/** Headings of the help, in order. */
export const optionGroups = [
  'Server',
  'Load',
  'Prompts and answers',
  'Time limits',
  'Transport',
  'Judging',
  'Plugins',
  'Output',
] as const
export type OptionGroup = (typeof optionGroups)[number]

/** What people and the command need to know about an option beside its values. */
export interface OptionFacts {
  readonly group: OptionGroup
  /** What stands for the value in help; a switch has none. */
  readonly hint?: string
  /** The flag without dashes, where it is not the key in kebab case: one of many is named in the singular. */
  readonly flag?: string
  /** The flag may be repeated; its values make a list. */
  readonly repeated?: true
  /** A switch that is on: what turning it off by `--no-...` does. */
  readonly off?: string
  /** A path, which in a config file is relative to that file. */
  readonly path?: true
  /** For help. */
  readonly fallback?: string
}

interface Described extends OptionFacts {
  readonly description: string
}

function option<const Schema extends v.GenericSchema>(
  schema: Schema,
  description: string,
  facts: OptionFacts,
): v.ExactOptionalSchema<Schema, undefined> {
  catalogue.set(schema, { ...facts, description })
  return v.exactOptional(schema)
}

const catalogue = new Map<v.GenericSchema, Described>()

/** Defaults that help names and `planRun` uses. */
export const defaults = {
  concurrency: 16,
  requests: 128,
  promptTokens: { mean: 128, deviation: 32 },
  outputTokens: { mean: 64, deviation: 0 },
  readyTimeoutMs: 10_000,
  /** With a server that the run starts: models take their time to load. */
  startTimeoutMs: 300_000,
  cooldownMs: 5_000,
  connectTimeoutMs: 10_000,
  timeoutMs: 600_000,
  drainMs: 30_000,
  /** Warm-up of an open schedule. */
  warmupMs: 2_000,
  apiKeyEnv: 'OPENAI_API_KEY',
} as const

const entries = {
  url: option(
    is.text('a base URL'),
    'Base URL of the server, with or without /v1. Without it a mock server is started and measured',
    { group: 'Server', hint: 'URL' },
  ),
  adapter: option(
    isDomain.adapter(),
    'How to talk to the server: a name (bench list adapters), a path or an npm package',
    { group: 'Server', hint: 'NAME', fallback: 'openai; mock without --url' },
  ),
  model: option(is.text('the name of a model'), 'Model to ask for', {
    group: 'Server',
    hint: 'NAME',
    fallback: 'the first that the server lists',
  }),
  endpoint: option(is.choice(['chat', 'completions']), 'What to ask for: chat or completions', {
    group: 'Server',
    hint: 'KIND',
    fallback: 'chat',
  }),
  stream: option(is.toggle(), 'Ask for streamed answers', {
    group: 'Server',
    off: 'Ask for whole answers instead of streams',
    fallback: 'true',
  }),
  temperature: option(is.decimal(0), 'Sampling temperature', { group: 'Server', hint: 'N', fallback: '0' }),
  apiKeyEnv: option(is.text('the name of an environment variable'), 'Environment variable that holds the API key', {
    group: 'Server',
    hint: 'NAME',
    fallback: `${defaults.apiKeyEnv} when set`,
  }),
  apiKeyFile: option(is.text('a path'), 'File that holds the API key', { group: 'Server', hint: 'FILE', path: true }),
  headers: option(isDomain.headerList(), 'Header to add to every request; repeatable', {
    group: 'Server',
    hint: '"Name: value"',
    flag: 'header',
    repeated: true,
  }),
  body: option(isDomain.bodyMembers(), 'Member to add to every request body; repeatable', {
    group: 'Server',
    hint: 'KEY=JSON',
    repeated: true,
  }),
  readyTimeout: option(is.duration(1), 'How long to wait for a server that is not ready yet', {
    group: 'Server',
    hint: 'TIME',
    fallback: '10s; 5m with --start',
  }),
  start: option(
    is.text('a command'),
    'Command that starts the server at --url: it is waited for, its output kept in server.log, and it is ended with the run',
    { group: 'Server', hint: 'COMMAND' },
  ),
  restart: option(is.toggle(), 'With --start and --runs, start the server afresh for each run', { group: 'Server' }),

  concurrency: option(is.integerList(1, 100_000), 'Requests kept in flight; a list makes one scenario each', {
    group: 'Load',
    hint: 'N[,N...]',
    fallback: `${defaults.concurrency}`,
  }),
  rate: option(
    is.aboveZeroList(isDomain.MOST_RATE),
    'Requests a second, sent whether or not earlier ones have ended; a list makes one scenario each',
    { group: 'Load', hint: 'R[,R...]' },
  ),
  arrival: option(
    is.choice(['poisson', 'constant', 'gamma']),
    'How requests follow each other at a rate: poisson, constant or gamma',
    { group: 'Load', hint: 'KIND', fallback: 'poisson' },
  ),
  burstiness: option(is.aboveZero(), 'Shape of gamma arrivals: 1 is poisson, less is burstier, more is steadier', {
    group: 'Load',
    hint: 'N',
    fallback: '1',
  }),
  stages: option(isDomain.stageList(), 'Steps and ramps of the rate, one after the other: 5:30s,5-50:1m', {
    group: 'Load',
    hint: 'STAGES',
  }),
  replay: option(is.text('a path'), 'File of instants to send at: a number of ms, or JSON with "timestamp", a line', {
    group: 'Load',
    hint: 'FILE',
    path: true,
  }),
  maxInFlight: option(
    is.integer(1, 1_000_000),
    'With a rate, most requests in flight; more wait, and the wait is recorded',
    { group: 'Load', hint: 'N', fallback: 'no limit' },
  ),
  requests: option(is.integer(1), 'Requests to measure in each scenario', {
    group: 'Load',
    hint: 'N',
    fallback: `${defaults.requests} or 4 a stream, without --duration`,
  }),
  duration: option(is.duration(1), 'How long to send for in each scenario; with --requests, whichever comes first', {
    group: 'Load',
    hint: 'TIME',
  }),
  warmup: option(isDomain.warmup(), 'Requests (16) or time (5s) before measuring; 0 is none', {
    group: 'Load',
    hint: 'N|TIME',
    fallback: 'one request a stream, or 2s of a rate',
  }),
  drain: option(is.duration(0), 'How long open requests may go on once the time is over or the run was interrupted', {
    group: 'Load',
    hint: 'TIME',
    fallback: '30s',
  }),
  seed: option(
    is.integer(0, 2 ** 31 - 1),
    'Makes prompts and schedule repeatable. A new one each time keeps prefix caches out of the numbers',
    { group: 'Load', hint: 'N', fallback: 'random, and recorded' },
  ),
  runs: option(
    is.integer(1, 1000),
    'Measure all scenarios so many times, each warmed up anew, and say how they differ',
    { group: 'Load', hint: 'N', fallback: '1' },
  ),
  cooldown: option(is.duration(0), 'With --runs, time between two of them', {
    group: 'Load',
    hint: 'TIME',
    fallback: '5s',
  }),

  promptTokens: option(
    is.tokenLengths(),
    'Length of prompts in tokens, with a spread (128±32 or 128~32); a list makes one scenario each',
    { group: 'Prompts and answers', hint: 'N[±D]', fallback: '128±32' },
  ),
  outputTokens: option(is.tokenLengths(), 'Length of answers in tokens, likewise', {
    group: 'Prompts and answers',
    hint: 'N[±D]',
    fallback: '64',
  }),
  sharedPrefix: option(is.integer(0), 'The first N tokens of every prompt are the same', {
    group: 'Prompts and answers',
    hint: 'N',
    fallback: '0: all differ from the start',
  }),
  forceLength: option(is.toggle(), 'Ask for exactly as many tokens as wanted, where the server can', {
    group: 'Prompts and answers',
    off: 'Let answers end where the model ends them',
    fallback: 'true',
  }),
  promptProfile: option(
    isDomain.promptProfiles(),
    'Lengths by name, tokens in/out: micro 10/1, short 32/32, medium 128/128, long 512/256; a list makes one scenario each',
    { group: 'Prompts and answers', hint: 'NAME' },
  ),
  promptFile: option(is.text('a path'), 'YAML file of prompts: a list of role, content, max_tokens, temperature', {
    group: 'Prompts and answers',
    hint: 'FILE',
    path: true,
  }),
  workload: option(
    isDomain.workloadNames(),
    "Lengths, streams and requests by name: sagellm's year1 (short, long, stress), query (Q1 to Q8), streaming, batch, mixed, all; vllm-rust, the matrix of its harness; a list makes them all",
    { group: 'Prompts and answers', hint: 'NAME' },
  ),
  dataset: option(is.text('a path'), 'JSONL file of prompts or messages', {
    group: 'Prompts and answers',
    hint: 'FILE',
    path: true,
  }),
  tokenizer: option(is.text('a path'), 'A tokenizer.json that counts tokens where the server does not', {
    group: 'Prompts and answers',
    hint: 'FILE',
    path: true,
  }),

  connectTimeout: option(is.duration(1), 'Limit for making a connection', {
    group: 'Time limits',
    hint: 'TIME',
    fallback: '10s',
  }),
  headersTimeout: option(is.duration(0), 'Limit from sending to the response head', {
    group: 'Time limits',
    hint: 'TIME',
    fallback: 'none',
  }),
  firstTokenTimeout: option(is.duration(0), 'Limit from sending to the first token', {
    group: 'Time limits',
    hint: 'TIME',
    fallback: 'none',
  }),
  idleTimeout: option(is.duration(0), 'Limit between tokens; comments and empty events do not count', {
    group: 'Time limits',
    hint: 'TIME',
    fallback: 'none',
  }),
  timeout: option(is.duration(0), 'Limit for the whole request; 0 is none', {
    group: 'Time limits',
    hint: 'TIME',
    fallback: '10m',
  }),

  threads: option(isDomain.threadCount(), 'Threads that carry the load; 0: the main thread does', {
    group: 'Transport',
    hint: 'N',
    fallback: 'auto',
  }),
  transport: option(is.text('the name of a transport'), 'What moves the bytes: socket, undici or fetch', {
    group: 'Transport',
    hint: 'NAME',
    fallback: 'socket; another where an option needs it',
  }),
  connections: option(
    is.choice(['reuse', 'fresh', 'open-first']),
    'reuse connections, make a fresh one for each request, or open-first: all before the load',
    { group: 'Transport', hint: 'HOW', fallback: 'reuse' },
  ),
  calibrate: option(
    is.toggle(),
    'Measure the error of this client first (about 15 s), unless that was done in the last day; see bench calibrate',
    { group: 'Transport' },
  ),
  insecure: option(is.toggle(), 'Do not verify certificates; recorded in the result', { group: 'Transport' }),
  ca: option(is.text('a path'), 'PEM file of certificate authorities to trust as well', {
    group: 'Transport',
    hint: 'FILE',
    path: true,
  }),
  proxy: option(is.text('a URL'), 'HTTP proxy', { group: 'Transport', hint: 'URL' }),
  unixSocket: option(is.text('a path'), 'Unix socket to connect to; the URL still names host and path', {
    group: 'Transport',
    hint: 'PATH',
    path: true,
  }),
  http2: option(is.toggle(), 'Use HTTP/2', { group: 'Transport' }),

  slo: option(
    is.texts('limits such as ttft=200ms,tpot=30ms,e2e=5s'),
    'What a good request meets, for goodput: ttft=200ms,tpot=30ms,e2e=5s',
    { group: 'Judging', hint: 'LIMITS', repeated: true },
  ),
  validate: option(
    isDomain.validation(),
    'Judge every whole answer: basic (it has tokens, content, an end), contains:TEXT or pattern:REGEX',
    { group: 'Judging', hint: 'RULE' },
  ),
  spikeThreshold: option(is.aboveZero(), 'A TPOT above so many times the median is counted as a spike', {
    group: 'Judging',
    hint: 'N',
    fallback: '5',
  }),
  numLayers: option(is.integer(1, 100_000), 'Layers of the model: gives the time that each takes for a token', {
    group: 'Judging',
    hint: 'N',
  }),
  traceLevel: option(
    is.choice(['brick', 'step', 'layer']),
    'Ask the server where its time goes (X-Trace-Level): brick, step or layer; with --no-stream, of servers that trace',
    { group: 'Judging', hint: 'LEVEL' },
  ),
  failOnQuality: option(
    is.decimal(0, 1),
    'With --validate, exit code 3 when a smaller share of the answers passes: 0.95',
    { group: 'Judging', hint: 'SHARE' },
  ),
  gates: option(
    is.texts("conditions such as 'ttft.p99<500ms'"),
    "What the run must meet, else exit code 3: 'ttft.p99<500ms', 'errors<1%'; repeatable",
    { group: 'Judging', hint: 'CONDITION', flag: 'gate', repeated: true },
  ),
  require: option(
    is.choice(['valid', 'suspect']),
    'The least verdict, else exit code 4: valid, or suspect (anything but INVALID)',
    { group: 'Judging', hint: 'VERDICT', fallback: 'none' },
  ),
  verdictLimits: option(
    isVerdict.limitChanges(),
    'Another limit of the verdict (bench list limits): timer-lateness=5; repeatable',
    { group: 'Judging', hint: 'CODE=N', flag: 'verdict-limit', repeated: true },
  ),
  definitions: option(
    is.choice(PROFILE_NAMES),
    `Whose definitions the figures follow that are shown: ${PROFILE_NAMES.join(', ')}; bench explain compares them`,
    { group: 'Judging', hint: 'TOOL', fallback: PROFILE_NAMES[0] },
  ),

  plugins: option(
    isDomain.pluginList(),
    'Metric plugin to add: a name (bench list plugins), a path or an npm package; repeatable',
    {
      group: 'Plugins',
      hint: 'NAME',
      flag: 'plugin',
      repeated: true,
      fallback: 'those that run unasked, where they work',
    },
  ),
  noPlugins: option(
    is.texts('ids of plugins'),
    'Plugin that shall not run although it would unasked, or all; repeatable',
    {
      group: 'Plugins',
      hint: 'ID',
      flag: 'no-plugin',
      repeated: true,
    },
  ),
  pluginOptions: option(
    isPlugin.pluginOptions(),
    'Option of a plugin (bench list plugins): gpu.every=100ms; repeatable',
    { group: 'Plugins', hint: 'ID.NAME=VALUE', flag: 'plugin-option', repeated: true },
  ),
  idle: option(
    is.duration(0),
    'Time before the first and after the last request in which nothing is sent, so that plugins see an idle server',
    { group: 'Plugins', hint: 'TIME', fallback: 'what a plugin that was asked for needs' },
  ),
  priceGpuHour: option(is.decimal(0), 'What an hour of one GPU costs, for the cost of tokens (--plugin power)', {
    group: 'Plugins',
    hint: 'N',
  }),
  priceKwh: option(is.decimal(0), 'What a kilowatt hour costs, likewise', { group: 'Plugins', hint: 'N' }),
  gco2Kwh: option(is.decimal(0), 'Grams of CO2 that a kilowatt hour stands for, likewise', {
    group: 'Plugins',
    hint: 'N',
  }),

  out: option(v.nullable(is.text('a path')), 'Folder for the run; it must not hold one yet', {
    group: 'Output',
    hint: 'FOLDER',
    path: true,
    fallback: 'a new one in bench-runs/',
  }),
  saveText: option(is.toggle(), "Keep the answers' text in the log", { group: 'Output' }),
  junit: option(is.text('a path'), 'Write gates as JUnit XML', { group: 'Output', hint: 'FILE', path: true }),
  html: option(is.text('a path'), 'Write a page of the run for a browser: one file, no network', {
    group: 'Output',
    hint: 'FILE',
    path: true,
  }),
  compat: option(
    is.choice(OLD_TOOLS),
    'Also write the result files of the tool that you come from, with its defaults and its exit codes: gateway (run_bench.py), probador (llm load), sagellm, vllm-rust (bench_serving.py)',
    { group: 'Output', hint: 'TOOL' },
  ),
  compatOut: option(is.text('a path'), "Where to write that tool's result file; a folder, where it writes several", {
    group: 'Output',
    hint: 'FILE',
    path: true,
    fallback: 'the run folder, under its own name',
  }),
  json: option(is.toggle(), 'Print the summary as JSON and nothing else', { group: 'Output' }),
} satisfies Record<OptionName, unknown>

export const runOptionsSchema: v.GenericSchema<RunOptions, CheckedOptions> = v.strictObject(entries)

/** The schema of each option's value, for the JSON Schema. */
export const optionEntries: Readonly<Record<OptionName, v.GenericSchema>> = Object.fromEntries(
  Object.entries(entries).map(([key, entry]) => [key, entry.wrapped]),
) as Record<OptionName, v.GenericSchema>

export interface OptionDescription extends Described {
  readonly key: OptionName
  /** Without dashes, and without `no-`. */
  readonly flag: string
  readonly kind: 'value' | 'switch'
}

/** Every option in the order of help. */
export const optionDescriptions: readonly OptionDescription[] = Object.entries(entries).map(([key, entry]) => {
  const described = catalogue.get(entry.wrapped)!
  return {
    ...described,
    key: key as OptionName,
    flag: described.flag ?? kebabCase(key),
    kind: described.hint === undefined ? 'switch' : 'value',
  }
})

export const optionNames: readonly OptionName[] = optionDescriptions.map(({ key }) => key)

function kebabCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
