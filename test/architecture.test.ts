/** The house rules that a machine can check: who may import whom, where each dependency lives, what is published. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface PackageFile {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
}

const manifest = readPackage('package.json')
const denoManifest = readPackage('deno.json')

interface Import {
  readonly file: string
  /** As written. */
  readonly specifier: string
  /** The file that it names, from the root of the repository; undefined for packages and `node:`. */
  readonly target?: string
  readonly typeOnly: boolean
}

const sources = ['src', 'adapters', 'plugins', 'test/conformance'].flatMap(listSources)
const imports = sources.flatMap(readImports)

/** From a place in the house to the places that it may import. First match wins; longer names stand first. */
const DIRECTIONS: readonly (readonly [from: RegExp, to: RegExp, rule: string])[] = [
  [/^src\/core\/[^/]+\.ts$/, /^src\/core\/[^/]+\.ts$/, 'words import words'],
  [/^src\/core\/options\//, /^src\/core\/(?!engine\/)/, 'options are completed into a plan by all families'],
  [/^src\/core\/engine\//, /^src\/core\//, 'the engine imports core'],
  [
    /^src\/core\/report\//,
    /^src\/core\/([^/]+\.ts$|stats\/|metrics\/|report\/)/,
    'reports name metrics by their definitions',
  ],
  [
    /^src\/core\/(score|compare)\//,
    /^src\/core\/([^/]+\.ts$|stats\/|metrics\/|report\/|compat\/|$1\/)/,
    'scores and comparisons read results of old tools and speak of metrics as reports do',
  ],
  [/^src\/core\/eval\//, /^src\/core\/([^/]+\.ts$|stats\/|report\/|eval\/)/, 'evaluations are shown as reports are'],
  [
    /^src\/core\/profiles\//,
    /^src\/core\/([^/]+\.ts$|stats\/|metrics\/|report\/|profiles\/)/,
    'profiles stand beside our own metrics, and are shown as reports are',
  ],
  [
    /^src\/core\/([^/]+)\//,
    /^src\/core\/([^/]+\.ts$|stats\/|$1\/)/,
    'families import words, statistics and themselves',
  ],
  [/^src\/platform\//, /^src\/(platform|core)\//, 'platform implements words of core'],
  [/^src\/mock\//, /^src\/(mock|core)\//, 'the mock is a fetch handler and knows no runtime'],
  [/^src\/report-page\//, /^src\/(report-page|core)\//, "the page's script runs in a browser"],
  [/^src\/cpu\//, /^src\/(cpu|core)\//, 'the CPU backend is a fetch handler around a library that it is given'],
  [/^src\/cli\//, /^(src|adapters|plugins)\//, 'the command joins all'],
  [/^src\/[^/]+\.ts$/, /^(src\/(?!cli\/)|adapters\/|plugins\/)/, 'the library is all but the command'],
  [/^adapters\//, /^(src\/mod\.ts$|adapters\/)/, 'adapters import what a third party can, or a sibling'],
  [/^plugins\//, /^(src\/mod\.ts$|plugins\/)/, 'plugins import what a third party can, or a sibling'],
  [
    /^test\/conformance\//,
    /^(src\/mod\.ts$|src\/mock\/mod\.ts$|test\/conformance\/)/,
    'suites import what a third party can',
  ],
]

/** Where each dependency of package.json lives. A dependency in two homes is in everybody's way. */
const HOMES: Readonly<Record<string, RegExp>> = {
  '@hono/node-server': /^src\/(platform|mock)\//,
  '@huggingface/tokenizers': /^src\/core\/workload\//,
  '@valibot/to-json-schema': /^src\/core\/(options|report)\/|^src\/cli\//,
  citty: /^src\/cli\//,
  consola: /^src\/cli\//,
  'eventsource-parser': /^src\/core\/framing\//,
  'fastest-levenshtein': /^src\/core\/nearest\.ts$/,
  hono: /^src\/mock\//,
  jiti: /^src\/platform\//,
  'pure-rand': /^src\/core\//,
  undici: /^src\/platform\/transport\/undici\.ts$/,
  valibot: /^(src|adapters|plugins)\//,
  yaml: /^src\/(core\/options|cli)\//,
}

/** Bundled by the build, so that who installs the package needs them not. */
const BUNDLED: Readonly<Record<string, RegExp>> = {
  uplot: /^src\/report-page\//,
}

describe('directions of import', () => {
  it('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(10)
    expect(imports.length).toBeGreaterThan(20)
  })

  it('every import goes the way the house allows', () => {
    const wrong = imports.flatMap((one) => {
      const direction = DIRECTIONS.find(([from]) => from.test(one.file))
      if (!direction) return [`${one.file}: no rule for this place`]
      if (one.target === undefined) return []
      const [from, to, rule] = direction
      const own = from.exec(one.file)?.[1]
      const allowed = own === undefined ? to : new RegExp(to.source.replace('$1', own))
      return allowed.test(one.target) ? [] : [`${one.file} imports ${one.target}: ${rule}`]
    })
    expect(wrong).toEqual([])
  })

  it('adapters, plugins and suites reach the library by its name, as a third party does', () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        /^(adapters|plugins|test\/conformance)\//.test(file) && specifier.startsWith('.') && specifier.includes('../'),
    )
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([])
  })

  it('every relative import names a file that exists, with its extension', () => {
    const wrong = imports.filter(
      ({ specifier, target }) => specifier.startsWith('.') && !existsSync(join(root, target!)),
    )
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([])
  })

  it('no value import goes round in a circle', () => {
    expect(findCircle(imports.filter((one) => !one.typeOnly))).toBeUndefined()
  })
})

describe('runtimes', () => {
  it('node: modules stay in the platform, the command and the tests', () => {
    const wrong = imports.filter(
      ({ file, specifier }) => specifier.startsWith('node:') && !/^(src\/(platform|cli)|test)\//.test(file),
    )
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([])
  })

  it('only the platform names a runtime, and only load.ts asks which one it is', () => {
    const globals = /\b(Bun|Deno)\s*[.[(]|\bprocess\.(versions|release)\b/
    const detection =
      /\btypeof\s+(Bun|Deno|process|navigator)\b|['"](Bun|Deno)['"]\s+in\b|navigator\.userAgent|\bplatform\.name\s*[!=]==?/
    const wrong = sources.flatMap((file) => {
      const code = withoutComments(readFileSync(join(root, file), 'utf8'))
      if (file === 'src/platform/load.ts') return []
      if (detection.test(code)) return [`${file} asks for the runtime: ${detection.exec(code)![0]}`]
      const home = file.startsWith('src/platform/') || file.startsWith('test/')
      return !home && globals.test(code) ? [`${file} names a runtime: ${globals.exec(code)![0]}`] : []
    })
    expect(wrong).toEqual([])
  })
})

describe('dependencies', () => {
  const used = imports.filter(({ specifier }) => !/^(\.|node:|inferbench(\/|$))/.test(specifier))

  it('each has a home that is written down', () => {
    expect(Object.keys(HOMES).sort()).toEqual(Object.keys(manifest.dependencies).sort())
  })

  it('each is imported, and only at home', () => {
    const wrong = used.flatMap(({ file, specifier }) => {
      const name = packageOf(specifier)
      if (file.startsWith('test/') && (name === 'vitest' || name === 'fast-check')) return []
      return (HOMES[name] ?? BUNDLED[name])?.test(file) ? [] : [`${file} imports ${specifier}`]
    })
    expect(wrong).toEqual([])
    const names = new Set(used.map(({ specifier }) => packageOf(specifier)))
    expect(Object.keys(manifest.dependencies).filter((name) => !names.has(name))).toEqual([])
  })

  it('tinybench stays in test/bench', () => {
    const wrong = listSources('test').filter(
      (file) => !file.startsWith('test/bench/') && readImports(file).some(({ specifier }) => specifier === 'tinybench'),
    )
    expect(wrong).toEqual([])
  })
})

describe('what is published', () => {
  it('package.json, deno.json and the disk agree', () => {
    const published = Object.keys(manifest.exports)
      .filter((name) => !name.endsWith('.json'))
      .flatMap((name) => (name.endsWith('/*') ? expandPattern(name) : [name]))
    const expected = Object.fromEntries(published.map((name) => [name, sourceOf(name)]))
    expect(denoManifest.exports).toEqual(expected)
    expect(Object.values(expected).filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  it('names and versions agree', () => {
    expect([denoManifest.name, denoManifest.version]).toEqual([manifest.name, manifest.version])
  })

  it('files and folders have kebab-case names', () => {
    const parts = [...sources, ...listSources('test')].flatMap((file) => file.split('/'))
    expect(parts.filter((part) => !/^_?[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config)?(\.d)?(\.ts)?$/.test(part))).toEqual([])
  })

  it('the top level holds what the design names and what tools need', () => {
    const named = [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'deno.json',
      'src',
      'adapters',
      'plugins',
      'test',
    ]
    const papers = ['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md']
    const made = ['node_modules', 'dist', 'dist.old', 'bench-runs', 'coverage']
    const known = new Set([...named, ...papers, ...made])
    expect(readdirSync(root).filter((name) => !name.startsWith('.') && !known.has(name))).toEqual([])
  })
})

/** Of the platform's files these are for others; those beside them are parts of these. */
const PLATFORMS = ['bun', 'deno', 'load', 'node', 'web']

/** What a public name stands for: `./adapters/openai` is `./adapters/openai.ts`. */
function sourceOf(name: string): string {
  if (name === '.') return './src/mod.ts'
  if (name === './mock') return './src/mock/mod.ts'
  if (name === './testing') return './test/conformance/mod.ts'
  return name.startsWith('./platform/') ? `./src/${name.slice(2)}.ts` : `${name}.ts`
}

function expandPattern(pattern: string): string[] {
  const folder = dirname(sourceOf(pattern))
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ts') && !name.startsWith('_') && !name.endsWith('.d.ts'))
    .filter((name) => pattern !== './platform/*' || PLATFORMS.includes(basename(name, '.ts')))
    .sort()
    .map((name) => pattern.replace('*', basename(name, '.ts')))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'fixtures' ? [] : listSources(path)
      return entry.name.endsWith('.ts') ? [path] : []
    })
    .sort()
}

function readImports(file: string): Import[] {
  const code = withoutComments(readFileSync(join(root, file), 'utf8'))
  const statements =
    /^\s*(?:import|export)\s(type\s)?[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...code.matchAll(statements)].map((match) => {
    const specifier = (match[2] ?? match[3] ?? match[4])!
    const target = resolveImport(file, specifier)
    return { file, specifier, typeOnly: match[1] !== undefined, ...(target === undefined ? {} : { target }) }
  })
}

function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(root, join(root, dirname(file), specifier))
  if (specifier === 'inferbench') return 'src/mod.ts'
  if (specifier.startsWith('inferbench/')) return sourceOf(`.${specifier.slice('inferbench'.length)}`).slice(2)
  return undefined
}

function findCircle(edges: readonly Import[]): string | undefined {
  const next = new Map<string, string[]>()
  for (const { file, target } of edges) if (target) next.set(file, [...(next.get(file) ?? []), target])
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ')
    if (done.has(file)) return undefined
    done.add(file)
    for (const target of next.get(file) ?? []) {
      const circle = visit(target, [...path, file])
      if (circle) return circle
    }
    return undefined
  }
  for (const file of next.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}

/** Good enough for finding imports and names: a comment mark inside a string only hides the rest of that line. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function readPackage(path: string): PackageFile {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}
