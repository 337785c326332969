/**
 * A process that is a truth server: `truth-process PORT FIRST_MS GAP_MS EVENTS LOG [PROCESSES]`. Its first line is the URL.
 * With several processes they share the port, and each writes a log of its own: `LOG.1`, `LOG.2`, ... It ends with its
 * standard input or on SIGTERM, after the logs are written and its lateness is said on standard error.
 */
import cluster from 'node:cluster'
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { createTruthServer } from '../platform/truth-server.ts'

const [port = 0, firstMs = 50, gapMs = 10, events = 200] = process.argv.slice(2, 6).map(Number)
const log = process.argv[6] ?? ''
const processes = Number(process.argv[7] ?? 1)

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

async function serve(file: string): Promise<{ readonly port: number; end(): void }> {
  const lines: string[] = []
  const server = await createTruthServer({ port, firstMs, gapMs, events, log: (line) => void lines.push(line) })
  const end = (): void => {
    if (file !== '') writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
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
  for (let place = 1; place <= processes; place++) cluster.fork({ INFERBENCH_TRUTH_LOG: log && `${log}.${place}` })
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
