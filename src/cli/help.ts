/** Help of a command, grouped; at most 100 columns. */
import { commonFlags, type Flag, type Flags } from './flags.ts'

export interface CommandHelp {
  readonly name: string
  readonly summary: string
  /** After the usage line: one or a few sentences. */
  readonly about?: string
  readonly flags: Flags
  /** Which flag an unknown one was meant to be, where more is known than the spelling. */
  readonly findMeant?: (written: string) => string | undefined
  readonly examples: readonly string[]
}

const WIDTH = 100
const INDENT = 2
const TEXT_AT = 34

export function renderHelp(help: CommandHelp): string {
  const positionals = Object.entries(help.flags).filter(([, flag]) => flag.type === 'positional')
  const usage = ['bench', help.name, ...positionals.map(([name, flag]) => showPositional(name, flag)), '[options]']
  return [
    help.summary,
    '',
    `usage: ${usage.join(' ')}`,
    ...(help.about === undefined ? [] : ['', ...wrap(help.about, WIDTH)]),
    ...positionals.flatMap(([name, flag], index) => [
      ...(index === 0 ? [''] : []),
      ...renderEntry(name.toUpperCase(), flag),
    ]),
    ...renderGroups({ ...help.flags, ...commonFlags }),
    '',
    'Examples',
    ...help.examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}

function renderGroups(flags: Flags): readonly string[] {
  const entries = Object.entries(flags).filter(([, flag]) => flag.type !== 'positional')
  const groups = [...new Set(entries.map(([, flag]) => flag.group))]
  // What has no heading of its own comes last.
  const ordered = [...groups.filter((group) => group !== undefined), undefined]
  return ordered.flatMap((group) => [
    '',
    group ?? (groups.length > 1 ? 'Other' : 'Options'),
    ...entries
      .filter(([, flag]) => flag.group === group)
      .flatMap(([name, flag]) => renderEntry(showFlag(name, flag), flag)),
  ])
}

function showPositional(name: string, flag: Flag): string {
  const shown = `${name.toUpperCase()}${flag.repeated ? '...' : ''}`
  return flag.required ? shown : `[${shown}]`
}

function showFlag(name: string, flag: Flag): string {
  const short = 'alias' in flag && typeof flag.alias === 'string' ? `-${flag.alias}, ` : ''
  return `${short}--${name}${flag.valueHint === undefined ? '' : ` ${flag.valueHint}`}`
}

function renderEntry(label: string, flag: Flag): readonly string[] {
  const text = flag.fallback === undefined ? `${flag.description}` : `${flag.description} (default: ${flag.fallback})`
  const lines = wrap(text, WIDTH - TEXT_AT)
  const head = `${' '.repeat(INDENT)}${label}`
  const rest = lines.map((line) => `${' '.repeat(TEXT_AT)}${line}`)
  return head.length + 2 > TEXT_AT ? [head, ...rest] : [head.padEnd(TEXT_AT) + lines[0], ...rest.slice(1)]
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
