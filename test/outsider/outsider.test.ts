/**
 * Someone outside the project: an empty folder, the packed package, an adapter of their own, the conformance suite on it.
 * Only what is published can make this pass.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, root, startProcess } from '../support/command.ts'

const onNode = !('Bun' in globalThis) && !('Deno' in globalThis)
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const MINUTES = 60_000

// npm and the package's build for Node are what is tried: another runtime's turn would repeat it.
describe.skipIf(!onNode)('an outsider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-outsider-'))

  const run = (command: string, ...args: readonly string[]): Promise<Finished> =>
    // What npm tells its scripts about our own folder must not reach theirs.
    startProcess(command, args, { cwd: folder, env: withoutNpm() }).finished

  beforeAll(async () => {
    const packed = startProcess('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
    expect(await packed.finished).toMatchObject({ code: 0 })
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
    const { vitest, typescript } = manifest.devDependencies
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({
        name: 'acme-adapter',
        private: true,
        type: 'module',
        dependencies: { inferbench: `file:${tarball}` },
        devDependencies: { vitest, typescript },
      }),
    )
    const installed = await run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund')
    expect(installed, installed.stderr).toMatchObject({ code: 0 })
    mkdirSync(join(folder, 'src'))
    copyFileSync(join(root, 'test/outsider/acme.ts'), join(folder, 'src/acme.ts'))
    copyFileSync(join(root, 'test/outsider/acme-suite.ts'), join(folder, 'src/acme.test.ts'))
  }, 5 * MINUTES)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('writes an adapter in less than 60 lines', () => {
    const lines = readFileSync(join(folder, 'src/acme.ts'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThan(60)
  })

  it(
    'passes testAdapter on it',
    async () => {
      const { code, stdout, stderr } = await run('npx', 'vitest', 'run', '--reporter=json')
      expect(code, stdout + stderr).toBe(0)
      const report = JSON.parse(stdout)
      expect(report.numFailedTests).toBe(0)
      expect(report.numPassedTests).toBeGreaterThan(30)
    },
    MINUTES,
  )

  it(
    'finds the types in the package',
    async () => {
      const options = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] }
      const modules = { target: 'ES2022', module: 'NodeNext', lib: ['ES2023', 'DOM'], allowImportingTsExtensions: true }
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...options, ...modules, skipLibCheck: false }, include: ['src/acme.ts'] }),
      )
      const { code, stdout } = await run('npx', 'tsc', '-p', '.')
      expect(code, stdout).toBe(0)
    },
    MINUTES,
  )

  it(
    'runs the command, which knows the adapter by its path',
    async () => {
      const version = await run('npx', 'inferbench', '--version')
      expect(version, version.stderr).toMatchObject({ code: 0 })
      expect(version.stdout).toContain(manifest.version)
      // Nothing listens there: that the server cannot be reached means that the adapter was loaded and asked.
      const unreachable = await run(
        ...(['npx', 'bench', 'run', '--adapter', './src/acme.ts', '--url', 'http://127.0.0.1:9'] as const),
        ...['--model', 'm', '--requests', '1', '--ready-timeout', '1s'],
      )
      expect(unreachable.code, unreachable.stderr).toBe(1)
      expect(unreachable.stderr).toContain('127.0.0.1:9')
      const wrong = await run('npx', 'bench', 'run', '--adapter', 'opnai')
      expect(wrong.code).toBe(2)
      expect(wrong.stderr).toContain('openai')
    },
    MINUTES,
  )

  it(
    'gets the page of a run, though nothing that draws is installed',
    async () => {
      const load = ['--requests', '4', '--output-tokens', '4', '--html', 'page.html']
      const { code, stderr } = await run('npx', 'bench', 'run', ...load)
      expect(code, stderr).toBe(0)
      expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('uPlot\nThe MIT License')
      expect(readdirSync(join(folder, 'node_modules'))).not.toContain('uplot')
    },
    MINUTES,
  )

  it('holds every file that package.json names, and no test of ours', () => {
    const published = join(folder, 'node_modules/inferbench')
    const names = readdirSync(published, { recursive: true }).map(String)
    expect(names).toEqual(expect.arrayContaining(['dist/mod.js', 'dist/cli/main.js', 'dist/testing/mod.js', 'LICENSE']))
    expect(names.filter((name) => /\.test\.|fixtures|node_modules/.test(name))).toEqual([])
  })
})

function withoutNpm(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(npm_|VITEST|NODE_ENV$|TEST$|INIT_CWD$)/i.test(name))
  return Object.fromEntries(names.map((name) => [name, undefined]))
}
