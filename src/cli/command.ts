/** What the commands have in common. */
import { type CommandDef, defineCommand } from 'citty'
import { type GivenFlags, readFlags } from './flags.ts'
import { type CommandHelp, renderHelp } from './help.ts'
import { openTerminal, type Terminal } from './terminal.ts'

export interface CommandContext extends GivenFlags {
  readonly terminal: Terminal
}

/** Defines a command that checks its flags strictly, answers `--help`, and returns its exit code. */
export function makeCommand(help: CommandHelp, run: (context: CommandContext) => Promise<number>): CommandDef {
  return defineCommand({
    meta: { name: help.name, description: help.summary },
    async run({ rawArgs, data }) {
      const terminal = openTerminal()
      const given = readFlagsOrHelp(help, rawArgs)
      const finish = data as (code: number) => void
      if (given !== 'help') return finish(await run({ ...given, terminal }))
      await terminal.out(renderHelp(help))
      finish(0)
    },
  })
}

/** Help is answered whatever else is wrong. */
function readFlagsOrHelp(help: CommandHelp, args: readonly string[]): GivenFlags | 'help' {
  const end = args.indexOf('--')
  const asked = args.slice(0, end < 0 ? undefined : end)
  if (asked.includes('--help') || asked.includes('-h')) return 'help'
  return readFlags(help.name, help.flags, args, help.findMeant)
}
