/** `--html FILE`: the page of a run. Its script and style are built by `npm install` in a checkout, and lie in the package. */
import { fileURLToPath } from 'node:url'
import { createRunPage, type RunPage, reportPage } from '../core/engine/report-page.ts'
import { BenchError } from '../core/errors.ts'
import type { Files, Platform } from '../core/platform.ts'
import type { MetricPlugin } from '../core/plugin.ts'
import type { PageAssets } from '../core/report/html/page.ts'
import { loadPlugins } from './report-plugins.ts'
import type { Terminal } from './terminal.ts'

// In a checkout this file is src/cli/report-page.ts; in the package it is dist/cli/report-page.js.
const built = new URL(import.meta.url.endsWith('.ts') ? '../../dist/report-page/' : '../report-page/', import.meta.url)

/** Throws `BenchError('unsupported')` in a checkout that was not built, as its siblings do. */
export async function openRunPage(files: Files, folder: string, plugins: readonly MetricPlugin[]): Promise<RunPage> {
  return createRunPage(files, folder, plugins, await loadPageAssets(files))
}

/** The page of a run that has ended, from its folder. */
export async function writeRunPage(
  path: string,
  folder: string,
  named: readonly string[],
  platform: Platform,
  terminal: Terminal,
): Promise<void> {
  const { files } = platform as Platform & { readonly files: Files }
  const plugins = await loadPlugins(named, folder, platform, terminal)
  await files.writeText(path, await reportPage(files, folder, plugins, await loadPageAssets(files)))
}

async function loadPageAssets(files: Files): Promise<PageAssets> {
  try {
    const [script, style] = await Promise.all(
      ['page.js', 'style.css'].map((name) => files.readText(fileURLToPath(new URL(name, built)))),
    )
    return { script: script!, style: style! }
  } catch (cause) {
    throw new BenchError('unsupported', '--html: the page is not built here; run: npm run build', { cause })
  }
}
