import { describe, expect, it } from 'vitest'
import { readFault } from '../../src/platform/transport/fault.ts'

const withCode = (message: string, code: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code })

describe('errors of fetch and undici', () => {
  it('have one stage and code for a refused connection on each runtime', () => {
    const refused = { stage: 'connect', code: 'ECONNREFUSED' }
    const nodeCause = withCode('connect ECONNREFUSED 127.0.0.1:9', 'ECONNREFUSED')
    expect(readFault(new TypeError('fetch failed', { cause: nodeCause }), 'headers')).toMatchObject(refused)
    expect(readFault(withCode('Unable to connect', 'ConnectionRefused'), 'headers')).toMatchObject(refused)
    const deno = 'error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)'
    expect(readFault(new TypeError(deno), 'headers')).toMatchObject(refused)
  })

  it('of several addresses are those of the first', () => {
    const errors = [withCode('connect ECONNREFUSED ::1:9', 'ECONNREFUSED'), withCode('x', 'ENETUNREACH')]
    const aggregate = Object.assign(new AggregateError(errors, ''), { code: undefined })
    expect(readFault(new TypeError('fetch failed', { cause: aggregate }), 'headers')).toMatchObject({
      stage: 'connect',
      code: 'ECONNREFUSED',
    })
  })

  it('know TLS by its codes and words', () => {
    const expired = withCode('certificate has expired', 'CERT_HAS_EXPIRED')
    expect(readFault(new TypeError('fetch failed', { cause: expired }), 'headers')).toMatchObject({
      stage: 'tls',
      code: 'CERT_HAS_EXPIRED',
    })
    expect(readFault(new TypeError('invalid peer certificate: UnknownIssuer'), 'headers')).toMatchObject({
      stage: 'tls',
    })
  })

  it('keep the stage once there is an answer, whatever they say', () => {
    expect(readFault(withCode('ECONNREFUSED', 'ECONNREFUSED'), 'body').stage).toBe('body')
  })

  it('are read from anything, itself its own cause included', () => {
    const loop = new Error('loop')
    loop.cause = loop
    for (const thrown of [undefined, null, 'text', 7, {}, loop]) {
      const fault = readFault(thrown, 'headers')
      expect(fault.stage).toBe('headers')
      expect(fault.code).not.toBe('')
      expect(fault.message).not.toBe('')
    }
  })
})
