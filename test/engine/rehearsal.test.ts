import type { HttpSpec, Platform, RequestRecord } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { run } from '../../src/core/engine/run.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { serveBytes } from '../conformance/serve-bytes.ts'
import { makePlan } from '../support/plan.ts'

const body = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** Runs one request with a key and a header of the user's; what went where. */
async function runOnce(change: (platform: Platform) => Platform): Promise<{
  readonly records: readonly RequestRecord[]
  readonly asked: number
  readonly sent: readonly HttpSpec[]
  readonly url: string
}> {
  const server = await serveBytes(async (connection) => {
    for (;;) {
      await connection.request()
      await connection.write(answer)
    }
  })
  const platform = change(await loadPlatform())
  const sent: HttpSpec[] = []
  const watched: Platform = {
    ...platform,
    transports: {
      socket: (options, clock) => {
        const transport = platform.transports.socket!(options, clock)
        const { send } = transport
        transport.send = (spec, ...rest) => {
          sent.push(spec)
          send.call(transport, spec, ...rest)
        }
        return transport
      },
    },
    defaultTransport: 'socket',
  }
  const { target, ...plan } = makePlan(server.url)
  const records: RequestRecord[] = []
  const secret = { ...target, apiKey: 'sk-canary-1', headers: [['X-Team', 'canary-2']] as const }
  await run({ ...plan, target: secret }, watched, { record: (record) => records.push(record) })
  await server.close()
  return { records, asked: server.requests.length, sent, url: server.url }
}

describe('the rehearsal', () => {
  it('leaves no record, asks the server nothing, and takes no secret along', async () => {
    const { records, asked, sent, url } = await runOnce((platform) => platform)
    expect(records).toHaveLength(1)
    expect(asked).toBe(1)
    const rehearsed = sent.filter((spec) => !spec.url.startsWith(url))
    expect(rehearsed.length).toBeGreaterThan(10)
    expect(JSON.stringify(rehearsed)).not.toContain('canary')
    expect(JSON.stringify(sent.filter((spec) => spec.url.startsWith(url)))).toContain('canary-1')
  })

  it('is left out where the runtime cannot listen, or may not', async () => {
    const without = await runOnce(({ serve: _, ...platform }) => platform)
    expect(without.sent).toHaveLength(1)
    const forbidden = await runOnce((platform) => ({ ...platform, serve: () => Promise.reject(new Error('denied')) }))
    expect(forbidden.sent).toHaveLength(1)
    expect(forbidden.records).toHaveLength(1)
  })
})
