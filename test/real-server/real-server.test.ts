/** `bench run` against an inference server that we did not write. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HttpSpec, PluginSummary, ProbeReply, ServerFacts, Target } from 'inferbench'
import llamacpp from 'inferbench/adapters/llamacpp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReader } from '../../plugins/server/reading.ts'
import { runBench, startBench } from '../support/command.ts'
import { findPort } from '../support/port.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { isInstalled, type LlamaServer, startLlamaServer } from './llama-server.ts'

const REQUESTS = 24
const WARMUP = 4
const OUTPUT_TOKENS = 20
const TARGET: Omit<Target, 'baseUrl'> = {
  model: 'tiny',
  endpoint: 'chat',
  stream: true,
  includeUsage: true,
  headers: [],
  body: {},
}

if (!isInstalled()) console.log('real server: skipped, since test/real-server/install.sh has not run')

describe.skipIf(!isInstalled())('a real llama.cpp server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-real-'))
  let server: LlamaServer

  beforeAll(async () => {
    server = await startLlamaServer(folder, 4)
  })

  afterAll(async () => {
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const [adapter, endpoint] of [
    ['openai', 'chat'],
    ['llamacpp', 'chat'],
    ['llamacpp', 'completions'],
  ] as const) {
    it(`counts what the server counts: ${adapter}, ${endpoint}`, async () => {
      const out = join(folder, `${adapter}-${endpoint}`)
      const generatedBefore = await server.readCounter('tokens_predicted_total')
      const { code, stdout, stderr } = await runBench([
        ...['run', '--adapter', adapter, '--url', server.url, '--endpoint', endpoint, '--concurrency', '4'],
        ...['--requests', `${REQUESTS}`, '--warmup', `${WARMUP}`, '--seed', '7', '--out', out],
        ...['--prompt-tokens', '48±8', '--output-tokens', `${OUTPUT_TOKENS}`],
      ])
      expect(code, stdout + stderr).toBe(0)
      expect(findProblems(out)).toEqual([])

      const { manifest, records, summary } = readRunFolder(out)
      expect(manifest.target.model).toBe('tiny')
      expect(records.filter(({ phase }) => phase === 'measure').length).toBe(REQUESTS)
      expect(records.filter(({ phase }) => phase === 'warmup').length).toBe(WARMUP)
      for (const record of records) {
        if (record.outcome !== 'ok') throw new Error(JSON.stringify(record))
        expect(record.finish).toBe('length')
        expect(record.outputTokens).toBe(OUTPUT_TOKENS)
        expect(record.tokenSource).toBe('server')
        expect(record.inputTokens).toBeGreaterThan(0)
        expect(record.serverTimings?.prefillMs).toBeGreaterThan(0)
        expect(record.serverTimings?.decodeMs).toBeGreaterThan(0)
        // llama.cpp sends a chunk for each token as it is made.
        expect([...record.events.kind].filter((kind) => kind === 't').length).toBe(OUTPUT_TOKENS)
      }
      expect(summary.scenarios[0]?.counts).toMatchObject({
        requests: REQUESTS,
        warmupRequests: WARMUP,
        byOutcome: { ok: REQUESTS },
      })

      // The server counts all that it generates, ours and what was asked to get ready for the run.
      const generated = (await server.readCounter('tokens_predicted_total')) - generatedBefore
      expect(generated).toBeGreaterThanOrEqual((REQUESTS + WARMUP) * OUTPUT_TOKENS)

      // By its own counters, over the measured window alone, it counted what we did.
      const seen = (summary.plugins as readonly PluginSummary[]).find(({ plugin }) => plugin === 'server')
      expect(seen?.source).toBe(`GET ${server.url}/metrics, names of llama.cpp`)
      const metrics = seen?.scenarios[0]?.metrics
      expect(metrics?.server_output_tokens_off).toMatchObject({ value: 0, count: REQUESTS * OUTPUT_TOKENS })
      expect(metrics?.server_prompt_tokens_off).toMatchObject({ value: 0 })
      expect(metrics?.server_prefix_hits).toMatchObject({ kind: 'scalar' })
      expect(metrics?.server_tpot_mean).toMatchObject({ kind: 'scalar', count: REQUESTS * OUTPUT_TOKENS })
    })
  }

  it('is known by the llamacpp adapter: build, context, tokens, metrics', async () => {
    const target = { ...TARGET, baseUrl: server.url }
    const ask = async (spec: HttpSpec): Promise<ProbeReply> => {
      const { method, headers, body } = spec
      const reply = await fetch(spec.url, {
        method,
        headers: headers.map(([name, value]) => [name, value]),
        body: body ?? null,
      })
      return { status: reply.status, headers: new Map(reply.headers), body: await reply.text() }
    }
    const facts: ServerFacts[] = []
    for (const probe of llamacpp.facts ?? []) facts.push(probe.read(await ask(probe.request(target))) ?? {})
    expect(Object.assign({}, ...facts)).toMatchObject({
      version: expect.stringMatching(/^b\d+/),
      models: ['tiny'],
      maxModelLength: 1024,
    })
    for (const probe of llamacpp.ready ?? [])
      expect(probe.read(await ask(probe.request(target)))).toEqual({ ready: true })
    // The tiny model's tokens are letters.
    const counted = llamacpp.countTokens?.read(await ask(llamacpp.countTokens.request({ text: 'abcdefgh' }, target)))
    expect(counted).toBeGreaterThanOrEqual(8)
    const text = await (await fetch(`${server.url}${llamacpp.scrape?.path}`)).text()
    expect(createReader()(text)).toMatchObject({
      server: 'llama.cpp',
      values: { generation_tokens: expect.any(Number) },
    })
  })

  it('waits for a server that is still starting', async () => {
    const late = mkdtempSync(join(folder, 'late-'))
    const port = await findPort()
    const bench = startBench([
      ...['run', '--adapter', 'llamacpp', '--url', `http://127.0.0.1:${port}`, '--requests', '4', '--concurrency', '2'],
      ...['--warmup', '0', '--output-tokens', '4', '--out', join(late, 'run'), '--ready-timeout', '20s'],
    ])
    await bench.until(/waiting|not ready|ECONNREFUSED/i)
    const started = await startLlamaServer(late, 2, port)
    const { code, stdout, stderr } = await bench.finished
    await started.close()
    expect(code, stdout + stderr).toBe(0)
    expect(readRunFolder(join(late, 'run')).records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok'])
  }, 60_000)

  it('says what a wrong path is answered with', async () => {
    const out = join(folder, 'wrong-path')
    const url = `${server.url}/nothing/here`
    const { code, stderr } = await runBench(['run', '--url', url, '--model', 'tiny', '--requests', '2', '--out', out])
    expect(code, stderr).toBe(1)
    expect(readRunFolder(out).records).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome: 'http-error', status: 404 })]),
    )
  })
})
