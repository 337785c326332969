/**
 * Builds `dist`: one pass of tsc over all that is published, then the four folders are put where `package.json#exports`
 * looks for them. Inside `dist` the package's own name becomes a relative path, so that one copy of each module runs
 * whatever resolution conditions a runtime has.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Source folder to its place in `dist`, in the order of moving. */
const PLACES = [
  ['src', '.'],
  ['adapters', 'adapters'],
  ['plugins', 'plugins'],
  ['test/conformance', 'testing'],
]

/** What follows the package's name in an import, to a file in `dist`. */
const OWN_MODULES = [
  [/^inferbench$/, 'mod.js'],
  [/^inferbench\/(mock|testing)$/, '$1/mod.js'],
  [/^inferbench\/(adapters|plugins|platform)\/(.+)$/, '$1/$2.js'],
]

/** Returns whether it went well; what went wrong is on standard output. */
export function build() {
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
  const work = mkdtempSync(join(root, 'node_modules/.cache/inferbench-build-'))
  try {
    if (!compile(work)) return false
    const fresh = join(work, 'dist')
    for (const [from, to] of PLACES) {
      if (!existsSync(join(work, from))) continue
      mkdirSync(dirname(join(fresh, to)), { recursive: true })
      renameSync(join(work, from), join(fresh, to))
    }
    // `src` itself never says the package's name, except in the templates that it writes for others.
    for (const [from, to] of PLACES)
      if (from !== 'src') for (const file of listFiles(join(fresh, to))) linkOwnModules(file, fresh)
    bundlePage(join(fresh, 'report-page'))
    if (existsSync(join(fresh, 'cli/main.js'))) chmodSync(join(fresh, 'cli/main.js'), 0o755)
    swapFolder(fresh, join(root, 'dist'), join(work, 'old'))
    return true
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function compile(outDir) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'src/tsconfig.build.json', '--outDir', outDir]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/** What a browser runs is one script and one style sheet, with the library that draws and its licence. */
function bundlePage(outdir) {
  const licence = readFileSync(join(root, 'node_modules/uplot/LICENSE'), 'utf8').trim()
  buildSync({
    absWorkingDir: root,
    entryPoints: { page: 'src/report-page/main.ts', style: 'src/report-page/page.css' },
    outdir,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    legalComments: 'none',
    // Inlined in a page: it must not hold what would end its element.
    supported: { 'inline-script': false },
    banner: { js: `/* uPlot\n${licence}\n*/` },
    logLevel: 'warning',
  })
}

/** Whether some published source is younger than `dist`. */
export function isStale() {
  if (!existsSync(join(root, 'dist/mod.js'))) return true
  const builtAt = statSync(join(root, 'dist/mod.js')).mtimeMs
  return PLACES.some(([folder]) => listFiles(join(root, folder)).some((file) => statSync(file).mtimeMs > builtAt))
}

function linkOwnModules(file, dist) {
  const before = readFileSync(file, 'utf8')
  const after = before.replace(/((?:from|import)\s*\(?\s*)'(inferbench(?:\/[\w/.-]+)?)'/g, (whole, lead, name) => {
    const rule = OWN_MODULES.find(([pattern]) => pattern.test(name))
    if (!rule) return whole
    const path = relative(dirname(file), join(dist, name.replace(rule[0], rule[1])))
    return `${lead}'${path.startsWith('.') ? path : `./${path}`}'`
  })
  if (after !== before) writeFileSync(file, after)
}

/** What `to` held goes to `old`, files without a source any more included; who reads meanwhile misses it for an instant. */
function swapFolder(from, to, old) {
  if (existsSync(to)) renameSync(to, old)
  renameSync(from, to)
}

function listFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
