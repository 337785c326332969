/** `bench report DIR`: every number again, from the log alone. */
import type { CommandDef } from 'citty'
import { reportFolder } from '../core/engine/report.ts'
import { BenchError } from '../core/errors.ts'
import { loadPlatform } from '../platform/load.ts'
import { loadPart } from '../registry.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { judgeGates, publishResult } from './publish.ts'

const command: CommandDef = makeCommand(
  {
    name: 'report',
    summary: 'Recompute and show a run from its folder.',
    about:
      'Reads manifest.json and records.jsonl, and computes every number again; nothing in the folder is changed. Exit code: 0, 2 when the folder holds no run, 3 when a gate of the run is not met.',
    flags: {
      folder: { type: 'positional', required: true, description: 'Folder of a run' },
      json: { type: 'boolean', description: 'Print the summary as JSON and nothing else' },
      junit: { type: 'string', valueHint: 'FILE', description: 'Write gates as JUnit XML' },
      plugin: {
        type: 'string',
        valueHint: 'NAME',
        repeated: true,
        description: "Metric plugin to compute as well; the run's own are found by name",
      },
    },
    examples: ['bench report bench-runs/2026-11-23-k3f9', 'bench report bench-runs/2026-11-23-k3f9 --json'],
  },
  report,
)
export default command

async function report({ values, positionals, terminal }: CommandContext): Promise<number> {
  const [folder] = positionals
  if (folder === undefined)
    throw new BenchError('usage', 'bench report needs the folder of a run: bench report bench-runs/...')
  const platform = await loadPlatform()
  if (platform.files === undefined)
    throw new BenchError('unsupported', `${platform.name} has no files to read a run from`)
  const names = (values.plugin ?? []) as readonly string[]
  const plugins = await Promise.all(names.map((name) => loadPart('plugin', name, platform)))
  const { manifest, summary, cut } = await reportFolder(platform.files, folder, plugins)
  const output = { json: values.json === true, ...(typeof values.junit === 'string' && { junit: values.junit }) }
  await publishResult({ manifest, summary, folder }, output, platform, terminal)
  if (cut) terminal.err('bench: the run was cut off; this is what its log holds\n')
  return judgeGates(summary, output, terminal)
}
