/** What of a run goes into its fingerprint. No secret does: of headers their names, of body members what is no text. */
import type { Arrival } from '../arrival.ts'
import { DEFINITIONS_VERSION } from '../metrics/registry.ts'
import { describeSlo } from '../metrics/slo.ts'
import { hideStrings } from '../options/secrets.ts'
import type { RunPlan, ScenarioPlan } from '../plan.ts'
import type { Platform } from '../platform.ts'
import { hashText } from '../workload/hash.ts'
import type { Workload } from '../workload.ts'
import type { Discovery } from './discover.ts'
import type { FingerprintFacts } from './fingerprint.ts'

export interface FingerprintSetting {
  readonly plan: RunPlan
  readonly platform: Platform
  readonly discovery: Discovery
  /** One a scenario. */
  readonly workloads: readonly Workload[]
  /** Name of the transport in use. */
  readonly transport: string
  readonly threads: number
}

export function gatherFacts(setting: FingerprintSetting): FingerprintFacts {
  const { plan, platform, discovery, workloads, transport, threads } = setting
  const { target, facts } = discovery
  return {
    server: { adapter: plan.adapter.name, ...(facts.version === undefined ? {} : { version: facts.version }) },
    model: target.model,
    endpoint: { kind: target.endpoint, stream: target.stream },
    request: describeRequest(plan),
    scenarios: plan.scenarios.map((scenario, index) => ({
      name: scenario.name,
      workload: workloads[index]?.description ?? {},
      schedule: describeSchedule(scenario, plan.drainMs),
    })),
    seed: plan.seed,
    // What plugins watch beside the load changes nothing about it.
    definitions: { inferbench: DEFINITIONS_VERSION },
    limits: plan.slo.map((limit) => describeSlo([limit])).sort(),
    machine: describeMachine(platform),
    runtime: { name: platform.name, version: platform.version },
    transport: describeTransport(plan, transport),
    threads,
  }
}

function describeRequest({ target, temperature, forceLength, timeouts }: RunPlan): FingerprintFacts['request'] {
  const headers = target.headers.map(([name]) => name.toLowerCase()).sort()
  return {
    temperature,
    forceLength,
    ...(headers.length > 0 && { headers }),
    ...(Object.keys(target.body).length > 0 && { body: hideStrings(target.body) }),
    timeouts,
  }
}

const SEED = / seed \d+$/
const MOST_INSTANTS = 10_000

/** Without the seed, which is a part of its own. */
function describeSchedule(scenario: ScenarioPlan, drainMs: number): FingerprintFacts['request'] {
  const { arrival, requests, durationMs, maxInFlight, warmup } = scenario
  return {
    arrival: arrival.name.replace(SEED, ''),
    instants: hashInstants(arrival),
    requests,
    durationMs,
    maxInFlight,
    warmup:
      warmup.kind === 'none' ? 'none' : warmup.kind === 'time' ? `${warmup.ms} ms` : `${warmup.requests} requests`,
    drainMs,
  }
}

/** Of a schedule that its name does not tell whole (a replay), and that does not hang on the seed: its first instants. */
function hashInstants(arrival: Arrival): string | undefined {
  if (arrival.kind === 'closed' || arrival.meanRate !== undefined || SEED.test(arrival.name)) return undefined
  const instants: number[] = []
  for (let n = 0; n < MOST_INSTANTS; n++) {
    const due = arrival.due(n)
    if (due === undefined) break
    instants.push(due)
  }
  return hashText(instants.join(' '))
}

/** Memory in whole gigabytes: what is left of it after a start varies by a little. */
function describeMachine({ machine }: Platform): FingerprintFacts['machine'] {
  const { memoryBytes, ...rest } = machine
  return { ...rest, ...(typeof memoryBytes === 'number' && { memoryGB: Math.round(memoryBytes / 2 ** 30) }) }
}

function describeTransport({ transportOptions }: RunPlan, name: string): FingerprintFacts['transport'] {
  const { connections, insecure, http2, proxy, unixSocket } = transportOptions
  return {
    name,
    connections,
    ...(http2 === true && { http2 }),
    ...(insecure && { insecure }),
    ...(proxy !== undefined && { proxy: 'yes' }),
    ...(unixSocket !== undefined && { unixSocket: 'yes' }),
  }
}
