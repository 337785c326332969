/**
 * What `bench report` costs on a long log: time and peak memory for a run of a million answers of 64 tokens.
 *
 *     npm run bench:million
 *     npm run bench:million -- --records 100000 --runtimes node --flags=--no-gaps
 *
 * The folder comes from a real run against the mock; its log is written again with as many records as asked for, about
 * 850 bytes each, in a temporary folder that is removed at the end. With `--folder DIR` it is kept there, and used again.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeRandom } from '../../src/core/stats/random.ts'
import { commands } from './processes.ts'

const TOKENS = 64
const LINES_A_WRITE = 1000

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    runtimes: { type: 'string', default: 'node,bun,deno' },
    flags: { type: 'string', default: '' },
    folder: { type: 'string' },
  },
})

const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'inferbench-million-'))
const run = join(folder, 'run')
const log = join(run, 'records.jsonl')
try {
  if (!existsSync(log)) {
    makeRun()
    await writeRecords(Number(options.records), JSON.parse(readFileSync(log, 'utf8').split('\n')[0]!))
  }
  console.log(`${options.records} records of ${TOKENS} tokens, ${Math.round(statSync(log).size / 1e6)} MB`)
  for (const runtime of options.runtimes.split(',')) console.log(await measure(runtime))
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
}

/** One answer, with everything around it that a report needs. */
function makeRun(): void {
  const [file, ...args] = commands.node!
  const load = ['--requests', '1', '--warmup', '0', '--output-tokens', `${TOKENS}`]
  const { status, stderr } = spawnSync(file!, [...args, 'run', ...load, '--out', run], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the run for the template failed: ${stderr}`)
}

interface Template {
  readonly events: { readonly us: readonly number[] }
}

async function writeRecords(count: number, template: Template): Promise<void> {
  const random = makeRandom(1, 'million')
  const file = createWriteStream(log)
  const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000
  for (let start = 0; start < count; start += LINES_A_WRITE) {
    const lines: string[] = []
    for (let n = start; n < Math.min(count, start + LINES_A_WRITE); n++) {
      const sentAt = roundMs(n + random.uniform())
      // As many events as the template has: a role may come before the tokens, and usage after them.
      const us = template.events.us.map((_, index) =>
        Math.round(Math.abs((index ? 10_000 : 50_000) + 500 * random.normal())),
      )
      const lastAt = sentAt + us.reduce((sum, gap) => sum + gap, 0) / 1000
      const record = {
        ...template,
        n,
        id: `${n}-million`,
        dueAt: roundMs(sentAt - 0.1),
        sentAt,
        headersAt: roundMs(sentAt + 40),
        endAt: roundMs(lastAt),
        events: { ...template.events, us },
      }
      lines.push(`${JSON.stringify(record)}\n`)
    }
    if (!file.write(lines.join(''))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
}

async function measure(runtime: string): Promise<string> {
  const [file, ...args] = commands[runtime]!
  const startedAt = performance.now()
  const flags = options.flags.split(' ').filter((flag) => flag !== '')
  const child = spawn(file!, [...args, 'report', run, '--json', ...flags], { stdio: ['ignore', 'ignore', 'inherit'] })
  let peak: number | undefined
  const watch = setInterval(() => {
    peak = readPeakMemory(child.pid) ?? peak
  }, 100)
  const [code] = await once(child, 'exit')
  clearInterval(watch)
  const seconds = (performance.now() - startedAt) / 1000
  const memory = peak === undefined ? '-' : `${Math.round(peak / 1e6)} MB`
  return `${runtime.padEnd(6)}${seconds.toFixed(1).padStart(7)} s  peak ${memory}${code === 0 ? '' : `  failed (${code})`}`
}

/** The most that the process ever held, bytes; undefined where the system does not tell, or it has ended. */
function readPeakMemory(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
