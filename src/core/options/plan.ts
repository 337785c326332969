/** From checked options to a plan that the engine can carry out without another question. */
import type { Adapter } from '../adapter.ts'
import { BenchError } from '../errors.ts'
import { parseGate } from '../metrics/gates.ts'
import { createMetricRegistry } from '../metrics/registry.ts'
import { parseSlo } from '../metrics/slo.ts'
import { suggestName } from '../nearest.ts'
import type { Repeat, RunPlan, Timeouts } from '../plan.ts'
import type { Platform, TransportOptions } from '../platform.ts'
import type { MetricPlugin } from '../plugin.ts'
import { pluginLimits } from '../verdict/mod.ts'
import { parseDataset } from '../workload/dataset.ts'
import { digestText } from '../workload/hash.ts'
import { findCommandSecrets } from './command-line.ts'
import { readCredentials, readNamedFile } from './credentials.ts'
import { type Inputs, makeScenarios } from './matrix.ts'
import type { CheckedOptions } from './options.ts'
import { planPlugins } from './plugins.ts'
import { parsePromptFile } from './prompt-file.ts'
import type { NameOption } from './read.ts'
import { parseInstants } from './replay.ts'
import { defaults } from './schema.ts'
import { readBaseUrl } from './url.ts'
import { resolveLimits } from './values-verdict.ts'
import { writeOptions } from './written.ts'

export interface PlanTools {
  readonly platform: Platform
  /** Finds an adapter by name, path or package. Rejects with a usage error that knows the nearest name. */
  loadAdapter(specifier: string): Promise<Adapter>
  loadPlugin(specifier: string): Promise<MetricPlugin>
  /** Names of the plugins that come with us. Absent: they are not known. */
  listPlugins?(): Promise<readonly string[]>
  /** Those of them that run unasked. Absent: none shall. */
  loadAutoPlugins?(): Promise<readonly MetricPlugin[]>
  /** How errors call an option; `option "rate"` when absent. */
  readonly nameOption?: NameOption
}

/**
 * Completes options: reads the files that they name, finds adapter and plugins, fills in defaults, multiplies lists out.
 * Sends nothing. Throws `BenchError('usage' | 'unsupported')` for whatever would make the run fail for sure.
 */
export async function planRun(options: CheckedOptions, tools: PlanTools): Promise<RunPlan> {
  const { platform } = tools
  const nameOption: NameOption = tools.nameOption ?? ((key) => `option "${key}"`)
  if (options.url === undefined)
    throw new BenchError('usage', `${nameOption('url')} is missing: which server is to be measured?`)
  const { baseUrl } = readBaseUrl(options.url, nameOption('url'))
  const credentials = await readCredentials(options, platform, nameOption)
  const adapter = await load(options.adapter ?? 'openai', tools.loadAdapter)
  const { plugins, ...planned } = await planPlugins(options, tools, nameOption)
  const registry = createMetricRegistry(plugins)
  const transport = chooseTransport(options, platform, nameOption)
  const ca = options.ca === undefined ? undefined : await readCertificates(options.ca, platform, nameOption)
  const seed = options.seed ?? randomSeed()
  if (options.tokenizer !== undefined) await readTokenizer(options.tokenizer, platform, nameOption)

  return {
    adapter,
    ...(typeof options.adapter === 'object' ? {} : { adapterSource: options.adapter ?? 'openai' }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    target: {
      baseUrl,
      endpoint: options.endpoint ?? 'chat',
      stream: chooseStream(options.stream, adapter, nameOption),
      includeUsage: true,
      ...(options.model !== undefined && { model: options.model }),
      ...(credentials.apiKey !== undefined && { apiKey: credentials.apiKey }),
      headers: [
        ...credentials.headers,
        ...(options.traceLevel === undefined ? [] : [['x-trace-level', options.traceLevel] as const]),
      ],
      body: options.body ?? {},
    },
    scenarios: makeScenarios(options, await readInputs(options, platform, nameOption), seed),
    seed,
    temperature: options.temperature ?? 0,
    forceLength: options.forceLength ?? true,
    ...(options.tokenizer !== undefined && { tokenizer: options.tokenizer }),
    ...(transport !== undefined && { transport }),
    transportOptions: readTransportOptions(options, ca),
    timeouts: readTimeouts(options),
    drainMs: options.drain ?? defaults.drainMs,
    readyTimeoutMs:
      options.readyTimeout ?? (options.start === undefined ? defaults.readyTimeoutMs : defaults.startTimeoutMs),
    ...(options.start !== undefined && { start: options.start }),
    ...(options.runs !== undefined && options.runs > 1 && { repeat: planRepeat(options, options.runs) }),
    slo: parseSlo((options.slo ?? []).join(',')),
    gates: [...(options.gates ?? []), ...qualityGates(options)].map((text) => parseGate(text, registry)),
    ...(options.verdictLimits !== undefined && {
      limits: resolveLimits(options.verdictLimits, pluginLimits(plugins), nameOption('verdictLimits')),
    }),
    plugins,
    pluginSettings: planned.settings,
    ...(options.idle !== undefined && { idleMs: options.idle }),
    saveText: options.saveText ?? false,
    ...(options.validate !== undefined && { validate: options.validate }),
    ...(options.out !== undefined && { out: options.out }),
    options: writeOptions({ ...options, ...(options.pluginOptions && { pluginOptions: planned.written }) }),
    secrets: [
      ...credentials.secrets,
      ...planned.secrets,
      ...(options.start === undefined ? [] : findServerSecrets(options.start, platform)),
    ],
  }
}

function planRepeat(options: CheckedOptions, runs: number): Repeat {
  return { runs, cooldownMs: options.cooldown ?? defaults.cooldownMs, restart: options.restart ?? false }
}

function qualityGates({ failOnQuality }: CheckedOptions): readonly string[] {
  return failOnQuality === undefined ? [] : [`quality>=${Number((failOnQuality * 100).toFixed(6))}%`]
}

/** Keys that servers read from their environment, and may repeat in what they write. */
const SERVER_VARIABLES = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'VLLM_API_KEY', 'LLAMA_API_KEY', defaults.apiKeyEnv]

function findServerSecrets(command: string, platform: Platform): readonly string[] {
  const inherited = SERVER_VARIABLES.map((name) => platform.env(name)).filter((value) => value !== undefined)
  return [...findCommandSecrets(command), ...inherited]
}

async function load<Part>(given: string | Part, find: (specifier: string) => Promise<Part>): Promise<Part> {
  return typeof given === 'string' ? find(given) : given
}

function chooseStream(asked: boolean | undefined, adapter: Adapter, nameOption: NameOption): boolean {
  const streams = adapter.flags.streams !== false
  if (asked !== true || streams) return asked ?? streams
  throw new BenchError('usage', `${nameOption('stream')}: a server of the kind "${adapter.name}" answers whole only`)
}

/** Undefined: the platform's own choice. A transport that cannot do what is asked of it says so when it is opened. */
function chooseTransport(options: CheckedOptions, platform: Platform, nameOption: NameOption): string | undefined {
  const names = Object.keys(platform.transports)
  const { transport } = options
  if (transport !== undefined) {
    if (names.includes(transport)) return transport
    throw new BenchError(
      'usage',
      `${nameOption('transport')}: there is no "${transport}" on ${platform.name}${suggestName(transport, names)}`,
    )
  }
  const special = options.proxy !== undefined || options.unixSocket !== undefined || options.http2 === true
  return special ? ['undici', 'fetch'].find((name) => names.includes(name)) : undefined
}

function readTransportOptions(options: CheckedOptions, ca: string | undefined): TransportOptions {
  return {
    connections: options.connections ?? 'reuse',
    connectTimeoutMs: options.connectTimeout ?? defaults.connectTimeoutMs,
    insecure: options.insecure ?? false,
    ...(ca !== undefined && { ca }),
    ...(options.proxy !== undefined && { proxy: options.proxy }),
    ...(options.unixSocket !== undefined && { unixSocket: options.unixSocket }),
    ...(options.http2 !== undefined && { http2: options.http2 }),
  }
}

/** A limit of 0 is none. */
function readTimeouts(options: CheckedOptions): Timeouts {
  const limits = {
    headersMs: options.headersTimeout,
    firstTokenMs: options.firstTokenTimeout,
    idleMs: options.idleTimeout,
    totalMs: options.timeout ?? defaults.timeoutMs,
  }
  return {
    connectMs: options.connectTimeout ?? defaults.connectTimeoutMs,
    ...Object.fromEntries(Object.entries(limits).filter(([, ms]) => ms !== undefined && ms > 0)),
  }
}

async function readInputs(options: CheckedOptions, platform: Platform, nameOption: NameOption): Promise<Inputs> {
  const { dataset, promptFile, replay } = options
  return {
    ...(promptFile !== undefined && {
      dataset: await readRows(promptFile, parsePromptFile, platform, nameOption('promptFile')),
    }),
    ...(dataset !== undefined && { dataset: await readRows(dataset, parseDataset, platform, nameOption('dataset')) }),
    ...(replay !== undefined && { instants: await readInstants(replay, platform, nameOption('replay')) }),
  }
}

type Rows = NonNullable<Inputs['dataset']>

async function readRows(
  path: string,
  parse: (path: string, text: string) => Rows['rows'],
  platform: Platform,
  name: string,
): Promise<Rows> {
  const text = await readNamedFile(path, name, platform)
  return { kind: 'dataset', name: path.split(/[/\\]/).at(-1)!, hash: await digestText(text), rows: parse(path, text) }
}

async function readInstants(path: string, platform: Platform, name: string): Promise<readonly number[]> {
  return parseInstants(path, await readNamedFile(path, name, platform))
}

async function readCertificates(path: string, platform: Platform, nameOption: NameOption): Promise<string> {
  const text = await readNamedFile(path, nameOption('ca'), platform)
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new BenchError('usage', `${nameOption('ca')}: ${path} holds no certificate in PEM form`)
}

async function readTokenizer(path: string, platform: Platform, nameOption: NameOption): Promise<void> {
  const text = await readNamedFile(path, nameOption('tokenizer'), platform)
  try {
    JSON.parse(text)
  } catch {
    throw new BenchError(
      'usage',
      `${nameOption('tokenizer')}: ${path} is not JSON; give the tokenizer.json of the model`,
    )
  }
}

/** Six digits: short enough to be read out, and to be typed after --seed. */
function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000
}
