/** Adapters, plugins and configuration that users bring: by package name, path or URL, TypeScript included. */
import { resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { BenchError, describeError } from '../core/errors.ts'
import { listOwnModules } from './own-modules.ts'

export type LoadedModule = Readonly<Record<string, unknown>>

const SCRIPT = /\.[cm]?[jt]sx?$/
const URL_SCHEME = /^[a-z][a-z0-9+.-]+:/i

export type Located = { readonly kind: 'url' | 'package'; readonly specifier: string }

/** A path becomes a `file:` URL, relative to the working folder. `name.ts` is a path too: no package ends like that. */
export function locateModule(specifier: string, folder: string = process.cwd()): Located {
  const isPath = /^\.{0,2}[/\\]|^[a-z]:[/\\]/i.test(specifier) || SCRIPT.test(specifier)
  if (URL_SCHEME.test(specifier) && !/^[a-z]:[/\\]/i.test(specifier)) return { kind: 'url', specifier }
  if (isPath) return { kind: 'url', specifier: pathToFileURL(resolve(folder, specifier)).href }
  return { kind: 'package', specifier }
}

/**
 * Resolves a package as the user's folder sees it; undefined where that folder does not have it. Through jiti on every
 * runtime, because `require.resolve` does not see a package that exports for `import` alone. Loaded late: it brings a compiler.
 */
export async function resolveFromFolder(
  specifier: string,
  folder: string = process.cwd(),
): Promise<string | undefined> {
  const { createJiti } = await import('jiti')
  return createJiti(`${folder}/`).esmResolve(specifier, { try: true })
}

/** Wraps a runtime's way of importing into the contract: one line of what went wrong, and where. */
export function createModuleLoader(
  importLocated: (located: Located) => Promise<LoadedModule>,
): (specifier: string) => Promise<LoadedModule> {
  return async (specifier) => {
    try {
      return await importLocated(locateModule(specifier))
    } catch (thrown) {
      const [line] = describeError(thrown).split('\n')
      throw new BenchError('usage', `cannot load "${specifier}": ${line}`, { cause: thrown })
    }
  }
}

/** For runtimes that import TypeScript by themselves. */
export const importNatively: (located: Located) => Promise<LoadedModule> = async ({ kind, specifier }) =>
  await import(kind === 'package' ? ((await resolveFromFolder(specifier)) ?? specifier) : specifier)

/** For Node, which below version 22.18 does not. */
export const importThroughJiti: (located: Located) => Promise<LoadedModule> = async ({ specifier }) => {
  const { createJiti } = await import('jiti')
  const options = { interopDefault: false, alias: { ...listOwnModules() } }
  return await createJiti(`${process.cwd()}/`, options).import<LoadedModule>(specifier)
}
