/** Makes the calls of every scenario ready: their lengths are asked of the server, or counted here, before any load. */
import type { Target } from '../adapter.ts'
import type { Call } from '../call.ts'
import type { Usage } from '../event.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport } from '../platform.ts'
import { type LocalTokenizer, type PreparedWorkload, prepareWorkload, type WorkloadTools } from '../workload/mod.ts'
import { ask } from './probe.ts'

const PROBE_TIMEOUT_MS = 30_000

export async function prepareCalls(
  plan: RunPlan,
  target: Target,
  platform: Platform,
  transport: Transport,
  tokenizer: LocalTokenizer | undefined,
  note: (line: string) => void,
): Promise<readonly PreparedWorkload[]> {
  const { adapter } = plan
  const counter = adapter.countTokens
  const kind: Call['kind'] = target.endpoint === 'chat' ? 'chat' : 'completion'
  const noted = new Set<string>()
  const tools: WorkloadTools = {
    kind,
    seed: plan.seed,
    forceLength: plan.forceLength,
    ...(plan.temperature === undefined ? {} : { temperature: plan.temperature }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(counter === undefined
      ? {}
      : {
          countTokens: async (input) => {
            const outcome = await ask(platform, transport, counter.request(input, target), PROBE_TIMEOUT_MS)
            return outcome.kind === 'reply' ? counter.read(outcome.reply) : undefined
          },
        }),
    usageProbe: async (text) => {
      const call: Call =
        kind === 'chat'
          ? { kind, item: 'probe', maxTokens: 1, messages: [{ role: 'user', content: text }] }
          : { kind, item: 'probe', maxTokens: 1, prompt: text }
      const still: Target = { ...target, stream: false }
      const outcome = await ask(platform, transport, adapter.encode(call, still), PROBE_TIMEOUT_MS)
      if (outcome.kind !== 'reply' || outcome.reply.status !== 200) return undefined
      const events = adapter.decoder()({ data: outcome.reply.body, framing: 'json' })
      const usage = events.findLast((event) => event.type === 'usage')
      return (usage as { usage: Usage } | undefined)?.usage.inputTokens
    },
    // Scenarios find the same things out.
    notes: (line) => {
      if (!noted.has(line)) note(line)
      noted.add(line)
    },
  }
  if (plan.sweep !== undefined) {
    // Its loads ask the same, each another stretch of it: what lengths come from is found out once.
    const shared = await prepareWorkload(plan.scenarios[0].prompts, { ...tools, stream: 'sweep' })
    return plan.scenarios.map(() => shared)
  }
  const workloads: PreparedWorkload[] = []
  // One after the other: they ask the same server, and its answers to one are kept for the next.
  for (const scenario of plan.scenarios) {
    workloads.push(await prepareWorkload(scenario.prompts, { ...tools, stream: scenario.name }))
  }
  return workloads
}
