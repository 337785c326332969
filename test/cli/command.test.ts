import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runFlags } from '../../src/cli/run-options.ts'
import { TOOL_VERSION } from '../../src/core/version.ts'
import { root, runBench, startMock, withFolder } from '../support/command.ts'

describe('help and version', () => {
  it('--version is the version, and package.json says the same', async () => {
    expect(await runBench(['--version'])).toMatchObject({ code: 0, stdout: `${TOOL_VERSION}\n`, stderr: '' })
    expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version).toBe(TOOL_VERSION)
  })

  it('without a command it says which there are', async () => {
    const { code, stdout } = await runBench([])
    expect(code).toBe(0)
    for (const name of ['run', 'report', 'mock', 'list', 'new']) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  it('every command has help, whatever else is wrong', async () => {
    const commands = ['run', 'report', 'score', 'compare', 'mock', 'list', 'new']
    const helps = await Promise.all(commands.map((name) => runBench([name, '--nonsense', '--help'])))
    for (const [index, { code, stdout, stderr }] of helps.entries()) {
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`usage: bench ${commands[index]}`)
      expect(stdout).toContain('Examples')
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    }
    for (const name of Object.keys(runFlags)) expect(helps[0]!.stdout).toMatch(new RegExp(`--${name}(\\s|$)`, 'm'))
  })
})

describe('wrong usage', () => {
  const port = 'http://127.0.0.1:1'
  it.each([
    [['runn'], /there is no command "runn"; did you mean "run"/],
    [['--url', 'x'], /before its command|stands before/],
    [['run', '--concurency', '4'], /no flag --concurency; did you mean --concurrency/],
    [['run', '--requests', '0'], /--requests: "0" is not a whole number of at least 1/],
    [['run', '--max-concurrency', '4'], /did you mean --concurrency/],
    [['run', '--concurrency'], /--concurrency needs a value/],
    [['run', 'http://user:canary@host'], /did you mean --url/],
    [['run', '--url', 'ftp://user:canary@host'], /scheme "ftp"/],
    [['run', '--adapter', 'vlm'], /no adapter "vlm"; did you mean "vllm"/],
    [['run', '--url', port, '--gate', 'ttf.p99<5ms'], /did you mean "ttft"/],
    [['run', '--api-key', 'canary'], /--api-key-env/],
    [['run', '-c', 'missing.yaml'], /missing\.yaml/],
    [['run', '--url', port, '--dataset', '.'], /--dataset: cannot read \.: it is a folder/],
    [['report'], /folder/],
    [['report', 'missing'], /missing/],
    [['report', '.'], /no run/],
    [['score'], /needs results/],
    [['compare', 'one'], /needs two results/],
    [['compare', 'missing', 'gone'], /cannot read gone: no such file/],
    [['list', 'metric'], /did you mean "metrics"/],
    [['mock', '--ttft', '5'], /--ttft: "5" is not a duration/],
    [['mock', '--profile', 'vlm'], /did you mean "vllm"/],
    [['new', 'adaptr', 'x'], /did you mean "adapter"/],
    [['new', 'adapter', '../x'], /no name/],
  ])('bench %j exits with 2 and one line', async (args, message) => {
    const { code, stdout, stderr } = await runBench(args)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^bench: [^\n]+\n$/)
    expect(stderr).not.toContain('canary')
    expect([code, stdout]).toEqual([2, ''])
  })
})

describe('a server that is not there', () => {
  it('exits with 1 and one line that says where', async () => {
    const { code, stdout, stderr } = await runBench(['run', '--url', 'http://127.0.0.1:1', '--ready-timeout', '100ms'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^bench: http:\/\/127\.0\.0\.1:1 [^\n]+\n$/)
  })

  it('says why it is not ready, not that the time for the last question was short', async () => {
    let asked = 0
    const server = createServer((_, response) => {
      if (asked++ === 0) response.writeHead(503).end('{"error":{"message":"loading weights"}}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, stderr } = await runBench(['run', '--url', url, '--adapter', 'vllm', '--ready-timeout', '1500ms'])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    expect(code).toBe(1)
    expect(asked).toBeGreaterThan(1)
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^bench: \S+ is not ready: .*loading weights/)
  })

  it('shows where a defect happened only when asked', async () => {
    const args = ['run', '--url', 'http://127.0.0.1:1', '--ready-timeout', '100ms']
    expect((await runBench(args, { env: { BENCH_DEBUG: '1' } })).stderr).toMatch(/\n\s+at /)
  })
})

describe('a defect', () => {
  it.each([
    ['thrown at once', "throw new Error('boom')"],
    [
      'thrown where nobody waits',
      "setTimeout(() => { throw new Error('boom') }, 0); await new Promise(() => setTimeout(() => {}, 1e6))",
    ],
    [
      'rejected where nobody waits',
      "Promise.reject(new Error('boom')); await new Promise(() => setTimeout(() => {}, 1e6))",
    ],
  ])('%s is one line', async (_, source) => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'bad.mjs'), `${source}\nexport default {}`)
      const { code, stdout, stderr } = await runBench(
        ['run', '--url', 'http://127.0.0.1:1', '--adapter', './bad.mjs'],
        { cwd },
      )
      expect(stderr).toMatch(/^bench: [^\n]*boom[^\n]*\n$/)
      expect([code === 0, stdout]).toEqual([false, ''])
    })
  })
})

describe('bench list', () => {
  it('lists every topic, or one', async () => {
    const { code, stdout } = await runBench(['list'])
    expect(code).toBe(0)
    for (const topic of ['adapters', 'plugins', 'schedules', 'metrics', 'formats'])
      expect(stdout).toMatch(new RegExp(`^${topic}$`, 'm'))
    const { stdout: adapters } = await runBench(['list', 'adapters'])
    for (const name of ['openai', 'vllm', 'vllm-rust', 'mock'])
      expect(adapters).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
    expect(adapters).not.toMatch(/^ {2}_/m)
  })

  it('prints the JSON Schema', async () => {
    const { stdout } = await runBench(['list', '--schema'])
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { url: {}, concurrency: {} } })
  })
})

describe('bench new', () => {
  it('writes an adapter that runs, and never overwrites', async () => {
    await withFolder(async (cwd) => {
      const made = await runBench(['new', 'adapter', 'my-server'], { cwd })
      expect(made).toMatchObject({ code: 0, stderr: '' })
      const path = join(cwd, 'my-server.ts')
      const run = await runBench(
        ['run', '--adapter', './my-server.ts', '--requests', '2', '--output-tokens', '2', '--warmup', '0'],
        { cwd },
      )
      expect([run.code, run.stdout.split(' ')[0]]).toEqual([0, 'my-server'])
      writeFileSync(path, 'mine')
      expect(await runBench(['new', 'adapter', 'my-server'], { cwd })).toMatchObject({ code: 2 })
      expect(readFileSync(path, 'utf8')).toBe('mine')
    })
  })

  it('writes a plugin whose metric a gate can name', async () => {
    await withFolder(async (cwd) => {
      await runBench(['new', 'plugin', 'ended-by-itself'], { cwd })
      const run = await runBench(
        [
          'run',
          '--requests',
          '2',
          '--output-tokens',
          '2',
          '--warmup',
          '0',
          '--plugin',
          './ended-by-itself.ts',
          '--gate',
          'ended_by_itself<=100%',
          '--gate',
          'ended_by_itself_reply.max<1m',
          '--plugin-option',
          'ended-by-itself.every=20ms',
          '--json',
          '--out',
          'mine',
        ],
        { cwd },
      )
      expect(run).toMatchObject({ code: 0 })
      const summary = JSON.parse(run.stdout)
      expect(summary.scenarios[0].metrics.ended_by_itself).toMatchObject({ kind: 'scalar', unit: '%' })
      expect(summary.gates).toMatchObject([{ status: 'met' }, { status: 'met', unit: 'ms' }])
      expect(summary.plugins[0]).toMatchObject({
        plugin: 'ended-by-itself',
        source: expect.stringMatching(/^GET http/),
      })
      expect(readFileSync(join(cwd, 'mine/summary.md'), 'utf8')).toMatch(/reply beside the load` \| `[▁-█·]/)

      // A report loads no module of the folder's choosing.
      const without = await runBench(['report', 'mine', '--json'], { cwd })
      expect(without.stderr).toMatch(/ended-by-itself\.ts.*--plugin/)
      const report = await runBench(['report', 'mine', '--json', '--plugin', './ended-by-itself.ts'], { cwd })
      expect(JSON.parse(report.stdout)).toEqual(summary)
    })
  })
})

describe('bench mock', () => {
  it('prints its URL first, and ends well when it is told to', async () => {
    const mock = await startMock('--ttft', '1ms', '--itl', '1ms', '--model', 'other')
    const models = await (await fetch(`${mock.url}/v1/models`)).json()
    expect(models).toMatchObject({ data: [{ id: 'other' }] })
    await mock.close()
  })
})
