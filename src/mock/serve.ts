/** The mock behind a real port: in this process, or in one of its own so that it takes no time from the client. */
import { BenchError } from '../core/errors.ts'
import type { Platform, Served } from '../core/platform.ts'
import { createMock, type Mock, type MockOptions } from './mod.ts'

export interface ServedMock extends Served {
  readonly mock: Mock
}

/** Serves a mock until it is closed. Port 0 (the default) is any free one; default host: this machine only. */
export async function serveMock(
  platform: Pick<Platform, 'name' | 'serve'>,
  options: MockOptions = {},
  listen: { readonly port?: number; readonly hostname?: string } = {},
): Promise<ServedMock> {
  const mock = createMock(options)
  if (!platform.serve) throw new BenchError('unsupported', `the ${platform.name} runtime cannot listen on a port`)
  const { port = 0, hostname } = listen
  const served = await platform.serve(mock.fetch, { port, ...(hostname === undefined ? {} : { hostname }) })
  return { ...served, mock }
}
