/** Which plugins a report computes and draws. */
import { asArray, asObject, parseJson } from '../core/json.ts'
import type { Platform } from '../core/platform.ts'
import type { MetricPlugin } from '../core/plugin.ts'
import { listBuiltins, loadPart } from '../registry.ts'
import type { Terminal } from './terminal.ts'

/**
 * Those that are named, and those of the run that come with us. A folder may come from elsewhere, and to load a module is to run it:
 * because a manifest says so, only our own are loaded.
 */
export async function loadPlugins(
  named: readonly string[] = [],
  folder: string,
  platform: Platform,
  terminal: Terminal,
): Promise<readonly MetricPlugin[]> {
  const used = await readUsedPlugins(folder, platform)
  const ours = await listBuiltins('plugin', platform)
  const foreign = used.filter((name) => !ours.includes(name) && !named.includes(name))
  for (const name of named.length > 0 ? [] : foreign) {
    terminal.log.warn(`without the metrics of the run's plugin ${JSON.stringify(name)}; add --plugin to load it`)
  }
  const load = (names: readonly string[]): Promise<readonly MetricPlugin[]> =>
    Promise.all(names.map((name) => loadPart('plugin', name, platform)))
  const first = await load(named)
  const own = await load(used.filter((name) => ours.includes(name) && !named.includes(name)))
  return [...first, ...own.filter(({ id }) => !first.some((one) => one.id === id))]
}

/** None when the manifest cannot be read: what is wrong with the folder is said later, and better. */
async function readUsedPlugins(folder: string, { files }: Platform): Promise<readonly string[]> {
  try {
    const manifest = asObject(parseJson(await files!.readText(files!.join(folder, 'manifest.json'))))
    const named = asArray(asObject(manifest?.options)?.plugins).filter((name) => typeof name === 'string')
    const own = asArray(manifest?.plugins).flatMap((one) => {
      const { plugin, builtIn } = asObject(one) ?? {}
      return builtIn === true && typeof plugin === 'string' ? [plugin] : []
    })
    return [...new Set([...named, ...own])]
  } catch {
    return []
  }
}
