/** What a plugin that asks the server after the load is given beside what every plugin is given. */
import type { Transport, TransportOptions } from '../platform.ts'
import type { EvaluationContext, PluginContext } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import { openReach } from './asker.ts'
import { openBeside } from './beside.ts'
import type { ScenarioRun } from './scenario.ts'

export interface EvaluationSetting {
  /** The turn that ended last. */
  readonly last: ScenarioRun
  /** The run's folder; undefined where nothing is written. */
  readonly folder: string | undefined
  /** What becomes of the records of the load beside. */
  keep(record: RequestRecord): void
  say(line: string): void
  openTransport(options: TransportOptions): Transport
}

export interface EvaluationTools {
  /** Those of one plugin. */
  make(plugin: string, conclude: (line: string) => void): Omit<EvaluationContext, keyof PluginContext>
  close(): Promise<void>
}

export function openEvaluationTools(setting: EvaluationSetting): EvaluationTools {
  const { last, folder, openTransport } = setting
  const { session, target, workload, countTokens } = last
  const { plan, platform, scrub } = session
  const say = (line: string): void => setting.say(scrub(line))
  const { reach, close } = openReach(session, {
    target,
    ...(countTokens === undefined ? {} : { countTokens }),
    say,
    openTransport,
  })
  const underLoad = openBeside(last, setting.keep)
  return {
    make: (plugin, conclude) => ({
      signal: session.stop,
      transport: plan.transportOptions,
      say,
      conclude,
      scrub,
      async makeFolder() {
        const { files } = platform
        if (files === undefined || folder === undefined) return undefined
        const own = files.join(folder, 'evaluations', plugin)
        await files.makeFolder(own)
        return own
      },
      call: (n) => workload.call(n),
      reach,
      underLoad,
    }),
    close,
  }
}
