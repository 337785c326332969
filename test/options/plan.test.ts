import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planRun, readOptions } from '../../src/core/options/mod.ts'
import type { RunPlan } from '../../src/core/plan.ts'
import type { Platform } from '../../src/core/platform.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { listBuiltins, loadPart } from '../../src/registry.ts'

let platform: Platform
let folder: string
beforeAll(async () => {
  platform = await loadPlatform()
  folder = mkdtempSync(join(tmpdir(), 'inferbench-options-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function plan(options: object, env: Readonly<Record<string, string>> = {}): Promise<RunPlan> {
  return planRun(readOptions({ url: 'http://localhost:1', ...options }), {
    platform: { ...platform, env: (name) => env[name] },
    loadAdapter: (specifier) => loadPart('adapter', specifier, platform),
    loadPlugin: (specifier) => loadPart('plugin', specifier, platform),
  })
}

describe('the matrix', () => {
  it.each([
    [{}, ['c16-in128~32-out64'], ['16 streams']],
    [{ requests: 4 }, ['c4-in128~32-out64'], ['4 streams']],
    [
      { concurrency: '1,4,16', promptTokens: 128 },
      ['c1-in128-out64', 'c4-in128-out64', 'c16-in128-out64'],
      ['1 stream', '4 streams', '16 streams'],
    ],
    [
      { concurrency: '1,4', promptTokens: '128,256', outputTokens: 8 },
      ['c1-in128-out8', 'c1-in256-out8', 'c4-in128-out8', 'c4-in256-out8'],
      ['1 stream, 128 in', '1 stream, 256 in', '4 streams, 128 in', '4 streams, 256 in'],
    ],
    [
      { rate: '5,0.5', promptTokens: 1, outputTokens: '8,16±4' },
      ['r5-in1-out8', 'r5-in1-out16~4', 'r0.5-in1-out8', 'r0.5-in1-out16~4'],
      ['5/s poisson, 8 out', '5/s poisson, 16±4 out', '0.5/s poisson, 8 out', '0.5/s poisson, 16±4 out'],
    ],
    [{ rate: 5, arrival: 'gamma', burstiness: 0.5, promptTokens: 1 }, ['r5-in1-out64'], ['5/s gamma']],
    [{ stages: '1:1s,2:1s', promptTokens: 1 }, ['stages-in1-out64'], ['2 stages poisson']],
  ])('of %j', async (options, names, titles) => {
    const { scenarios } = await plan(options)
    expect(scenarios.map(({ name }) => name)).toEqual(names)
    expect(scenarios.map(({ title }) => title)).toEqual(titles)
  })

  it('has bounds and a warm-up that fit the load', async () => {
    const [closed] = (await plan({ concurrency: 64 })).scenarios
    expect(closed).toMatchObject({
      requests: 256,
      warmup: { kind: 'requests', requests: 64 },
      arrival: { kind: 'closed', slots: 64 },
    })
    const [timed] = (await plan({ duration: '10s', warmup: '5s' })).scenarios
    expect(timed).toMatchObject({ durationMs: 10_000, warmup: { kind: 'time', ms: 5000 } })
    expect(timed.requests).toBeUndefined()
    const [open] = (await plan({ rate: 20, maxInFlight: 8, warmup: 0, requests: 10 })).scenarios
    expect(open).toMatchObject({
      requests: 10,
      maxInFlight: 8,
      warmup: { kind: 'none' },
      arrival: { kind: 'open', meanRate: 20 },
    })
    const [staged] = (await plan({ stages: '1:1s' })).scenarios
    expect(staged.requests).toBeUndefined()
  })

  it('the seed makes the schedule; without one, runs differ', async () => {
    const dues = async (options: object) => {
      const { arrival } = (await plan({ rate: 10, ...options })).scenarios[0]
      return arrival.kind === 'open' ? [0, 1, 2].map((n) => arrival.due(n)) : []
    }
    expect(await dues({ seed: 7 })).toEqual(await dues({ seed: 7 }))
    expect(await dues({ seed: 7 })).not.toEqual(await dues({ seed: 8 }))
    const seeds = await Promise.all([1, 2, 3, 4].map(async () => (await plan({})).seed))
    expect(new Set(seeds).size).toBeGreaterThan(1)
  })
})

describe('files', () => {
  it('reads a data set', async () => {
    const dataset = write('set.jsonl', '{"prompt":"a"}\n{"messages":[{"role":"user","content":"b"}],"max_tokens":5}\n')
    const { scenarios } = await plan({ dataset })
    expect(scenarios).toHaveLength(1)
    expect(scenarios[0].name).toBe('c16')
    expect(scenarios[0].prompts).toMatchObject({
      kind: 'dataset',
      name: 'set.jsonl',
      rows: [{ row: 1 }, { row: 2, maxTokens: 5 }],
    })
  })

  it('reads instants, from the first', async () => {
    const replay = write('instants', '1000\n\n1250.5\n{"timestamp": 2000}\n')
    const { arrival, warmup } = (await plan({ replay })).scenarios[0]
    if (arrival.kind !== 'open') throw new Error('a replay is an open schedule')
    expect([0, 1, 2, 3].map((n) => arrival.due(n))).toEqual([0, 250.5, 1000, undefined])
    expect(warmup).toEqual({ kind: 'none' })
  })

  it.each([
    ['1\nx\n', /line 2: no instant/],
    ['2\n1\n', /line 2: earlier/],
    ['\n', /no instants/],
    ['{"time": 3}', /line 1: no instant/],
  ])('refuses the instants %j', async (text, message) => {
    await expect(plan({ replay: write('bad', text) })).rejects.toThrow(message)
  })

  it.each(['dataset', 'replay', 'ca', 'apiKeyFile', 'tokenizer'])(
    'says which option names a file that is missing: %s',
    async (name) => {
      await expect(plan({ [name]: join(folder, 'missing') })).rejects.toThrow(
        new RegExp(`^option "${name}": cannot read .*missing`),
      )
    },
  )

  it('refuses a tokenizer that is no JSON and certificates that are none', async () => {
    const path = write('text', 'hello')
    await expect(plan({ tokenizer: path })).rejects.toThrow(/not JSON/)
    await expect(plan({ ca: path })).rejects.toThrow(/no certificate/)
    await expect(plan({ apiKeyFile: write('empty', ' \n') })).rejects.toThrow(/empty/)
  })
})

describe('credentials', () => {
  it('takes the key from the usual variable, a named one, or a file', async () => {
    expect((await plan({}, { OPENAI_API_KEY: 'sk-usual' })).target.apiKey).toBe('sk-usual')
    const named = await plan({ apiKeyEnv: 'MINE' }, { OPENAI_API_KEY: 'sk-usual', MINE: 'sk-mine\n' })
    expect(named.target.apiKey).toBe('sk-mine')
    expect(named.secrets).toContain('sk-mine')
    expect((await plan({ apiKeyFile: write('key', 'sk-file\n') })).target.apiKey).toBe('sk-file')
    expect((await plan({})).target.apiKey).toBeUndefined()
  })

  it('refuses a variable that is not set, and a key that no header can carry', async () => {
    await expect(plan({ apiKeyEnv: 'MINE' })).rejects.toThrow(/"MINE" is not set/)
    const bad = plan({ apiKeyEnv: 'MINE' }, { MINE: 'canary key' })
    await expect(bad).rejects.toThrow(/no header can carry/)
    await expect(bad).rejects.not.toThrow(/canary/)
  })

  it('sends the user part of the URL, and writes it nowhere', async () => {
    const made = await plan({ url: 'http://me:canary-word@localhost:1/v1' }, { OPENAI_API_KEY: 'sk-usual' })
    expect(made.target.baseUrl).toBe('http://localhost:1')
    expect(made.target.headers).toEqual([['authorization', `Basic ${btoa('me:canary-word')}`]])
    expect(made.target.apiKey).toBeUndefined()
    expect(made.secrets).toContain('canary-word')
    expect(JSON.stringify(made.options)).not.toContain('canary')
    await expect(plan({ url: 'http://me:x@localhost:1', apiKeyEnv: 'MINE' }, { MINE: 'k' })).rejects.toThrow(
      /user part/,
    )
  })

  it('hides headers and body strings in the written options, and keeps their names', async () => {
    const { options, secrets } = await plan({
      headers: ['X-Team: canary-team', 'Authorization: Bearer canary-token'],
      body: { user: 'canary-user', top_k: 20 },
      proxy: 'http://someone:canary-proxy@localhost:2',
    })
    expect(JSON.stringify(options)).not.toContain('canary')
    expect(options).toMatchObject({
      headers: { 'X-Team': '[hidden]', Authorization: '[hidden]' },
      body: { user: '[hidden]', top_k: 20 },
    })
    expect(secrets).toEqual(expect.arrayContaining(['canary-team', 'canary-token', 'canary-user', 'canary-proxy']))
  })
})

describe('the rest', () => {
  it('fills in defaults', async () => {
    expect(await plan({})).toMatchObject({
      adapter: { name: 'openai' },
      target: {
        baseUrl: 'http://localhost:1',
        endpoint: 'chat',
        stream: true,
        includeUsage: true,
        headers: [],
        body: {},
      },
      temperature: 0,
      forceLength: true,
      saveText: false,
      readyTimeoutMs: 10_000,
      drainMs: 30_000,
      timeouts: { connectMs: 10_000, totalMs: 600_000 },
    })
  })

  it('takes a limit of 0 as none', async () => {
    expect((await plan({ timeout: 0, idleTimeout: 0, headersTimeout: '5s' })).timeouts).toEqual({
      connectMs: 10_000,
      headersMs: 5000,
    })
  })

  it('reads limits and gates, and refuses metrics that do not exist', async () => {
    const made = await plan({ slo: ['ttft=200ms,tpot=30ms', 'e2e=5s'], gates: ['ttft.p99<500ms', 'errors<1%'] })
    expect(made.slo.map(({ metric, limitMs }) => [metric, limitMs])).toEqual([
      ['ttft', 200],
      ['tpot', 30],
      ['e2e', 5000],
    ])
    expect(made.gates).toHaveLength(2)
    await expect(plan({ gates: 'ttf.p99<1s' })).rejects.toThrow(/did you mean "ttft"/)
    await expect(plan({ slo: 'ttf=1s' })).rejects.toThrow(/did you mean "ttft"/)
    await expect(plan({ slo: ['ttft=1s', 'e2e=5s,ttft<=2s'] })).rejects.toThrow(/limits ttft twice/)
  })

  it('writes options so that they can be read again', async () => {
    const written = (
      await plan({ duration: '1m', warmup: '5s', promptTokens: '128~32,64', stages: '1-2:3s', slo: 'ttft=1s' })
    ).options
    expect(readOptions(written)).toEqual(
      readOptions({
        url: 'http://localhost:1',
        duration: '1m',
        warmup: '5s',
        promptTokens: '128~32,64',
        stages: '1-2:3s',
        slo: 'ttft=1s',
      }),
    )
  })

  it('finds adapters by name, says the nearest, and takes one as an object', async () => {
    for (const name of await listBuiltins('adapter', platform))
      expect((await plan({ adapter: name })).adapter.name).toBe(name)
    await expect(plan({ adapter: 'vlm' })).rejects.toThrow('there is no adapter "vlm"; did you mean "vllm"?')
    const own = { ...(await loadPart('adapter', 'openai', platform)), name: 'own' }
    expect((await plan({ adapter: own })).adapter.name).toBe('own')
  })

  it('finds adapters by path, and refuses a module that holds none', async () => {
    const path = write('mine.mjs', "export default { name: 'mine', summary: '', flags: {}, encode() {}, decoder() {} }")
    expect((await plan({ adapter: path })).adapter.name).toBe('mine')
    await expect(plan({ adapter: write('other.mjs', 'export default 3') })).rejects.toThrow(/is no adapter/)
    await expect(plan({ adapter: join(folder, 'missing.mjs') })).rejects.toThrow(/missing\.mjs/)
  })

  it('answers an unknown transport with the nearest', async () => {
    await expect(plan({ transport: 'soket' })).rejects.toThrow(/did you mean "socket"/)
  })
})
