import { describe, expect, it } from 'vitest'
import { createSocketTransport } from '../../src/platform/transport/socket.ts'
import { testTransport } from '../conformance/transport.ts'
import { certificates } from '../support/certificates.ts'

testTransport('socket', createSocketTransport, { certificates })

describe('socket options', () => {
  const clock = { now: () => performance.now(), epoch: () => Date.now(), stepMs: 0 }
  const options = { connections: 'reuse', connectTimeoutMs: 1000, insecure: false } as const

  it.each([{ proxy: 'http://127.0.0.1:1' }, { unixSocket: '/tmp/x' }, { http2: true }])(
    'refuses what it cannot do: %o',
    (wish) => {
      expect(() => createSocketTransport({ ...options, ...wish }, clock)).toThrow(/socket/)
    },
  )

  it('refuses an authority that is none', () => {
    expect(() => createSocketTransport({ ...options, ca: 'garbage' }, clock)).toThrow(/certificate/)
  })
})
