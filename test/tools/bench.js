/** `npm run bench`: the cost of our hot path on each runtime. All three run the same bundle, as Node 20 reads no TypeScript. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './build.js'

const outfile = join(root, 'node_modules/.cache/inferbench-hot-path.mjs')
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
await build({
  entryPoints: [join(root, 'test/bench/hot-path.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  tsconfig: join(root, 'tsconfig.json'),
  logLevel: 'warning',
})

const runtimes = [
  [process.execPath, outfile],
  [join(root, 'node_modules/.bin/bun'), outfile],
  [join(root, 'node_modules/.bin/deno'), 'run', '-A', outfile],
]
for (const [command, ...args] of runtimes) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
  console.log()
}
