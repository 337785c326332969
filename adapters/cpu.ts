/** Our own CPU backend, `bench cpu`: a GGUF model in a process of ours, by node-llama-cpp. It reuses nothing of an earlier prompt. */
import type { Adapter, Call } from 'inferbench'
import openai, { encodeOpenai, versionProbe } from './openai.ts'

/** The end of a sequence is passed over; `max_tokens` ends the answer. */
function forceLength({ forceLength: wanted, maxTokens }: Call): Readonly<Record<string, unknown>> {
  return wanted && maxTokens !== undefined ? { ignore_eos: true } : {}
}

const cpu: Adapter = {
  ...openai,
  name: 'cpu',
  summary: 'a GGUF model on this machine, without a server and without a GPU (needs node-llama-cpp)',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  facts: [...(openai.facts ?? []), versionProbe],
  scrape: { path: '/metrics' },
  launch: ({ model, port }) => ({ command: 'bench', args: ['cpu', '--model', model, '--port', String(port)] }),
}

export default cpu
