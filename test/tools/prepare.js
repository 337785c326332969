/**
 * After `npm install` in a checkout and before `npm pack`: builds `dist` and links our commands beside those of the
 * dependencies, since `bunx` looks for a package's own command nowhere else and would fetch a stranger's `bench`.
 * Who installs the published package never runs this.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { build, root } from './build.js'

if (!existsSync(join(root, 'node_modules/typescript'))) {
  console.log('inferbench: no build, since the development dependencies are not installed')
  process.exit(0)
}
if (!build()) {
  console.error('inferbench: the build failed; `npm run check` says why')
  process.exit(1)
}
// npm makes its own command shims on Windows, and symbolic links there need rights that a user may lack.
if (process.platform !== 'win32') for (const name of ['bench', 'inferbench']) linkCommand(name)

function linkCommand(name) {
  const link = join(root, 'node_modules/.bin', name)
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync('../../dist/cli/main.js', link)
}
