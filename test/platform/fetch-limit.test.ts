import type { Platform, TransportError, TransportOptions } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { detectRuntime, loadPlatform } from '../../src/platform/load.ts'
import { createFetchTransport } from '../../src/platform/transport/fetch.ts'
import { sendFrom } from '../conformance/platform-server.ts'

const options: TransportOptions = { connections: 'reuse', connectTimeoutMs: 1000, insecure: false }

describe('fetch that queues above a limit', () => {
  it('is never given more: the request fails at once, and says what to do', async () => {
    const { clock }: Platform = await loadPlatform()
    const answers: ((response: Response) => void)[] = []
    const create = createFetchTransport({
      fetch: () => new Promise((resolve) => answers.push(resolve)),
      decodes: false,
      showsFraming: false,
      configure: () => ({ init: {} }),
      limit: { inFlight: 2, remedy: 'do this' },
    })
    const transport = create(options, clock)
    const send = sendFrom(transport)
    const [first, second] = [send('http://a.invalid/'), send('http://a.invalid/')]
    const refused = (await send('http://a.invalid/').told).error as TransportError
    expect(refused).toMatchObject({ stage: 'queue', code: 'FETCH_LIMIT' })
    expect(refused.message).toContain('do this')
    expect(transport.stats().openSockets).toBe(2)

    answers[0]!(new Response('one'))
    expect((await first.told).body).toBe('one')
    // An aborted request gives its place back, although its fetch never settles.
    second.abort()
    const [third, fourth] = [send('http://a.invalid/'), send('http://a.invalid/')]
    answers[2]!(new Response('three'))
    answers[3]!(new Response('four'))
    expect([(await third.told).body, (await fourth.told).body]).toEqual(['three', 'four'])
  })

  it.skipIf(detectRuntime() !== 'bun')('is limited on Bun to what Bun really sends', async () => {
    const platform = await loadPlatform()
    const wanted = Number(platform.env('BUN_CONFIG_MAX_HTTP_REQUESTS')) || 256
    const gate: { open: () => void } = { open: () => {} }
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve
    })
    let arrived = 0
    const served = await platform.serve!(
      async () => {
        if (++arrived === wanted) gate.open()
        await opened
        return new Response('ok')
      },
      { port: 0 },
    )
    // All of them are in flight at once, or this never ends.
    const send = sendFrom(platform.transports.fetch!(options, platform.clock))
    const told = await Promise.all(Array.from({ length: wanted + 1 }, () => send(served.url).told))
    expect(told.filter(({ body }) => body === 'ok')).toHaveLength(wanted)
    expect(told.filter(({ error }) => error?.code === 'FETCH_LIMIT')).toHaveLength(1)
    await served.close()
  })

  it('refuses options that fetch has no word for', async () => {
    const { transports, clock } = await loadPlatform()
    const create = transports.fetch!
    if (detectRuntime() !== 'bun') {
      expect(() => create({ ...options, insecure: true }, clock)).toThrow(/--insecure/)
    }
    if (detectRuntime() === 'bun') expect(() => create({ ...options, http2: true }, clock)).toThrow(/HTTP\/2/)
  })
})
