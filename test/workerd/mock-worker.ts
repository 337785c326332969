import { createMock, type Mock } from 'inferbench/mock'

// Made at the first request: workerd allows neither timers nor clocks while a module loads.
let mock: Mock | undefined

const worker: { fetch(request: Request): Response | Promise<Response> } = {
  fetch(request) {
    mock ??= createMock({ profile: 'vllm', model: 'edge-model', ttft: '5ms', itl: '1ms' })
    return mock.fetch(request)
  },
}
export default worker
