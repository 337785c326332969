import { DEFINITIONS_VERSION } from '../metrics/registry.ts'
import type { Manifest, ManifestScenario } from '../run.ts'
import { TOOL_VERSION } from '../version.ts'
import type { Workload } from '../workload.ts'
import type { Discovery } from './discover.ts'
import type { ScenarioEnd } from './scenario.ts'
import type { Session } from './session.ts'

/** Everything about a run that is known before its first request. */
export function describeRun(
  session: Session,
  discovery: Discovery,
  workloads: readonly Workload[],
  transport: string,
): Manifest {
  const { plan, platform } = session
  const { target, facts } = discovery
  return {
    v: 1,
    id: session.id,
    tool: { name: 'inferbench', version: TOOL_VERSION, definitions: DEFINITIONS_VERSION },
    platform: { name: platform.name, version: platform.version, machine: platform.machine },
    clock: { originEpochMs: session.originEpochMs, stepMs: platform.clock.stepMs },
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
    scenarios: plan.scenarios.map(
      (scenario, index): ManifestScenario => ({
        name: scenario.name,
        title: scenario.title,
        arrival: scenario.arrival.name,
        ...(scenario.requests === undefined ? {} : { requests: scenario.requests }),
        ...(scenario.durationMs === undefined ? {} : { durationMs: scenario.durationMs }),
        ...(scenario.maxInFlight === undefined ? {} : { maxInFlight: scenario.maxInFlight }),
        workload: workloads[index]?.description ?? {},
      }),
    ),
    slo: plan.slo,
    gates: plan.gates.map((gate) => gate.text),
    options: plan.options,
    notes: session.notes,
    startedAt: new Date(session.originEpochMs).toISOString(),
  }
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
    scenarios: manifest.scenarios.map((scenario, index): ManifestScenario => {
      const end = ends[index]
      return end === undefined ? scenario : { ...scenario, windows: end.windows }
    }),
    endedAt: new Date(session.platform.clock.epoch()).toISOString(),
  }
}
