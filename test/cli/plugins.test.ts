/** Plugins as a user of the command meets them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runBench, withFolder } from '../support/command.ts'

const QUICK = ['--requests', '4', '--output-tokens', '4', '--warmup', '0', '--concurrency', '2']

describe('bench list', () => {
  it('says of each plugin what it needs, whether it works here, and what it can be told', async () => {
    const { code, stdout, stderr } = await runBench(['list', 'plugins'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^ {2}server +\S.*; runs unasked, where it works$/m)
    expect(stdout).toMatch(/^ +server\.every=TIME {2}\S.*; default 1\.0 s$/m)
    const plugins = stdout.split('\n').filter((line) => /^ {2}\S/.test(line))
    expect(stdout.match(/^ +(works here|not here: \S)/gm)).toHaveLength(plugins.length)
  })

  it('has the metrics and limits of plugins', async () => {
    expect((await runBench(['list', 'metrics'])).stdout).toMatch(/^ {2}server_running +.*\(plugin server\)$/m)
    expect((await runBench(['list', 'limits'])).stdout).toMatch(/^ {2}machine-busy +\S/m)
  })
})

describe('bench run', () => {
  it('has plugins that run unasked, can be switched off, and are seen in table, page and folder', async () => {
    await withFolder(async (cwd) => {
      const run = await runBench(['run', ...QUICK, '--out', 'a'], { cwd })
      expect([run.code, run.stderr.includes('defect')]).toEqual([0, false])
      expect(run.stdout).toMatch(/^server .* tok\/s$/m)
      const page = readFileSync(join(cwd, 'a/summary.md'), 'utf8')
      expect(page).toMatch(/^## Beside the load$/m)
      expect(page).toMatch(/^- `\d+ samples, one every .*; a reading took /m)
      const off = await runBench(['run', ...QUICK, '--no-plugin', 'all', '--json', '--out', 'b'], { cwd })
      expect(JSON.parse(off.stdout).plugins).toBeUndefined()
      const [a, b] = ['a', 'b'].map((name) => JSON.parse(readFileSync(join(cwd, name, 'manifest.json'), 'utf8')))
      expect(a.fingerprint.parts.definitions).toEqual(b.fingerprint.parts.definitions)

      const report = await runBench(['report', 'a', '--json'], { cwd })
      expect(JSON.parse(report.stdout)).toEqual(JSON.parse(readFileSync(join(cwd, 'a/summary.json'), 'utf8')))
    })
  })

  it('reads options of plugins from a config file and from flags, and keeps their secrets', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(
        join(cwd, 'bench.yaml'),
        'noPlugins: [process]\npluginOptions:\n  server: { every: 100ms, url: "http://me:hunter2-long@127.0.0.1:9/metrics?key=hunter3-long" }\n',
      )
      const run = await runBench(
        ['run', '-c', 'bench.yaml', ...QUICK, '--plugin-option', 'server.every=200ms', '--out', 'a'],
        { cwd },
      )
      expect(run.code).toBe(0)
      // Asked for by its options: a wrong address is a line, and no failed run.
      expect(run.stdout).toMatch(/^server: http:\/\/(\*\*\*@)?127\.0\.0\.1:9\/metrics\b/m)
      const manifest = readFileSync(join(cwd, 'a/manifest.json'), 'utf8')
      expect(JSON.parse(manifest).options.pluginOptions.server.every).toBe('200ms')
      for (const text of [run.stdout, run.stderr, manifest, readFileSync(join(cwd, 'a/summary.json'), 'utf8')]) {
        expect(text).not.toMatch(/hunter[23]-long/)
      }
    })
  })

  it.each([
    [['--no-plugin', 'servr'], /^bench: --no-plugin: no plugin "servr" would run; did you mean "server"\?\n$/],
    [['--plugin', 'servr'], /^bench: there is no plugin "servr"; did you mean "server"\?\n$/],
    [
      ['--plugin-option', 'server.evry=1s'],
      /^bench: --plugin-option: the plugin "server" has no option "evry"; did you mean "every"\?\n$/,
    ],
    [
      ['--plugin-option', 'server.every=often'],
      /^bench: --plugin-option: server\.every: "often" is not a duration.*\n$/,
    ],
    [['--plugin-option', 'cut.x=1'], /^bench: --plugin-option: the plugin "cut" takes no part; add --plugin cut\n$/],
    [
      ['--price-kwh', '0.3', '--no-plugin', 'power'],
      /^bench: --price-kwh: no plugin of this run reckons with it; add --plugin power\n$/,
    ],
    [
      ['--verdict-limit', 'machine-bussy=5'],
      /^bench: --verdict-limit: the verdict has no limit "machine-bussy"; did you mean "machine-busy"\?\n$/,
    ],
    [
      ['--gate', 'server_runing.mean<5'],
      /^bench: --gate: .* names no metric: "server_runing"; did you mean "server_running"\?\n$/,
    ],
    [['--idle', 'long'], /^bench: --idle: "long" is not a duration.*\n$/],
  ])('refuses %j before anything is sent', async (flags, message) => {
    const { code, stdout, stderr } = await runBench(['run', '--url', 'http://127.0.0.1:9', ...flags])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })
})
