/** `bench new adapter|plugin NAME`: a first file to change. */
import type { CommandDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/options/mod.ts'
import type { Files } from '../core/platform.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'
import { renderAdapter, renderPlugin } from './templates.ts'

const KINDS = ['adapter', 'plugin'] as const
type Kind = (typeof KINDS)[number]

const command: CommandDef = makeCommand(
  {
    name: 'new',
    summary: 'Write a new adapter or plugin from a template.',
    about:
      'The file is NAME.ts: in adapters/ or plugins/ of a checkout of inferbench, else in this folder. A file that exists is never overwritten.',
    flags: {
      kind: { type: 'positional', required: true, description: 'adapter or plugin' },
      name: { type: 'positional', required: true, description: 'Its name: small letters, digits and dashes' },
    },
    examples: ['bench new adapter my-server', 'bench new plugin energy'],
  },
  create,
)
export default command

async function create({ positionals, terminal }: CommandContext): Promise<number> {
  const [kind, name] = positionals
  if (kind === undefined || name === undefined) {
    throw new BenchError('usage', 'bench new needs a kind and a name: bench new adapter my-server')
  }
  if (!isKind(kind)) throw new BenchError('usage', `there is no template for "${kind}"${suggestName(kind, KINDS)}`)
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new BenchError(
      'usage',
      `"${name}" is no name for an ${kind}: write small letters, digits and single dashes, such as my-server`,
    )
  }
  const platform = await loadPlatform()
  if (platform.files === undefined) throw new BenchError('unsupported', `${platform.name} has no files to write to`)
  const path = await writePart(kind, name, platform.files)
  await terminal.out(`${path}\nTry it: bench run --${kind} ./${path}\n`)
  return exit.ok
}

async function writePart(kind: Kind, name: string, files: Files): Promise<string> {
  const folder = (await isCheckout(files)) ? `${kind}s` : '.'
  const file = `${name}.ts`
  const present = await files.list(folder)
  const path = files.join(folder, file)
  if (present?.includes(file)) throw new BenchError('usage', `${path} exists; choose another name, or remove it`)
  const openai = folder === '.' ? 'inferbench/adapters/openai' : './openai.ts'
  await files.writeText(path, kind === 'adapter' ? renderAdapter(name, openai) : renderPlugin(name))
  return path
}

/** Whether the working folder is inferbench itself. */
async function isCheckout(files: Files): Promise<boolean> {
  if (!(await files.list('.'))?.includes('package.json')) return false
  try {
    return (JSON.parse(await files.readText('package.json')) as { name?: unknown }).name === 'inferbench'
  } catch {
    return false
  }
}

function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text)
}
