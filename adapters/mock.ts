/** Our own mock server, `bench mock`: vLLM without a model. */
import type { Adapter } from 'inferbench'
import vllm from './vllm.ts'

const mock: Adapter = {
  ...vllm,
  name: 'mock',
  summary: 'the mock server of inferbench: seeded timing, no model, no GPU',
  launch: ({ port }) => ({ command: 'bench', args: ['mock', '--port', String(port)] }),
}

export default mock
