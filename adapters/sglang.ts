/** SGLang: `python -m sglang.launch_server`. Its response head comes with the first token, not before. */
import { type Adapter, asObject, asText, type Probe, parseJson, type ServerFacts } from 'inferbench'
import openai, { encodeOpenai, requestOf } from './openai.ts'
import { forceLength } from './vllm.ts'

/** `/server_info` since 0.5, `/get_server_info` before. */
function serverInfoAt(path: string): Probe<ServerFacts> {
  return {
    request: (target) => requestOf(target, 'GET', path),
    read: (reply) => {
      const version = reply.status === 200 ? asText(asObject(parseJson(reply.body))?.version) : undefined
      return version === undefined ? undefined : { version }
    },
  }
}

const sglang: Adapter = {
  ...openai,
  name: 'sglang',
  summary: 'SGLang: exact output lengths, /tokenize, version, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  facts: [...(openai.facts ?? []), serverInfoAt('/server_info'), serverInfoAt('/get_server_info')],
  // Only with `--enable-metrics`.
  scrape: { path: '/metrics' },
  launch: ({ model, port }) => ({
    command: 'python3',
    args: ['-m', 'sglang.launch_server', '--model-path', model, '--port', String(port), '--enable-metrics'],
  }),
}

export default sglang
