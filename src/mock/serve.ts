/** The mock behind a real port: in this process, or in one of its own so that it takes no time from the client. */
import { BenchError } from '../core/errors.ts'
import type { Child, Platform, Served } from '../core/platform.ts'
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

/**
 * Starts `module`, a file that calls {@link serveMock} with the JSON of its first argument and prints the URL as its first
 * line, in a process of its own; `close` ends it. It also ends by itself when this process does, whatever the cause.
 */
export async function startMockProcess(
  platform: Pick<Platform, 'name' | 'startModule'>,
  module: URL,
  options: MockOptions = {},
): Promise<Served> {
  if (!platform.startModule) {
    throw new BenchError('unsupported', `the ${platform.name} runtime cannot start a mock of its own; give --url`)
  }
  const child = platform.startModule(module, [JSON.stringify(options)])
  const url = await readFirstUrl(child)
  return {
    url,
    async close() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

/** Reads all that the child says, so that its pipe never fills; resolves at the URL, rejects when it ends without one. */
function readFirstUrl(child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      const said: string[] = []
      for await (const line of child.lines) {
        if (line.startsWith('http://')) resolve(line.trim())
        else if (said.length < 20) said.push(line)
      }
      await child.exited
      reject(
        new BenchError(
          'internal',
          `the mock server did not start: ${said.join(' ').slice(0, 500) || 'it said nothing'}`,
        ),
      )
    }
    read().catch(reject)
  })
}
