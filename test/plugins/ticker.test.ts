/** The suite for plugins that sample, shown on a small one: how sources are given, and that each kind of them is tried. */
import { type PluginSource, type PluginSources, testPlugin } from 'inferbench/testing'
import { loadPlatform } from '../../src/platform/load.ts'
import { serveTicks, type TickServer, ticker } from '../support/ticks.ts'

async function openSource(upset?: (server: TickServer) => void | Promise<void>): Promise<PluginSource> {
  const server = await serveTicks()
  const answer = server.answer
  server.answer = () => {
    server.tick()
    return answer()
  }
  return {
    context: { options: { url: server.url } },
    ...(upset === undefined ? {} : { upset: () => upset(server) }),
    close: server.close,
  }
}

const sources: PluginSources = {
  good: () => openSource(),
  hangs: () =>
    openSource((server) => {
      server.answer = () => undefined
    }),
  dies: () => openSource((server) => server.close()),
  lies: () => {
    const lies = ['{"ticks":"many"}', '{"ticks":-5,"level":1e999}', '{"ticks":12', '', '[]', '{"level":-1}']
    let told = 0
    return openSource((server) => {
      server.answer = () => lies[told++ % lies.length]
    })
  },
  changes: () =>
    openSource((server) => {
      server.answer = () => JSON.stringify({ ticks_total: 5, level: '100 W' })
    }),
  resets: () =>
    openSource((server) => {
      server.tick(-server.ticks)
    }),
  jumps: 'it takes its instants from the client',
}

testPlugin(ticker, {
  sampling: { load: loadPlatform, sources },
  series: {
    samples: Array.from({ length: 40 }, (_, i) => ({
      at: 100 + i * 50,
      ticks: i < 20 ? 3 * i : 3 * (i - 20),
      level: 90 + i,
    })),
  },
})
