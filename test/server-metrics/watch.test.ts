/** The plugin at real addresses, good and bad. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BenchError, type MetricPlugin, type PluginContext, type Sample } from 'inferbench'
import plugin from 'inferbench/plugins/server'
import { type PluginSource, type PluginSources, testPlugin } from 'inferbench/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { loadPlatform } from '../../src/platform/load.ts'
import { createTestContext } from '../conformance/plugin-source.ts'
import { serveTicks, type TickServer } from '../support/ticks.ts'
import { composed, recorded } from './fixtures.ts'
import { writeVllm } from './texts.ts'

/** A server that has answered two more requests each time it is asked. */
async function serveMetrics(): Promise<TickServer> {
  const server = await serveTicks()
  server.answer = () => {
    server.tick(2)
    return writeVllm({ requests: server.ticks, running: server.ticks % 7 })
  }
  return server
}

async function openSource(upset?: (server: TickServer) => void | Promise<void>): Promise<PluginSource> {
  const server = await serveMetrics()
  return {
    context: { options: { url: server.url, every: 100 } },
    ...(upset === undefined ? {} : { upset: () => upset(server) }),
    close: server.close,
  }
}

const LIES = [
  'vllm:num_requests_running NaN\nvllm:prompt_tokens_total -5\nvllm:generation_tokens_total 1e400\n',
  'vllm:num_requests_running{engine="0',
  '<html>it works</html>',
  '',
  '{"request_count":"many"}',
  'vllm:time_to_first_token_seconds_bucket{le="x"} 5\nvllm:time_to_first_token_seconds_count 3\nvllm:time_to_first_token_seconds_sum -1\n',
  'vllm:kv_cache_usage_perc 250\nvllm:time_to_first_token_seconds_bucket{le="0.1"} 9\nvllm:time_to_first_token_seconds_bucket{le="0.2"} 2\nvllm:time_to_first_token_seconds_count 3\nvllm:time_to_first_token_seconds_sum 1\n',
]

const sources: PluginSources = {
  good: () => openSource(),
  hangs: () =>
    openSource((server) => {
      server.answer = () => undefined
    }),
  dies: () => openSource((server) => server.close()),
  lies: () => {
    let told = 0
    return openSource((server) => {
      server.answer = () => LIES[told++ % LIES.length]
    })
  },
  changes: () =>
    openSource((server) => {
      server.answer = () =>
        writeVllm({ requests: server.ticks })
          .replaceAll('_seconds', '_milliseconds')
          .replaceAll('kv_cache', 'gpu_cache')
    }),
  resets: () =>
    openSource((server) => {
      server.tick(-server.ticks)
    }),
  jumps: 'it takes its instants from the client; those in the text are passed over',
}

testPlugin(plugin as MetricPlugin, {
  sampling: {
    load: loadPlatform,
    sources,
    signed: ['ttft_outside_server', 'e2e_outside_server', 'server_output_tokens_off', 'server_prompt_tokens_off'],
  },
  series: { samples: makeSeries() },
})

/** Readings of a run, with a restart on the way. */
function makeSeries(): Sample[] {
  return Array.from({ length: 40 }, (_, i): Sample => {
    const requests = 3 * (i < 25 ? i : i - 25)
    const times = { count: requests, sum: 40 * requests, bounds: [20, 60], below: [0, requests] }
    return {
      at: 100 + 50 * i,
      server: 'vLLM',
      requests_running: i % 5,
      requests_waiting: i % 2,
      kv_cache_usage: i,
      prompt_tokens: 100 * requests,
      generation_tokens: 20 * requests,
      output_tok_s: 120,
      prefix_cache_queries: 100 * requests,
      prefix_cache_hits: 10 * requests,
      preemptions: Math.floor(requests / 10),
      requests_finished: requests,
      ttft: times,
      end_to_end: times,
      ...(i === 4 || i === 30 ? { edge: true as const } : {}),
    }
  })
}

describe('where it looks', () => {
  const open: TickServer[] = []
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close()
  })

  async function watch(text: string, given: (server: TickServer) => Partial<PluginContext> = () => ({})) {
    const server = await serveTicks()
    open.push(server)
    server.answer = () => text
    const base = createTestContext(await loadPlatform(), {}).context
    const { context } = createTestContext(
      base.platform,
      {},
      { target: { ...base.target, baseUrl: server.url, model: 'Qwen/Qwen3-0.6B' }, ...given(server) },
    )
    const opened = plugin.sample!(context).then(
      async (sampler) => {
        const sample = await sampler.read(0, new AbortController().signal)
        await sampler.close()
        return { source: sampler.source, sample: sample as Sample }
      },
      (thrown: Error) => ({ reason: thrown.message.replaceAll(server.url, '') }),
    )
    return { ...(await opened), asked: server.asked.map(({ url }) => url) }
  }

  it('at /metrics of the server, and tells it by its names', async () => {
    const { sample, source, asked } = (await watch(recorded('llama-server'))) as {
      sample: Sample
      source: string
      asked: string[]
    }
    expect(sample).toMatchObject({ server: 'llama.cpp', generation_tokens: 142 })
    expect(source).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/metrics, names of llama\.cpp$/)
    expect(asked).toEqual(['/metrics', '/metrics'])
  })
  it('where the adapter says, and for the model that is measured', async () => {
    const { sample, asked } = (await watch(composed('vllm-engines'), () => ({ scrape: { path: '/stats' } }))) as {
      sample: Sample
      asked: string[]
    }
    expect(sample).toMatchObject({ server: 'vLLM', requests_running: 9 })
    expect(asked).toEqual(['/stats', '/stats'])
  })
  it('where the user says; what is secret in an address is not shown', async () => {
    const seen = await watch(composed('sglang'), ({ url }) => ({
      options: { url: `${url}/own?token=hidden` },
    }))
    expect(seen).toMatchObject({
      source: expect.stringMatching(/\/own, names of SGLang$/),
      sample: { server: 'SGLang' },
    })
    expect(seen.asked.at(-1)).toBe('/own?token=hidden')
    const path = await watch(composed('sglang'), () => ({ options: { path: 'own' } }))
    expect(path.asked).toEqual(['/own', '/own'])
  })
  it('a page that is no metrics is named, as is each place that was tried', async () => {
    expect(await watch('<html></html>')).toEqual({
      reason: '/metrics shows no metric that is known here; /prometheus/metrics shows no metric that is known here',
      asked: ['/metrics', '/prometheus/metrics'],
    })
  })
  it('an address that gives no answer is named with the reason', async () => {
    const get: PluginContext['get'] = async (url) => {
      throw new BenchError('unreachable', `${url}: its answer is too large`)
    }
    expect(await watch('', () => ({ get }))).toMatchObject({
      reason: '/metrics gives no answer (its answer is too large)',
    })
  })
  it('where the server sends on to, as long as that is the server itself', async () => {
    const places = new Map([
      ['/metrics', '/metrics/'],
      ['/away', 'http://127.0.0.2:9/metrics'],
    ])
    const server = createServer(({ url = '' }, response) => {
      const location = places.get(url)
      if (location === undefined) response.end(recorded('vllm'))
      else response.writeHead(307, { location }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      expect(await watch('', () => ({ options: { url: `${base}/metrics` } }))).toMatchObject({
        source: `GET ${base}/metrics/, names of vLLM`,
        sample: { server: 'vLLM' },
      })
      expect(await watch('', () => ({ options: { url: `${base}/away` } }))).toMatchObject({
        reason: `${base}/away answers 307`,
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
  it('a server of an adapter with metrics may show them with its first request only', async () => {
    const scrape = { path: '/metrics' }
    expect(await watch('# EOF\n', () => ({ scrape }))).toMatchObject({ sample: { at: expect.any(Number) } })
    expect(await watch('# EOF\n')).toHaveProperty('reason')
  })
})
