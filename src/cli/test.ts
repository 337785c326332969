/** `bench test`: questions with known answers, one after the other. */
import type { CommandDef } from 'citty'
import { run } from '../core/engine/run.ts'
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions } from '../core/options/mod.ts'
import { parseCaseFile, type TestCase } from '../core/options/prompt-file.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import type { RequestRecord } from '../core/record.ts'
import { escapeTerminal } from '../core/report/escape.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { describeFailure, scrub } from './errors.ts'
import { exit } from './exit.ts'
import type { Flags } from './flags.ts'
import { makePlan } from './plan.ts'
import { type ReadRunOptions, readRunOptions, runFlags } from './run-options.ts'

/** Those of a run that say where and how to ask. */
const SHARED = [
  ...['url', 'adapter', 'model', 'endpoint', 'api-key-env', 'api-key-file', 'header', 'body', 'start'],
  ...['ready-timeout', 'timeout', 'insecure', 'ca'],
]

const flags: Flags = {
  config: {
    type: 'string',
    alias: 'c',
    valueHint: 'FILE',
    description: 'YAML file of cases: tests: [{ name, messages, expect_contains, expect_pattern, max_tokens }]',
  },
  output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'Write the results as JSON' },
  'runtime-name': { type: 'string', valueHint: 'NAME', description: 'How the results call the server' },
  compat: { type: 'string', valueHint: 'NAME', description: 'probador: exit code 1 when a case fails' },
  ...Object.fromEntries(SHARED.map((name) => [name, runFlags[name]!])),
}

const command: CommandDef = makeCommand(
  {
    name: 'test',
    summary: 'Ask questions and check the answers.',
    about:
      'Each case is asked once, not streamed. Its answer must be there, and hold what the case expects. Exit code: 0 all passed, 1 the server was not there, 2 wrong usage, 3 a case failed.',
    flags,
    examples: [
      'bench test -c cases.yaml --url http://localhost:8000',
      'bench test -c cases.yaml -u URL -o results.json',
    ],
  },
  test,
)
export default command

interface CaseResult {
  readonly name: string
  readonly passed: boolean
  /** From sending to the end; absent when nothing was sent. */
  readonly latency_ms?: number
  readonly output: string
  readonly failures: readonly string[]
}

async function test({ values, terminal }: CommandContext): Promise<number> {
  const { config, output, compat, 'runtime-name': runtimeName = 'unknown', ...rest } = values
  if (typeof config !== 'string') throw new BenchError('usage', 'bench test needs a file of cases: --config cases.yaml')
  if (compat !== undefined && compat !== 'probador') {
    throw new BenchError('usage', `--compat: there is no "${compat}"; there is probador`)
  }
  const platform = await loadPlatform()
  if (platform.files === undefined)
    throw new BenchError('unsupported', `${platform.name} has no files to read cases from`)
  const cases = parseCaseFile(config, await platform.files.readText(config))
  const read = await readRunOptions(rest, platform)
  const results: CaseResult[] = []
  const record = async (one: RequestRecord): Promise<void> => {
    const asked = cases[Number(one.item.slice('row:'.length)) - 1]
    if (asked === undefined || one.phase !== 'measure') return
    const result = judgeCase(asked, one)
    results.push(result)
    await terminal.out(scrub(`${renderCase(result)}\n`))
  }
  const { failure } = await run(await plan(read, cases, platform), platform, { record: (one) => void record(one) })
  // What was not asked any more has failed, too.
  if (failure !== undefined && results.length < cases.length) terminal.err(describeFailure(failure).text)
  const passed = results.filter((result) => result.passed).length
  const failed = cases.length - passed
  await terminal.out(`\nResults: ${passed}/${cases.length} passed, ${failed} failed\n`)
  if (typeof output === 'string') {
    const timestamp = new Date(platform.clock.epoch()).toISOString()
    const report = { runtime_name: runtimeName, timestamp, results, passed, failed, total: cases.length }
    await platform.files.writeText(output, scrub(`${JSON.stringify(report, null, 2)}\n`))
  }
  if (failed === 0) return exit.ok
  return compat === 'probador' ? exit.failed : exit.gateMissed
}

/** A load of one stream, whose rows are the cases. */
async function plan(read: ReadRunOptions, cases: readonly TestCase[], platform: Platform): Promise<RunPlan> {
  const options: CheckedOptions = {
    ...read.options,
    stream: false,
    // Answers end where the model ends them.
    forceLength: false,
    concurrency: [1],
    requests: cases.length,
    warmup: { requests: 0 },
  }
  const made = await makePlan(options, platform, read.nameOption)
  const [scenario] = made.scenarios
  const prompts = { kind: 'dataset', name: 'cases', hash: '', rows: cases.map(({ row }) => row) } as const
  return { ...made, scenarios: [{ ...scenario, prompts }], saveText: true, out: null }
}

function judgeCase({ name, contains, pattern }: TestCase, record: RequestRecord): CaseResult {
  const output = ('text' in record ? record.text : undefined) ?? ''
  const failures =
    record.outcome !== 'ok'
      ? [`request failed: ${describeOutcome(record)}`]
      : [
          ...(output.trim() === '' ? ['the answer has no content'] : []),
          ...(contains === undefined || output.includes(contains) ? [] : [`missing substring: ${contains}`]),
          ...(pattern === undefined || pattern.test(output) ? [] : [`missing pattern: ${pattern.source}`]),
        ]
  const sentAt = 'sentAt' in record ? record.sentAt : undefined
  const latency = sentAt === undefined ? {} : { latency_ms: Math.round((record.endAt - sentAt) * 1000) / 1000 }
  return { name, passed: failures.length === 0, ...latency, output, failures }
}

function describeOutcome(record: Exclude<RequestRecord, { readonly outcome: 'ok' }>): string {
  const evidence = 'error' in record && record.error !== undefined ? `: ${record.error}` : ''
  return `${record.outcome}/${record.reason}${evidence}`
}

function renderCase({ name, passed, latency_ms: ms, failures }: CaseResult): string {
  const time = ms === undefined ? '' : ` (${Math.round(ms)}ms)`
  const lines = [`  ${name} ... ${passed ? 'PASS' : 'FAIL'}${time}`, ...failures.map((failure) => `    ${failure}`)]
  return lines.map(escapeTerminal).join('\n')
}
