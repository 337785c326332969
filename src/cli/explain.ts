/** `bench explain DIR`: what each tool would have printed for a run, and why they differ. */
import type { CommandDef } from 'citty'
import { reportFolder } from '../core/engine/report.ts'
import { BenchError } from '../core/errors.ts'
import { PROFILE_NAMES, type ProfileResults } from '../core/profile.ts'
import { UNITS } from '../core/profiles/collect.ts'
import { createEvidenceFolder } from '../core/profiles/evidence.ts'
import type { SideBySide } from '../core/profiles/explain.ts'
import { createProfileFolder, profiles } from '../core/profiles/mod.ts'
import { type ExplainedScenario, explainScenario, renderExplained } from '../core/profiles/page.ts'
import { escapeTerminal } from '../core/report/escape.ts'
import { describeTarget } from '../core/report/phrases.ts'
import type { ScenarioSummary } from '../core/summary.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'

const command: CommandDef = makeCommand(
  {
    name: 'explain',
    summary: 'Show a run as other tools would have measured it, and say why they differ.',
    about: `Recomputes TTFT, ITL, TPOT, latency and throughput from the log of a run by the definitions of ${PROFILE_NAMES.join(', ')}; bench list definitions shows the formulas. Nothing in the folder is changed. Exit code: 0, 2 when the folder holds no run.`,
    flags: {
      folder: { type: 'positional', required: true, description: 'Folder of a run' },
      json: { type: 'boolean', description: 'Print figures, formulas and reasons as JSON and nothing else' },
    },
    examples: [
      'bench explain bench-runs/2026-11-23-k3f9',
      'bench report bench-runs/2026-11-23-k3f9 --definitions vllm',
    ],
  },
  explainRun,
)
export default command

async function explainRun({ values, positionals, terminal }: CommandContext): Promise<number> {
  const [folder] = positionals
  if (folder === undefined)
    throw new BenchError('usage', 'bench explain needs the folder of a run: bench explain bench-runs/...')
  const platform = await loadPlatform()
  if (platform.files === undefined)
    throw new BenchError('unsupported', `${platform.name} has no files to read a run from`)
  const figures = createProfileFolder()
  const evidence = createEvidenceFolder()
  const { manifest, summary, cut } = await reportFolder(platform.files, folder, [], (record) => {
    figures.add(record)
    evidence.add(record)
  })
  const scenarios = summary.scenarios.map((scenario) => {
    const theirs = profiles.map((profile) => [profile.name, figures.results(profile, scenario.scenario)])
    const side = Object.fromEntries([['inferbench', ourResults(scenario)], ...theirs]) as SideBySide
    return explainScenario(scenario.scenario, scenario.title, side, evidence.of(scenario.scenario))
  })
  const text = values.json
    ? `${JSON.stringify({ profiles: describeProfiles(), scenarios }, withoutHistograms, 2)}\n`
    : renderPage(describeTarget(manifest), scenarios, terminal.width)
  await terminal.out(text)
  if (cut) terminal.log.warn('the run was cut off; this is what its log holds')
  return exit.ok
}

function ourResults({ metrics }: ScenarioSummary): ProfileResults {
  const absent = { kind: 'absent', reason: 'not measured' } as const
  return Object.fromEntries(
    Object.entries(UNITS).map(([id, unit]) => [id, metrics[id] ?? { ...absent, unit }]),
  ) as unknown as ProfileResults
}

function describeProfiles(): object {
  return Object.fromEntries(profiles.map(({ name, tool, source, metrics }) => [name, { tool, source, metrics }]))
}

/** They are for merging, which nobody does with these. */
function withoutHistograms(key: string, value: unknown): unknown {
  return key === 'histogram' ? undefined : value
}

function renderPage(target: string, scenarios: readonly ExplainedScenario[], width: number): string {
  const pages = scenarios.map((scenario) => renderExplained(scenario, width).join('\n'))
  return `${[escapeTerminal(target), ...pages].join('\n\n')}\n`
}
