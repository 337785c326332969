import { BenchError } from '../../core/errors.ts'
import type { TransportOptions } from '../../core/platform.ts'

export type Ability = 'fresh' | 'insecure' | 'ca' | 'proxy' | 'unixSocket' | 'http2'

/** What a transport may be unable to do, with the words for people and how to see that it was asked for. */
const ABILITIES: Readonly<Record<Ability, readonly [name: string, asked: (options: TransportOptions) => boolean]>> = {
  fresh: ['a connection for each request', (options) => options.connections === 'fresh'],
  insecure: ['--insecure', (options) => options.insecure],
  ca: ['certificate authorities of your own', (options) => options.ca !== undefined],
  proxy: ['proxies', (options) => options.proxy !== undefined],
  unixSocket: ['Unix sockets', (options) => options.unixSocket !== undefined],
  http2: ['HTTP/2 on demand', (options) => options.http2 === true],
}

/** Throws `BenchError('unsupported')` when the options ask for something that this transport lacks. */
export function refuse(transport: string, options: TransportOptions, lacking: readonly Ability[]): void {
  const asked = lacking.filter((ability) => ABILITIES[ability][1](options)).map((ability) => ABILITIES[ability][0])
  if (asked.length === 0) return
  throw new BenchError(
    'unsupported',
    `the transport "${transport}" does not offer ${asked.join(' and ')} on this runtime; choose another --transport`,
  )
}
