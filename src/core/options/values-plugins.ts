/** Options of plugins, before anyone knows what the plugins want: by plugin, then by name. */
import * as v from 'valibot'
import type { CheckedOptions, PluginOptionsInput, RunOptions } from './options.ts'

type Given = string | Record<string, Record<string, string | number | boolean>>

const WRITTEN = /^([^.=\s]+)\.([^.=\s]+)=(.*)$/s

/** `gpu.every=100ms`, or an object by plugin; a list of them, of which later ones win. Values are never shown: they may be secrets. */
export function pluginOptions(): v.GenericSchema<
  NonNullable<RunOptions['pluginOptions']>,
  NonNullable<CheckedOptions['pluginOptions']>
> {
  const value = v.union([v.string(), v.number(), v.boolean()])
  const byPlugin = v.record(v.string(), v.record(v.string(), value))
  const one = v.union([v.string(), byPlugin])
  const what = 'is not options of plugins: PLUGIN.OPTION=VALUE, a list of them, or an object by plugin'
  return v.pipe(
    v.union([one, v.array(one)], what),
    v.rawTransform<Given | Given[], NonNullable<CheckedOptions['pluginOptions']>>(({ dataset, addIssue, NEVER }) => {
      const options: Record<string, Record<string, unknown>> = {}
      for (const part of Array.isArray(dataset.value) ? dataset.value : [dataset.value]) {
        const read = typeof part === 'string' ? splitOption(part) : part
        if (read === undefined) {
          addIssue({ message: 'an option of a plugin is written PLUGIN.OPTION=VALUE, such as gpu.every=100ms' })
          return NEVER
        }
        for (const [plugin, given] of Object.entries(read)) options[plugin] = { ...options[plugin], ...given }
      }
      return options
    }),
  ) as v.GenericSchema<PluginOptionsInput, NonNullable<CheckedOptions['pluginOptions']>>
}

function splitOption(text: string): Readonly<Record<string, Readonly<Record<string, string>>>> | undefined {
  const match = WRITTEN.exec(text.trim())
  if (match === null) return undefined
  const [, plugin, option, value] = match as unknown as [string, string, string, string]
  return { [plugin]: { [option]: value } }
}
