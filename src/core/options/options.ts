/** What a run can be told: the same words as flags of `bench run`, in a config file, and in the library. */
import type { Adapter } from '../adapter.ts'
import type { ArrivalPlan, RateStage } from '../arrival/mod.ts'
import type { TransportOptions } from '../platform.ts'
import type { MetricPlugin } from '../plugin.ts'
import type { ProfileName } from '../profile.ts'
import type { Spread } from '../units.ts'
import type { LimitChange } from '../verdict/mod.ts'
import type { WorkloadName } from './workloads.ts'

type OneOrMore<Value> = Value | readonly Value[]
type NumberText = number | string

/** A stage as a config file may spell it out; `'10:30s'` and `'10-50:1m'` say the same. */
export type StageInput =
  | string
  | { readonly rate: number; readonly duration: string }
  | { readonly from: number; readonly to: number; readonly duration: string }

export type PromptProfile = 'micro' | 'short' | 'medium' | 'long'

/** Tools that people come from, whose files and defaults are kept. */
export const OLD_TOOLS = ['gateway', 'probador', 'sagellm', 'vllm-rust'] as const
export type OldTool = (typeof OLD_TOOLS)[number]

/** By plugin, then by option: `{ gpu: { every: '100ms' } }`; or as `'gpu.every=100ms'`. */
export type PluginOptionsInput = string | PluginOptionsByPlugin | readonly (string | PluginOptionsByPlugin)[]
type PluginOptionsByPlugin = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>

export type TraceLevel = 'brick' | 'step' | 'layer'
export type RequiredVerdict = 'valid' | 'suspect'
export type ArrivalName = 'constant' | 'poisson' | 'gamma'
export type Connections = TransportOptions['connections']

/**
 * The options as people write them. All may be left out. Durations carry their unit (`'500ms'`, `'10s'`); lengths are in
 * tokens and may have a spread (`'128±32'`); a list in `concurrency`, `rate`, `promptTokens` or `outputTokens` makes a
 * matrix of scenarios. `bench run --help` and the JSON Schema describe each; relative paths in a config file start at the file.
 */
export interface RunOptions {
  /** Name, path or npm package of an adapter; in a program also the adapter itself. */
  readonly adapter?: string | Adapter
  /** Base URL, with or without `/v1`, with or without a path prefix. */
  readonly url?: string
  /** Asked of the server when absent. */
  readonly model?: string
  readonly endpoint?: 'chat' | 'completions'
  readonly stream?: boolean
  readonly temperature?: NumberText
  /** Name of an environment variable, never the key itself. */
  readonly apiKeyEnv?: string
  readonly apiKeyFile?: string
  /** `['Name: value']` or `{ Name: 'value' }`. */
  readonly headers?: string | readonly string[] | Readonly<Record<string, string>>
  /** `['key=json']` or an object: more members of every request body; they win. */
  readonly body?: string | readonly string[] | Readonly<Record<string, unknown>>
  readonly readyTimeout?: NumberText
  /** A command line that starts the server at `url`; it is ended with the run. */
  readonly start?: string
  /** With `runs`: start the server afresh for each. */
  readonly restart?: boolean

  /** Requests in flight (closed loop); one scenario each. */
  readonly concurrency?: OneOrMore<NumberText>
  /** Requests a second (open loop); one scenario each. */
  readonly rate?: OneOrMore<NumberText>
  readonly arrival?: ArrivalName
  readonly burstiness?: NumberText
  readonly stages?: OneOrMore<StageInput>
  /** File of instants, ms, one a line. */
  readonly replay?: string
  readonly maxInFlight?: NumberText
  readonly requests?: NumberText
  readonly duration?: NumberText
  /** Requests (`16`) or time (`'5s'`); 0 is none. */
  readonly warmup?: NumberText
  readonly drain?: NumberText
  readonly seed?: NumberText
  /** Measure all scenarios so many times. */
  readonly runs?: NumberText
  /** Time between two of them. */
  readonly cooldown?: NumberText

  readonly promptTokens?: OneOrMore<NumberText>
  readonly outputTokens?: OneOrMore<NumberText>
  readonly sharedPrefix?: NumberText
  readonly forceLength?: boolean
  /** JSONL file. */
  readonly dataset?: string
  /** Path of a `tokenizer.json`. */
  readonly tokenizer?: string
  /** Lengths by name: `micro`, `short`, `medium`, `long`. */
  readonly promptProfile?: string | readonly string[]
  /** YAML file of prompts. */
  readonly promptFile?: string
  /** Lengths, loads and numbers of requests by name: `year1`, `Q1`, `streaming`, `vllm-rust`, ... */
  readonly workload?: string | readonly string[]

  readonly connectTimeout?: NumberText
  readonly headersTimeout?: NumberText
  readonly firstTokenTimeout?: NumberText
  readonly idleTimeout?: NumberText
  readonly timeout?: NumberText

  /** Threads that carry the load: `auto`, or a number; 0: the main thread does. */
  readonly threads?: NumberText | 'auto'
  readonly transport?: string
  readonly connections?: Connections
  /** The command calibrates its client first, unless that was done in the last day. */
  readonly calibrate?: boolean
  readonly insecure?: boolean
  /** PEM file. */
  readonly ca?: string
  readonly proxy?: string
  readonly unixSocket?: string
  readonly http2?: boolean

  /** `'ttft=200ms,tpot=30ms'`. */
  readonly slo?: string | readonly string[]
  /** `basic`, `contains:TEXT` or `pattern:REGEX`: what every answer is judged by. */
  readonly validate?: string
  /** A TPOT above so many times the median is a spike. */
  readonly spikeThreshold?: NumberText
  /** Ask the server where its time goes; only of answers that are not streamed. */
  readonly traceLevel?: TraceLevel
  /** Layers of the model: gives the time of one. */
  readonly numLayers?: NumberText
  /** Share of answers that must pass, from 0 to 1. */
  readonly failOnQuality?: NumberText
  /** `['ttft.p99<500ms', 'errors<1%']`. */
  readonly gates?: string | readonly string[]
  /** The verdict that the run must have at least; else the command exits with 4. */
  readonly require?: RequiredVerdict
  /** Other limits of the verdict: `['timer-lateness=5']`, `{ 'timer-lateness': 5 }` or `{ errors: { suspect: 5, invalid: 50 } }`. */
  readonly verdictLimits?: string | readonly string[] | Readonly<Record<string, NumberText | LimitChange>>
  readonly plugins?: string | MetricPlugin | readonly (string | MetricPlugin)[]
  /** Plugins that shall not run, though they would unasked; `all` of those. */
  readonly noPlugins?: string | readonly string[]
  readonly pluginOptions?: PluginOptionsInput
  /** Time before the first and after the last request in which nothing is sent. */
  readonly idle?: NumberText
  /** What an hour of one GPU costs, and a kilowatt hour, in a currency of your own; grams of CO2 a kilowatt hour. */
  readonly priceGpuHour?: NumberText
  readonly priceKwh?: NumberText
  readonly gco2Kwh?: NumberText
  /** Whose definitions the shown figures follow; what is written to the folder, and judged, follows ours. */
  readonly definitions?: ProfileName

  /** Folder of the run. In a program, null writes nothing. */
  readonly out?: string | null
  readonly saveText?: boolean
  /** The command writes gates and failures to this file as JUnit XML. */
  readonly junit?: string
  /** The command writes a page of the run, for a browser. */
  readonly html?: string
  /** Also the result files of an older tool, with its defaults and its exit codes. */
  readonly compat?: OldTool
  readonly compatOut?: string
  /** The command prints the summary as JSON, and nothing else, on standard output. */
  readonly json?: boolean
}

/** {@link RunOptions}, read and checked one by one and against each other. Still without defaults and files. */
export interface CheckedOptions {
  readonly promptProfile?: readonly PromptProfile[]
  readonly promptFile?: string
  readonly workload?: readonly WorkloadName[]
  readonly validate?: string
  readonly failOnQuality?: number
  readonly spikeThreshold?: number
  readonly traceLevel?: TraceLevel
  readonly numLayers?: number
  readonly restart?: boolean
  readonly runs?: number
  readonly cooldown?: number
  readonly adapter?: string | Adapter
  readonly url?: string
  readonly start?: string
  readonly model?: string
  readonly endpoint?: 'chat' | 'completions'
  readonly stream?: boolean
  readonly temperature?: number
  readonly apiKeyEnv?: string
  readonly apiKeyFile?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: Readonly<Record<string, unknown>>
  /** All of these are ms. */
  readonly readyTimeout?: number
  readonly duration?: number
  readonly drain?: number
  readonly connectTimeout?: number
  readonly headersTimeout?: number
  readonly firstTokenTimeout?: number
  readonly idleTimeout?: number
  readonly timeout?: number
  readonly concurrency?: readonly number[]
  readonly rate?: readonly number[]
  readonly arrival?: Exclude<ArrivalPlan['kind'], 'closed' | 'stages' | 'replay'>
  readonly burstiness?: number
  readonly stages?: readonly RateStage[]
  readonly replay?: string
  readonly maxInFlight?: number
  readonly requests?: number
  readonly warmup?: { readonly requests: number } | { readonly ms: number }
  readonly seed?: number
  readonly promptTokens?: readonly Spread[]
  readonly outputTokens?: readonly Spread[]
  readonly sharedPrefix?: number
  readonly forceLength?: boolean
  readonly dataset?: string
  readonly tokenizer?: string
  readonly threads?: number | 'auto'
  readonly transport?: string
  readonly connections?: Connections
  readonly calibrate?: boolean
  readonly insecure?: boolean
  readonly ca?: string
  readonly proxy?: string
  readonly unixSocket?: string
  readonly http2?: boolean
  readonly slo?: readonly string[]
  readonly gates?: readonly string[]
  readonly require?: RequiredVerdict
  /** A number is the limit for SUSPECT, that for INVALID keeps its ratio to it. Codes may be those of plugins, and are checked with them. */
  readonly verdictLimits?: Readonly<Record<string, number | LimitChange>>
  readonly plugins?: readonly (string | MetricPlugin)[]
  readonly noPlugins?: readonly string[]
  /** By plugin, then by name; checked with the plugins. May hold secrets. */
  readonly pluginOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** ms */
  readonly idle?: number
  readonly priceGpuHour?: number
  readonly priceKwh?: number
  readonly gco2Kwh?: number
  readonly definitions?: ProfileName
  readonly out?: string | null
  readonly saveText?: boolean
  readonly junit?: string
  readonly html?: string
  readonly compat?: OldTool
  readonly compatOut?: string
  readonly json?: boolean
}

export type OptionName = keyof RunOptions
