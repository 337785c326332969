/** The flags of `bench run`, made from the schema of the options, and read together with a config file. */
import {
  type CheckedOptions,
  findMeantOption,
  type NameOption,
  type OptionDescription,
  optionDescriptions,
  optionGroups,
  readOptions,
} from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'
import { type Config, loadConfig, mergeOptions } from './config.ts'
import type { Flag, Flags, GivenFlags } from './flags.ts'

const ALIASES: Readonly<Record<string, string>> = { headers: 'H', out: 'o', url: 'u', model: 'm' }

export const runFlags: Flags = {
  config: {
    type: 'string',
    alias: 'c',
    valueHint: 'FILE',
    group: 'Server',
    description: 'YAML, JSON or TypeScript file of options under the names of the flags; flags win over it',
  },
  ...Object.fromEntries(
    // Help shows groups in the order of their first flag.
    optionGroups.flatMap((group) =>
      optionDescriptions.filter((option) => option.group === group).flatMap(describeFlags),
    ),
  ),
}

function describeFlags(option: OptionDescription): readonly (readonly [name: string, flag: Flag])[] {
  const { key, flag, kind, group, description, hint, fallback, repeated, off } = option
  const definition: Flag = {
    description,
    group,
    ...(ALIASES[key] !== undefined && { alias: ALIASES[key] }),
    ...(fallback !== undefined && kind === 'value' && { fallback }),
    ...(kind === 'switch'
      ? { type: 'boolean' as const }
      : { type: 'string' as const, valueHint: hint!, ...(repeated && { repeated }) }),
  }
  return off === undefined
    ? [[flag, definition]]
    : [
        [`no-${flag}`, { type: 'boolean', group, description: off }],
        [flag, { ...definition, description: `${description}; the default` }],
      ]
}

/** Also by the words of other tools: `--num-prompts` is `--requests`. */
export function findMeantFlag(written: string): string | undefined {
  const key = findMeantOption(written)
  return optionDescriptions.find((option) => option.key === key)?.flag
}

export interface ReadRunOptions {
  readonly options: CheckedOptions
  readonly nameOption: NameOption
}

/** Throws `BenchError('usage')`; it says whether a flag or which line of the file is wrong. */
export async function readRunOptions(flags: GivenFlags['values'], platform: Platform): Promise<ReadRunOptions> {
  const given = readFlagOptions(flags)
  const config: Config | undefined =
    typeof flags.config === 'string' ? await loadConfig(flags.config, platform) : undefined
  const nameOption: NameOption = (key) =>
    config !== undefined && !Object.hasOwn(given, key) && Object.hasOwn(config.options, key)
      ? config.nameOption(key)
      : `--${optionDescriptions.find((option) => option.key === key)?.flag ?? key}`
  return { options: readOptions(mergeOptions(config?.options ?? {}, given), nameOption), nameOption }
}

function readFlagOptions(flags: GivenFlags['values']): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {}
  for (const { key, flag, off } of optionDescriptions) {
    if (off !== undefined && flags[`no-${flag}`] === true) given[key] = false
    else if (flags[flag] !== undefined) given[key] = flags[flag]
  }
  return given
}
