/** The plugins that plugins/README.md teaches with are whole ones, and stay so. */
import { readFileSync } from 'node:fs'
import { type PluginSource, testPlugin } from 'inferbench/testing'
import { expect, it } from 'vitest'
import { loadPlatform } from '../../src/platform/load.ts'
import { serveTicks, type TickServer } from '../support/ticks.ts'
import example from './example.ts'

/** A queue, each time a little longer. */
async function openQueue(upset?: (server: TickServer) => void | Promise<void>): Promise<PluginSource> {
  const server = await serveTicks()
  let jobs = 0
  server.answer = () => JSON.stringify({ jobs: jobs++ })
  return {
    context: { options: { url: `${server.url}/stats` } },
    ...(upset === undefined ? {} : { upset: () => upset(server) }),
    close: server.close,
  }
}

const answers = (text: string | undefined) => (server: TickServer) => {
  server.answer = () => text
}

testPlugin(example, {
  sampling: {
    load: loadPlatform,
    sources: {
      good: () => openQueue(),
      hangs: () => openQueue(answers(undefined)),
      dies: () => openQueue((server) => server.close()),
      lies: () => openQueue(answers('{"jobs":-1e999')),
      changes: () => openQueue(answers('{"queue":{"jobs":"5 jobs"}}')),
      resets: 'it reads no counter',
      jumps: 'it takes its instants from the client',
    },
  },
  series: { samples: Array.from({ length: 40 }, (_, i) => ({ at: i * 250, jobs: i % 7 })) },
})

it('are those in the README, word by word', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  const blocks = [...read('../../plugins/README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)
  const [cut, queue] = blocks
  expect(read('../../plugins/cut.ts').endsWith(cut!.slice(cut!.indexOf('const cutShare')))).toBe(true)
  expect(queue).toBe(read('./example.ts'))
})
