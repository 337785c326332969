/** The server that a run starts for itself: refused where the port is busy, watched while it serves, ended with the run. */
import { BenchError } from '../errors.ts'
import { hideCommandSecrets } from '../options/command-line.ts'
import type { Supervised, SupervisedEnd, Transport } from '../platform.ts'
import type { ColdStart, ManifestServer } from '../run.ts'
import { roundToMicros } from '../units.ts'
import { type Readiness, waitUntilReady } from './discover.ts'
import { ask } from './probe.ts'
import type { Session } from './session.ts'

/** For a server that is told to end, before it is made to. */
const GRACE_MS = 5_000
/** Whoever listens on the port accepts at once. */
const BUSY_TIMEOUT_MS = 2_000
const SHOWN_LINES = 5
const SHOWN_CHARACTERS = 600

export interface OwnServer {
  /** What the manifest says of it; undefined where the run starts none. */
  readonly description: ManifestServer | undefined
  /** Of the process group that runs now; undefined where none does. */
  readonly pid: number | undefined
  /** Starts it, and returns when it is ready. With `run`, the repetition that it is started for. */
  start(say: (line: string) => void, run?: number): Promise<void>
  /** Ends its whole process group. May be called at any time. */
  stop(): Promise<void>
}

/** `folder`: where its log goes; absent: nowhere. Without `plan.start` there is no server, and nothing happens. */
export function openServer(session: Session, transport: Transport, folder: string | undefined): OwnServer {
  const { plan, platform } = session
  const command = plan.start
  if (command === undefined) {
    return { description: undefined, pid: undefined, start: async () => {}, stop: async () => {} }
  }
  const { supervise } = platform
  if (supervise === undefined) {
    throw new BenchError(
      'unsupported',
      `--start: this runtime or system cannot end all that a command leaves behind; start the server yourself and give its --url`,
    )
  }
  const target = { ...plan.target, model: plan.target.model ?? '' }
  const log = folder === undefined ? undefined : platform.files?.join(folder, 'server.log')
  const coldStarts: ColdStart[] = []
  let server: Supervised | undefined
  let ready = false

  const tellEnd = (end: SupervisedEnd): void => {
    const when = ready ? 'during the run' : 'before it was ready'
    const kept = ready ? '; what was measured before is kept' : ''
    session.fail(new BenchError('run-failed', `the server ${describeExit(end)} ${when}${quote(end, log)}${kept}`))
  }

  return {
    description: {
      command: session.scrub(hideCommandSecrets(command)),
      probes: (plan.adapter.ready ?? []).map((probe) => describeProbe(probe.request(target))),
      coldStarts,
    },
    get pid() {
      return server?.pid
    },
    async start(say, run) {
      ready = false
      await requireFreePort(session, transport)
      const started = await supervise({
        command,
        secrets: plan.secrets,
        graceMs: GRACE_MS,
        ...(log === undefined
          ? {}
          : { log: run === undefined || run === 1 ? log : log.replace(/\.log$/, `-${run}.log`) }),
      })
      server = started
      started.exited.then((end) => {
        if (server === started) tellEnd(end)
      })
      const readiness = await waitUntilReady(plan, target, platform, transport, say, session.stop).catch((thrown) => {
        throw nameLog(thrown, log)
      })
      ready = true
      coldStarts.push({ ...describeColdStart(started, readiness), ...(run === undefined ? {} : { run }) })
    },
    async stop() {
      const current = server
      server = undefined
      await current?.stop()
    },
  }
}

/** A server that runs there already would be measured instead of the one that is started. */
async function requireFreePort(session: Session, transport: Transport): Promise<void> {
  const { plan, platform } = session
  const { baseUrl } = plan.target
  const spec = { method: 'GET', url: `${baseUrl}/`, headers: [], framing: 'json' } as const
  const outcome = await ask(platform, transport, spec, BUSY_TIMEOUT_MS, session.stop)
  if (outcome.kind === 'failed' && (outcome.error.stage === 'connect' || outcome.error.code === 'ABORTED')) return
  if (outcome.kind === 'failed' && outcome.error.stage === 'dns') {
    throw new BenchError('usage', `--url: ${outcome.error.message}; name the address at which the server will listen`)
  }
  throw new BenchError(
    'usage',
    `${baseUrl} is busy: something listens there already, and would be measured in place of what --start starts; end it, or choose another port for both --url and the command`,
  )
}

/** Why it is not ready stands in its log, if anywhere. */
function nameLog(thrown: unknown, log: string | undefined): unknown {
  if (!(thrown instanceof BenchError) || log === undefined) return thrown
  return new BenchError(thrown.code, `${thrown.message}; its log is ${log}`, { cause: thrown })
}

function describeColdStart(server: Supervised, { readyAt, notReadyAt }: Readiness): ColdStart {
  return {
    coldStartMs: roundToMicros(readyAt - server.startedAt),
    // It became ready at some time between the last question that it did not answer well and the answer.
    resolutionMs: roundToMicros(readyAt - Math.max(server.startedAt, notReadyAt ?? server.startedAt)),
  }
}

function describeProbe({ method, url }: { readonly method: string; readonly url: string }): string {
  return `${method} ${new URL(url).pathname}`
}

function describeExit({ code, signal }: SupervisedEnd): string {
  return signal === null ? `ended with code ${code ?? 'unknown'}` : `was ended by ${signal}`
}

/** The last of what it wrote, on one line. */
function quote({ lastLines, code }: SupervisedEnd, log: string | undefined): string {
  const said = lastLines.map((line) => line.trim()).filter((line) => line !== '')
  const where = log === undefined ? '' : ` (${log})`
  if (said.length === 0) {
    const hint = code === 0 ? '; the command must stay until the server ends' : ''
    return `, and wrote nothing${where}${hint}`
  }
  const shown = said.slice(-SHOWN_LINES).join(' | ')
  return `; its last lines${where}: ${shown.length > SHOWN_CHARACTERS ? `…${shown.slice(-SHOWN_CHARACTERS)}` : shown}`
}
