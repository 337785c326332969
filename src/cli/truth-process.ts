/**
 * A process that is a truth server, told what to be by the JSON of its first argument ({@link TruthProcessOptions}). Its first
 * line is the URL. `GET /log` takes what it has sent since the last time; with `log` it goes to that file instead when the
 * process ends, by the end of its standard input or by SIGTERM, and its lateness is said on standard error. Several
 * processes share the port, and each writes a log of its own: `LOG.1`, `LOG.2`, ...
 */
import cluster from 'node:cluster'
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { createTruthServer, formatAnswer, type SentAnswer } from '../platform/truth-server.ts'

/** See `TruthOptions` for what the numbers mean. */
export interface TruthProcessOptions {
  readonly port?: number
  readonly firstMs?: number
  readonly gapMs?: number
  readonly events?: number
  readonly log?: string
  readonly processes?: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as TruthProcessOptions
const { port = 0, firstMs = 50, gapMs = 10, events = 0, log, processes = 1 } = options

function whenEnded(end: () => void): void {
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

/** Also ends when whoever started it has gone. */
function watchInput(end: () => void): void {
  process.stdin.resume()
  process.stdin.once('end', end)
  process.stdin.once('error', end)
}

async function serve(file: string | undefined): Promise<{ readonly port: number; end(): void }> {
  // Formatted when it is asked for: at the end of a wave of answers that would delay the next.
  let answers: SentAnswer[] = []
  const takeLog = (): string => {
    const text = answers.map(formatAnswer).join('')
    answers = []
    return text
  }
  const server = await createTruthServer({
    port,
    firstMs,
    gapMs,
    events,
    log: (answer) => void answers.push(answer),
    ...(file === undefined && { takeLog }),
  })
  const end = (): void => {
    if (file !== undefined) writeFileSync(file, takeLog())
    const { events: sent, late, maxMs } = server.lateness()
    const share = sent === 0 ? 0 : (100 * late) / sent
    process.stderr.write(
      `truth: ${sent} events, ${share.toFixed(2)} % sent more than 1 ms late, at most ${maxMs.toFixed(1)} ms\n`,
    )
    process.exit(0)
  }
  return { port: server.port, end }
}

if (cluster.isPrimary && processes > 1) {
  for (let place = 1; place <= processes; place++)
    cluster.fork(log === undefined ? {} : { INFERBENCH_TRUTH_LOG: `${log}.${place}` })
  let ready = 0
  cluster.on('listening', (_, address) => {
    if (++ready === processes) console.log(`http://127.0.0.1:${address.port}`)
  })
  const end = (): void => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  }
  cluster.on('exit', () => {
    if (Object.keys(cluster.workers ?? {}).length === 0) process.exit(0)
  })
  whenEnded(end)
  watchInput(end)
} else {
  const server = await serve(process.env.INFERBENCH_TRUTH_LOG ?? log)
  whenEnded(server.end)
  if (cluster.isPrimary) {
    console.log(`http://127.0.0.1:${server.port}`)
    watchInput(server.end)
  } else {
    process.once('disconnect', server.end)
  }
}
