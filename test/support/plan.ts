/** A plan for tests of the engine: one short request against a server of the test, everything else as it comes. */
import type { Adapter, Platform, RunPlan, ScenarioPlan } from 'inferbench'
import openai from '../../adapters/openai.ts'
import { closedLoop } from '../../src/core/arrival/mod.ts'
import { loadPlatform } from '../../src/platform/load.ts'

/** Asks for nothing before the load, so that a server of the test sees measured requests alone. */
export const bareOpenai: Adapter = withoutProbes(openai)

function withoutProbes(adapter: Adapter): Adapter {
  const { ready, facts, countTokens, ...bare } = adapter
  return bare
}

/** The real platform, without what a rehearsal needs: a test has its own server, and no figures to be warm for. */
export async function loadTestPlatform(): Promise<Platform> {
  const { serve: _, ...platform } = await loadPlatform()
  return platform
}

export function makeScenario(changes: Partial<ScenarioPlan> = {}): ScenarioPlan {
  return {
    name: 'test',
    title: 'test',
    arrival: closedLoop(1),
    requests: 1,
    warmup: { kind: 'none' },
    prompts: {
      kind: 'dataset',
      name: 'test',
      hash: '0',
      rows: [{ row: 1, content: { messages: [{ role: 'user', content: 'hello' }] }, maxTokens: 8 }],
    },
    ...changes,
  }
}

export function makePlan(url: string, changes: Partial<RunPlan> = {}): RunPlan {
  return {
    adapter: bareOpenai,
    target: { baseUrl: url, model: 'm', endpoint: 'chat', stream: true, includeUsage: true, headers: [], body: {} },
    scenarios: [makeScenario()],
    seed: 1,
    forceLength: false,
    transportOptions: { connections: 'reuse', connectTimeoutMs: 2000, insecure: false },
    timeouts: { connectMs: 2000 },
    drainMs: 1000,
    readyTimeoutMs: 1000,
    slo: [],
    gates: [],
    plugins: [],
    saveText: true,
    out: null,
    options: {},
    secrets: [],
    ...changes,
  }
}
