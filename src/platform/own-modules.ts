/** Our own modules under the names by which adapters, plugins and configuration import them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// In a checkout this file is src/platform/own-modules.ts; in the package it is dist/platform/own-modules.js.
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const library = fileURLToPath(new URL('../', import.meta.url))
const parts = fileURLToPath(new URL(extension === '.ts' ? '../../' : '../', import.meta.url))

/**
 * Name to path, the longer names first. A file that a user writes in a folder without a `node_modules` (`npx inferbench`)
 * finds us by these; where inferbench is installed, they keep it from being loaded twice.
 */
export function listOwnModules(): Readonly<Record<string, string>> {
  return {
    ...listFolder('adapters'),
    ...listFolder('plugins'),
    'inferbench/mock': join(library, `mock/mod${extension}`),
    inferbench: join(library, `mod${extension}`),
  }
}

function listFolder(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(join(parts, folder), { withFileTypes: true })
  const modules = files.filter(({ name }) => name.endsWith(extension) && !name.endsWith(`.d${extension}`))
  return Object.fromEntries(
    modules.map(({ name }) => [`inferbench/${folder}/${name.slice(0, -extension.length)}`, join(parts, folder, name)]),
  )
}
