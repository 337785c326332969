import type { Arrival } from '../arrival.ts'
import { DEFINITIONS_VERSION } from '../metrics/registry.ts'
import type { Manifest, ManifestScenario, ManifestServer } from '../run.ts'
import type { Summary } from '../summary.ts'
import { TOOL_VERSION } from '../version.ts'
import type { Workload } from '../workload.ts'
import type { Discovery } from './discover.ts'
import { completeFingerprint, makeFingerprint } from './fingerprint.ts'
import { gatherFacts } from './fingerprint-facts.ts'
import type { ScenarioEnd } from './scenario.ts'
import type { Session } from './session.ts'
import type { ClockOffset } from './threads/clock-offset.ts'

/** Everything about a run that is known before its first request. */
export function describeRun(
  session: Session,
  discovery: Discovery,
  workloads: readonly Workload[],
  transport: string,
  offsets: readonly ClockOffset[] | undefined,
  server?: ManifestServer,
): Manifest {
  const { plan, platform } = session
  const { target, facts } = discovery
  return {
    v: 1,
    id: session.id,
    tool: { name: 'inferbench', version: TOOL_VERSION, definitions: DEFINITIONS_VERSION },
    platform: { name: platform.name, version: platform.version, machine: platform.machine },
    clock: {
      originEpochMs: session.originEpochMs,
      stepMs: platform.clock.stepMs,
      ...(offsets === undefined ? {} : { threads: offsets }),
    },
    adapter: plan.adapter.name,
    target: {
      url: target.baseUrl,
      model: target.model,
      modelDiscovered: discovery.modelDiscovered,
      endpoint: target.endpoint,
      stream: target.stream,
      ...(facts.version === undefined ? {} : { server: facts.version }),
    },
    transport: {
      name: transport,
      connections: plan.transportOptions.connections,
      insecure: plan.transportOptions.insecure,
    },
    seed: plan.seed,
    ...(server === undefined ? {} : { server }),
    ...(plan.sweep === undefined ? {} : { sweep: plan.sweep }),
    scenarios: plan.scenarios.map(
      (scenario, index): ManifestScenario => ({
        name: scenario.name,
        title: scenario.title,
        arrival: scenario.arrival.name,
        ...(scenario.requests === undefined ? {} : { requests: scenario.requests }),
        ...(scenario.durationMs === undefined ? {} : { durationMs: scenario.durationMs }),
        ...(scenario.maxInFlight === undefined ? {} : { maxInFlight: scenario.maxInFlight }),
        load: describeLoad(scenario.arrival),
        workload: workloads[index]?.description ?? {},
      }),
    ),
    slo: plan.slo,
    gates: plan.gates.map((gate) => gate.text),
    ...(plan.limits === undefined ? {} : { limits: plan.limits }),
    options: plan.options,
    notes: session.notes,
    fingerprint: makeFingerprint(
      gatherFacts({ plan, platform, discovery, workloads, transport, threads: offsets?.length ?? 0 }),
    ),
    startedAt: new Date(session.originEpochMs).toISOString(),
  }
}

function describeLoad(arrival: Arrival): NonNullable<ManifestScenario['load']> {
  if (arrival.kind === 'closed') return { kind: 'closed', streams: arrival.slots }
  return { kind: 'open', ...(arrival.meanRate === undefined ? {} : { ratePerSecond: arrival.meanRate }) }
}

/** The same, completed with what came out. */
export function describeEnd(session: Session, manifest: Manifest, ends: readonly ScenarioEnd[]): Manifest {
  return {
    ...manifest,
    target: {
      ...manifest.target,
      ...(session.fingerprint === undefined ? {} : { fingerprint: session.fingerprint }),
    },
    notes: session.notes,
    scenarios: manifest.scenarios.flatMap((scenario, index): ManifestScenario[] => {
      const end = ends[index]
      if (end !== undefined) return [{ ...scenario, windows: end.windows }]
      return manifest.sweep === undefined ? [scenario] : []
    }),
    endedAt: new Date(session.platform.clock.epoch()).toISOString(),
  }
}

/** The same once more, with what the summary tells: who counted the tokens. `tokenizer`: the hash of the one in use. */
export function describeOutcome(manifest: Manifest, summary: Summary, tokenizer: string | undefined): Manifest {
  if (manifest.fingerprint === undefined) return manifest
  const sources = summary.scenarios.flatMap(({ tokenSources }) => Object.keys(tokenSources))
  const build = manifest.target.fingerprint
  const found = {
    tokens: sources.map((source) => (source === 'tokenizer' && tokenizer ? `tokenizer ${tokenizer}` : source)),
    ...(build === undefined ? {} : { build }),
  }
  return { ...manifest, fingerprint: completeFingerprint(manifest.fingerprint, found) }
}
