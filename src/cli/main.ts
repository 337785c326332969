#!/usr/bin/env node
/** The command, on every runtime. It loads only the part that is asked for, so that `bench --version` is quick. */
import process from 'node:process'
import { TOOL_VERSION } from '../core/version.ts'

const summaries = {
  run: 'Measure a server',
  sweep: 'Measure load after load: saturation, knee, and the highest load that meets --slo',
  report: 'Recompute and show a run from its folder',
  explain: 'Show a run as other tools would have measured it, and why they differ',
  score: 'Score results against a contract',
  compare: 'Compare two results',
  eval: 'Measure the quality of answers by lm-evaluation-harness',
  calibrate: 'Measure the error of this client, load by load',
  mock: 'Start a mock inference server',
  cpu: "Serve a GGUF model on this machine's CPU",
  test: 'Ask questions and check the answers',
  dataset: 'Write a data set of made-up prompts',
  list: 'List adapters, plugins, schedules, metrics, limits and formats',
  new: 'Write a new adapter or plugin from a template',
} as const

type Name = keyof typeof summaries

const loaders: { readonly [K in Name]: () => Promise<{ readonly default: import('citty').CommandDef }> } = {
  run: () => import('./run.ts'),
  sweep: () => import('./sweep.ts'),
  report: () => import('./report.ts'),
  explain: () => import('./explain.ts'),
  score: () => import('./score.ts'),
  compare: () => import('./compare.ts'),
  eval: () => import('./eval.ts'),
  calibrate: () => import('./calibrate.ts'),
  mock: () => import('./mock.ts'),
  cpu: () => import('./cpu.ts'),
  test: () => import('./test.ts'),
  dataset: () => import('./dataset.ts'),
  list: () => import('./list.ts'),
  new: () => import('./new.ts'),
}

const overview = `inferbench ${TOOL_VERSION}: load-test LLM inference servers, and know how far to trust the numbers

usage: bench COMMAND [options]

Commands
${Object.entries(summaries)
  .map(([name, summary]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

bench COMMAND --help shows the options of a command; bench run alone measures a mock server.
`

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') return print(overview)
  if (name === '--version' || name === '-v' || name === '-V' || name === 'version') return print(`${TOOL_VERSION}\n`)
  if (name === 'help') return main([rest[0] ?? '--help', ...(rest[0] === undefined ? [] : ['--help'])])
  if (!Object.hasOwn(loaders, name)) throw await unknownCommand(name)
  const [{ runCommand }, { default: command }] = await Promise.all([import('citty'), loaders[name as Name]()])
  let code = 1
  await runCommand(command, { rawArgs: rest, data: (given: number) => (code = given) })
  return code
}

async function unknownCommand(name: string): Promise<Error> {
  const [{ BenchError }, { suggestName }] = await Promise.all([
    import('../core/errors.ts'),
    import('../core/nearest.ts'),
  ])
  if (name.startsWith('-')) {
    const flag = name.replace(/=.*$/s, '')
    return new BenchError('usage', `${flag} stands before its command; write: bench run ${flag} ...`)
  }
  return new BenchError('usage', `there is no command "${name}"${suggestName(name, Object.keys(loaders))}`)
}

async function print(text: string): Promise<number> {
  await new Promise((resolve) => process.stdout.write(text, resolve))
  return 0
}

async function leave(thrown: unknown): Promise<never> {
  const { describeFailure } = await import('./errors.ts')
  const failure = describeFailure(thrown)
  await new Promise((resolve) => process.stderr.write(failure.text, resolve))
  process.exit(failure.code)
}

process.stdout.on('error', () => {})
// What is thrown where nobody waits for it: still one line, and no secret in it.
process.on('uncaughtException', leave)
process.on('unhandledRejection', leave)

const code = await main(process.argv.slice(2)).catch(leave)
// Not by itself: a socket or a timer that something left open must not keep a finished command alive.
process.exit(code)
