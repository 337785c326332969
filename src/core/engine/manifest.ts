import { DEFINITIONS_VERSION } from '../metrics/registry.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform } from '../platform.ts'
import type { Manifest, ManifestScenario } from '../run.ts'
import { TOOL_VERSION } from '../version.ts'
import type { Workload } from '../workload.ts'
import type { Discovery } from './discover.ts'

/** Everything about a run that is known before its first request. */
export function describeRun(
  plan: RunPlan,
  platform: Platform,
  discovery: Discovery,
  workloads: readonly Workload[],
  run: {
    readonly id: string
    readonly originEpochMs: number
    readonly transport: string
    readonly notes: readonly string[]
  },
): Manifest {
  const { target, facts } = discovery
  return {
    v: 1,
    id: run.id,
    tool: { name: 'inferbench', version: TOOL_VERSION, definitions: DEFINITIONS_VERSION },
    platform: { name: platform.name, version: platform.version, machine: platform.machine },
    clock: { originEpochMs: run.originEpochMs, stepMs: platform.clock.stepMs },
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
      name: run.transport,
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
    notes: run.notes,
    startedAt: new Date(run.originEpochMs).toISOString(),
  }
}
