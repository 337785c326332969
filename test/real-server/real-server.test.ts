/** `bench run` against an inference server that we did not write. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBench } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { isInstalled, type LlamaServer, startLlamaServer } from './llama-server.ts'

const REQUESTS = 24
const WARMUP = 4
const OUTPUT_TOKENS = 20

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

  for (const endpoint of ['chat', 'completions']) {
    it(`counts what the server counts: ${endpoint}`, async () => {
      const out = join(folder, endpoint)
      const generatedBefore = await server.readCounter('tokens_predicted_total')
      const { code, stdout, stderr } = await runBench([
        ...['run', '--adapter', 'openai', '--url', server.url, '--endpoint', endpoint, '--concurrency', '4'],
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
    })
  }

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
