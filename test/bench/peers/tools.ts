/** Who is measured: how to find each, what to ask of it, and where it leaves its figures. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { commands, findInstalled } from '../processes.ts'
import { type Reported, readAiperf, readBare, readGuidellm, readOurs, readVllm } from './reports.ts'

/** A closed loop: so many streams, until so many requests were answered. */
export interface Load {
  readonly url: string
  readonly streams: number
  readonly requests: number
  readonly events: number
  /** Empty, and the tool's own. */
  readonly folder: string
  /** Of a tokenizer: some tools start with none. */
  readonly tokenizer: string
}

export interface Tool {
  readonly name: string
  /** Absent: not installed here, with the reason. */
  readonly missing?: string
  readonly env?: Readonly<Record<string, string>>
  command(load: Load): readonly string[]
  read(folder: string): Reported
}

/** Where peers are looked for besides PATH: folders, as in PATH. */
const FOLDERS = 'INFERBENCH_PEERS'

/** Ours on each runtime. */
export const ours: readonly Tool[] = Object.entries(commands).map(([runtime, command]) => ({
  name: runtime,
  command: ({ url, streams, requests, events, folder }) => [
    ...[...command, 'run', '--adapter', 'openai', '--url', url, '--model', 'mock-model'],
    ...['--concurrency', `${streams}`, '--requests', `${requests}`, '--warmup', '0'],
    ...['--prompt-tokens', '32', '--output-tokens', `${events}`, '--out', join(folder, 'run'), '--json'],
  ],
  read: (folder) => readOurs(readFileSync(join(folder, 'run/records.jsonl'), 'utf8')),
}))

/** What the sockets of each runtime can reach. `scripts` holds them as JavaScript, which Node 20 needs. */
export function makeBareClients(scripts: string): readonly Tool[] {
  const net = join(scripts, 'net.js')
  const deno = [findInstalled('deno'), 'run', '-A']
  const make = (name: string, command: readonly string[]): Tool => ({
    name,
    command: ({ url, streams, requests, folder }) => [
      ...command,
      ...[url, `${streams}`, `${requests}`, join(folder, 'bare.json')],
    ],
    read: (folder) => readBare(readFileSync(join(folder, 'bare.json'), 'utf8')),
  })
  return [
    make('bare-net-node', ['node', net]),
    make('bare-net-bun', [findInstalled('bun'), net]),
    make('bare-net-deno', [...deno, net]),
    make('bare-deno', [...deno, join(scripts, 'deno.js')]),
  ]
}

const offline = { HF_HUB_OFFLINE: '1' }

/** Other people's. */
export const peers: readonly Tool[] = [
  findPeer('vllm-rs', offline, vllmCommand, readVllmFolder),
  findPeer('vllm', offline, vllmCommand, readVllmFolder),
  // It refuses a local tokenizer where HF_HUB_OFFLINE is set.
  findPeer('aiperf', {}, aiperfCommand, (folder) =>
    readAiperf(readFileSync(join(folder, 'profile_export.jsonl'), 'utf8')),
  ),
  findPeer('guidellm', offline, guidellmCommand, (folder) =>
    readGuidellm(readFileSync(join(folder, 'guidellm.json'), 'utf8')),
  ),
]

function vllmCommand(file: string, { url, streams, requests, events, folder, tokenizer }: Load): readonly string[] {
  return [
    ...[file, 'bench', 'serve', '--backend', 'openai-chat', '--endpoint', '/v1/chat/completions', '--base-url', url],
    ...['--model', 'mock-model', '--tokenizer', tokenizer, '--dataset-name', 'random', '--random-input-len', '32'],
    ...['--random-output-len', `${events}`, '--num-prompts', `${requests}`, '--max-concurrency', `${streams}`],
    ...['--save-result', '--save-detailed', '--result-dir', folder, '--disable-tqdm', '--ignore-eos'],
  ]
}

function readVllmFolder(folder: string): Reported {
  const file = readdirSync(folder).find((name) => name.endsWith('.json'))
  if (file === undefined) throw new Error('it left no result')
  return readVllm(readFileSync(join(folder, file), 'utf8'))
}

function aiperfCommand(file: string, { url, streams, requests, events, folder, tokenizer }: Load): readonly string[] {
  return [
    ...[file, 'profile', '-m', 'mock-model', '--tokenizer', tokenizer, '--endpoint-type', 'chat', '--streaming'],
    ...['-u', url, '--concurrency', `${streams}`, '--request-count', `${requests}`],
    ...['--prompt-input-tokens-mean', '32', '--prompt-input-tokens-stddev', '0'],
    ...['--prompt-output-tokens-mean', `${events}`, '--output-artifact-dir', folder, '--ui', 'none'],
    ...['--no-gpu-telemetry', '--no-server-metrics', '--export-level', 'records'],
  ]
}

function guidellmCommand(file: string, { url, streams, requests, events, folder, tokenizer }: Load): readonly string[] {
  return [
    ...[file, 'run', '--backend', `kind=openai_http,target=${url},model=mock-model`],
    ...['--profile', `kind=concurrent,streams=${streams}`, '--constraint', `kind=max_requests,count=${requests}`],
    ...['--tokenizer', `kind=huggingface_auto,model=${tokenizer}`],
    ...['--data', `kind=synthetic_text,prompt_tokens=32,output_tokens=${events}`],
    ...['--output', `kind=json,path=${join(folder, 'guidellm.json')}`, '--disable-console-interactive'],
  ]
}

function findPeer(
  name: string,
  env: Readonly<Record<string, string>>,
  command: (file: string, load: Load) => readonly string[],
  read: (folder: string) => Reported,
): Tool {
  const file = findProgram(name)
  return {
    name,
    ...(file === undefined ? { missing: `${name} is neither on PATH nor in a folder of ${FOLDERS}` } : {}),
    env,
    command: (load) => command(file ?? name, load),
    read,
  }
}

function findProgram(name: string): string | undefined {
  const folders = `${process.env[FOLDERS] ?? ''}${delimiter}${process.env.PATH ?? ''}`.split(delimiter)
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
