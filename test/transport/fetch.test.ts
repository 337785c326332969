import { detectRuntime, loadPlatform } from '../../src/platform/load.ts'
import { testTransport } from '../conformance/transport.ts'
import { certificates } from '../support/certificates.ts'

/** Titles of tests by the reason why they cannot pass. */
type Skips = Readonly<Record<string, readonly string[]>>

const everywhere: Skips = {
  'fetch does not say when it connects': [
    'a port where nobody listens',
    'a name that does not exist',
    'only the request that opened a connection says so',
    'fresh: each request says that it opened a connection',
    'localhost is found on 127.0.0.1',
    'localhost is found on ::1',
    'the handshake is timed apart',
    'an authority that nobody knows is refused',
    'a certificate for another name is refused',
    'a handshake that never ends runs into the limit',
    'close leaves no socket open',
  ],
  'fetch has no pool to open': [
    'open-first: connections are there before the requests',
    'open-first: what could not be opened is not counted',
  ],
  'fetch closes a connection without a word about it before': ['fresh: a connection for each request'],
  'fetch hands chunks on one at a time': ['chunks of one network read carry one instant'],
  'fetch sorts and joins header fields': [
    'header fields keep their order and their doubles',
    'header names are as the server wrote them',
  ],
  'its parser is strict': ['lines that end in LF alone are read'],
  'it takes any transfer coding for a body until the end': ['a transfer coding that nobody offered'],
  'it repeats no request, or does not say so': [
    'a reused connection that is reset before any answer: the request is sent once more',
    'a reused connection that is closed with the request unread: the request is sent once more',
    'a request is sent at most twice',
  ],
}

const lost = 'Bun loses what came with the cut'
const perRuntime: Readonly<Record<string, Skips>> = {
  node: {
    'the parser of Node 20 is strict': [
      'chunk extensions and trailers',
      '100 Continue that nobody asked for is skipped',
      'Transfer-Encoding wins over Content-Length',
    ],
    'it decodes by itself': ['content codings are left to the reader'],
    'it takes a reset for an end': ['a reset is no end of a body that the end of the connection ends'],
    'its connection is busy until the turn after the end': [
      'requests one after the other share a connection',
      'a request that the end of another sets off finds its connection',
      'HTTP/1.0 keeps a connection only when it says so',
      'a reused connection that ends after the request was read: it is not sent again',
      'a reused connection that is reset after the first byte of an answer: it is not sent again',
    ],
    'it trusts whom Node trusts': [
      'an authority that is added is trusted',
      'a certificate for an address',
      'an expired certificate is refused',
      'insecure: anything goes',
      'a body cut within TLS',
      'a large body through TLS',
    ],
  },
  bun: {
    [lost]: [
      'a chunked body cut between chunks',
      'a chunked body cut within a chunk',
      'a body shorter than its length',
      'a bad chunk size after a good chunk',
      'a body cut within TLS',
    ],
    'it needs no last line end': ['a chunked body without its last line end'],
    'it takes a reset for an end': ['a reset is no end of a body that the end of the connection ends'],
    'it takes heads of any size': ['a head of 300 KiB'],
    'it takes 256 requests at a time': ['300 requests at a time have 300 connections'],
  },
  deno: {
    'it takes heads of any size': ['a head of 300 KiB'],
    'it repeats requests silently': [
      'a reused connection that ends after the request was read: it is not sent again',
      'a reused connection that is reset after the first byte of an answer: it is not sent again',
    ],
    'it always checks certificates': ['insecure: anything goes'],
    'it does not tell TLS from the rest': ['a server without TLS is refused'],
  },
}

const skip = Object.fromEntries(
  [everywhere, perRuntime[detectRuntime()] ?? {}].flatMap((skips) =>
    Object.entries(skips).flatMap(([reason, titles]) => titles.map((title) => [title, reason])),
  ),
)
const { transports } = await loadPlatform()
testTransport('fetch', transports.fetch!, { certificates, skip })
