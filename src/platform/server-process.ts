import { BenchError } from '../core/errors.ts'
import type { Child, Platform, Served } from '../core/platform.ts'

const COLOURS = /\u001b\[[0-9;]*m/g

/**
 * Starts `module`, a file of ours that serves, in a process of its own, where it takes no time from the client. It gets
 * `options` as the JSON of its first argument and prints its URL as its first line; `close` ends it. It also ends by itself
 * when this process does, whatever the cause. `name` is for messages: `the mock server`.
 */
export async function startServerProcess(
  platform: Pick<Platform, 'name' | 'startModule'>,
  module: URL,
  options: object,
  name: string,
  allow?: 'commands',
): Promise<Served> {
  if (!platform.startModule) {
    throw new BenchError('unsupported', `the ${platform.name} runtime cannot start ${name}; give --url`)
  }
  const child = platform.startModule(module, [JSON.stringify(options)], allow)
  const url = await readFirstUrl(child, name)
  return {
    url,
    async close() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

/** Reads all that the child says, so that its pipe never fills; resolves at the URL, rejects when it ends without one. */
function readFirstUrl(child: Child, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      const said: string[] = []
      for await (const line of child.lines) {
        if (line.startsWith('http://')) resolve(line.trim())
        else if (said.length < 20) said.push(line)
      }
      await child.exited
      const why = said.join(' ').replaceAll(COLOURS, '').slice(0, 500) || 'it said nothing'
      reject(new BenchError('run-failed', `${name} did not start: ${why}`))
    }
    read().catch(reject)
  })
}
