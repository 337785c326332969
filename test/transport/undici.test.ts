import { it } from 'vitest'
import { detectRuntime } from '../../src/platform/load.ts'
import { createUndiciTransport } from '../../src/platform/transport/undici.ts'
import { testTransport } from '../conformance/transport.ts'
import { certificates } from '../support/certificates.ts'

const strict = 'its parser is strict'
const repeats = 'undici repeats no request that was written'
const noPool = 'undici opens connections only for requests'

if (detectRuntime() !== 'node') {
  it.skip('the transport undici is for Node', () => {})
} else {
  testTransport('undici', createUndiciTransport, {
    certificates,
    skip: {
      'chunks of one network read carry one instant': 'undici calls back once a chunk',
      '100 Continue that nobody asked for is skipped': strict,
      '304 has no body, whatever its length says': 'undici misses the bytes that the length announces',
      'Transfer-Encoding wins over Content-Length': strict,
      'lines that end in LF alone are read': strict,
      'a reset is no end of a body that the end of the connection ends': 'undici takes a reset for an end',
      'a transfer coding that nobody offered': 'undici takes it for a body until the end',
      'open-first: connections are there before the requests': noPool,
      'open-first: what could not be opened is not counted': noPool,
      'a reused connection that is reset before any answer: the request is sent once more': repeats,
      'a reused connection that is closed with the request unread: the request is sent once more': repeats,
      'a request is sent at most twice': repeats,
      'localhost is found on ::1': 'the system resolves the name, and may know one address only',
      'a certificate for another name is refused': 'the system may not resolve names under localhost',
    },
  })
}
