/** `bench run --adapter cpu`: a model of our own making in a process of ours, by the real library. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, runBench, startBench } from '../support/command.ts'
import { findProblems, readRunFolder } from '../support/run-folder.ts'
import { makeTinyModel } from './tiny-model.ts'

/** A folder with the library, as a user's would be; `install.sh` makes it. */
const installed = join(root, 'node_modules/.cache/inferbench-cpu')
const isInstalled = existsSync(join(installed, 'node_modules/node-llama-cpp'))
if (!isInstalled)
  console.log('cpu backend: skipped, since test/real-server/install.sh has not installed node-llama-cpp')

const folder = mkdtempSync(join(tmpdir(), 'inferbench-cpu-'))
const model = join(folder, 'tiny.gguf')

beforeAll(() => writeFileSync(model, makeTinyModel()))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!isInstalled)('the CPU backend', () => {
  for (const endpoint of ['chat', 'completions'] as const) {
    it(`is measured without any server: ${endpoint}`, async () => {
      const out = join(folder, endpoint)
      const { code, stdout, stderr } = await runBench(
        [
          ...['run', '--adapter', 'cpu', '--model', model, '--endpoint', endpoint, '--concurrency', '6'],
          ...['--requests', '18', '--warmup', '2', '--output-tokens', '12', '--prompt-tokens', '32', '--out', out],
        ],
        { cwd: installed },
      )
      expect(code, stdout + stderr).toBe(0)
      expect(findProblems(out)).toEqual([])
      const { manifest, records } = readRunFolder(out)
      expect(manifest.adapter).toBe('cpu')
      expect(manifest.target).toMatchObject({ model: 'tiny', server: expect.stringContaining('node-llama-cpp 3.') })
      expect(records).toHaveLength(20)
      for (const record of records) {
        if (record.outcome !== 'ok') throw new Error(JSON.stringify(record))
        expect(record).toMatchObject({ finish: 'length', outputTokens: 12, tokenSource: 'server', cachedTokens: 0 })
        expect([...record.events.kind].filter((kind) => kind === 't')).toHaveLength(12)
        expect(record.inputTokens).toBeGreaterThan(0)
        expect(record.serverTimings?.prefillMs).toBeGreaterThan(0)
      }
    }, 60_000)
  }

  it('is a server of its own, too: the same question has the same answer', async () => {
    const server = startBench(['cpu', '--model', model, '--port', '0', '--slots', '2', '--context', '256'], {
      cwd: installed,
    })
    const [url] = await server.until(/http:\/\/[\w.[\]:-]+\d/)
    const ask = async (body: object): Promise<{ choices: { text: string }[] }> =>
      (await (
        await fetch(`${url}/v1/completions`, {
          method: 'POST',
          body: JSON.stringify({ prompt: 'the end of', max_tokens: 8, temperature: 0, ...body }),
        })
      ).json()) as { choices: { text: string }[] }
    const [first, second] = await Promise.all([ask({}), ask({})])
    expect(first.choices[0]?.text).toMatch(/^[a-z ]+$/)
    expect(second.choices).toEqual(first.choices)
    expect(await ask({ max_tokens: 1000 })).toMatchObject({
      error: { message: expect.stringContaining('the context holds 256 tokens') },
    })
    server.child.kill('SIGTERM')
    await server.finished
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  it('is gone when the run is killed', async () => {
    const out = join(folder, 'killed')
    const args = ['run', '--adapter', 'cpu', '--model', model, '--concurrency', '2', '--duration', '60s', '--out', out]
    const bench = startBench(args, { cwd: installed })
    await bench.until(/measuring: [1-9]/)
    const { url } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')).target
    expect((await fetch(`${url}/health`)).status).toBe(200)
    bench.child.kill('SIGKILL')
    await bench.finished
    const isThere = () =>
      fetch(`${url}/health`).then(
        () => true,
        () => false,
      )
    while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it('says what is wrong with a model, in one line', async () => {
    const broken = join(folder, 'broken.gguf')
    writeFileSync(broken, 'this is no model')
    for (const args of [
      ['run', '--adapter', 'cpu', '--model', broken],
      ['cpu', '--model', broken, '--port', '0'],
    ]) {
      const { code, stderr } = await runBench(args, { cwd: installed })
      expect(code, stderr).toBeGreaterThan(0)
      expect(stderr.trim().split('\n')).toHaveLength(1)
      expect(stderr).toContain(`cannot load "${broken}": `)
    }
  })
})

describe('without the library or a model', () => {
  it('says what to install', async () => {
    const { code, stderr } = await runBench(['run', '--adapter', 'cpu', '--model', model], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toBe(
      'bench: the CPU backend needs the package node-llama-cpp, which is not installed here; run: npm install node-llama-cpp\n',
    )
    expect(readdirSync(folder)).not.toContain('bench-runs')
  })
  it('asks for a model', async () => {
    const { code, stderr } = await runBench(['run', '--adapter', 'cpu'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain('--adapter cpu needs --model FILE.gguf')
    const missing = await runBench(['run', '--adapter', 'cpu', '--model', 'no.gguf'], {
      cwd: isInstalled ? installed : folder,
    })
    expect(missing.code).toBe(2)
    if (isInstalled) expect(missing.stderr).toContain('there is no file "no.gguf"')
  })
})
