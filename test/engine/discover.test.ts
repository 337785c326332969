/** What a person is told when the server is not what the run needs. */
import type { Platform, RunPlan } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import openai from '../../adapters/openai.ts'
import vllm from '../../adapters/vllm.ts'
import { run } from '../../src/core/engine/run.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { type RawServer, type RawServerOptions, serveBytes } from '../conformance/serve-bytes.ts'
import { certificates } from '../support/certificates.ts'
import { makePlan } from '../support/plan.ts'

let platform: Platform
beforeAll(async () => {
  platform = await loadPlatform()
})

/** The error of a run that names no model, against a server that answers everything like this. */
async function failure(
  head: string,
  changes: Partial<RunPlan> = {},
  options: RawServerOptions = {},
): Promise<{ code: string; message: string }> {
  const server: RawServer = await serveBytes(async (connection) => {
    for (;;) {
      await connection.request()
      await connection.write(`HTTP/1.1 ${head}\r\nContent-Length: 2\r\n\r\n{}`)
    }
  }, options)
  const plan = makePlan(server.url, { adapter: openai, readyTimeoutMs: 60_000, ...changes })
  const { model: _, ...target } = plan.target
  try {
    const error = await run({ ...plan, target }, platform).then(
      () => expect.unreachable(),
      (thrown: { code: string; message: string }) => thrown,
    )
    return { code: error.code, message: error.message }
  } finally {
    await server.close()
  }
}

describe('a server that does not say which models it serves', () => {
  it('wants a key: says where a key is given', async () => {
    expect(await failure('401 Unauthorized')).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/answered 401 .*models.*--api-key-env/),
    })
    expect((await failure('403 Forbidden')).message).toMatch(/403/)
  })

  it('has no such route: says what it answered', async () => {
    const { code, message } = await failure('404 Not Found')
    expect(code).toBe('usage')
    expect(message).toMatch(/404.*--model/)
  })
})

describe('a secure connection that cannot be made fails at once', () => {
  it('a certificate that nobody trusts: says how to trust it', async () => {
    const { code, message } = await failure('200 OK', { adapter: vllm }, { tls: certificates.localhost })
    expect(code).toBe('unreachable')
    expect(message).toMatch(/certificate.*--ca.*--insecure/)
    expect(message).not.toContain('\n')
  })

  it('a server that speaks no TLS: says so, in one line', async () => {
    const server = await serveBytes((connection) => connection.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const plan = makePlan(server.url.replace('http:', 'https:'), { adapter: vllm, readyTimeoutMs: 60_000 })
    await expect(run(plan, platform)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^[^\n]*http:\/\/[^\n]*$/),
    })
    await server.close()
  })
})
