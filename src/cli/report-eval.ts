/** `bench report` of the folder of an evaluation: scores and verdict again, from what lm-eval wrote. */
import { readSide } from '../core/engine/lm-eval.ts'
import { BenchError } from '../core/errors.ts'
import { asArray, asObject, asText, type JsonObject, parseJson } from '../core/json.ts'
import type { Files } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { describeOutcome, judgeOutcome, renderOutcome, renderOutcomeJUnit } from './eval-result.ts'
import { concludeOutcome, type Evaluated, type Outcome } from './eval-run.ts'
import type { GivenFlags } from './flags.ts'
import { readFormat } from './report-format.ts'
import type { Terminal } from './terminal.ts'

/** The manifest of an evaluation; undefined when the folder holds none. */
export async function findEvaluation(files: Files, folder: string): Promise<JsonObject | undefined> {
  if ((await files.list(folder))?.includes('manifest.json') !== true) return undefined
  const manifest = asObject(parseJson(await files.readText(files.join(folder, 'manifest.json'))))
  return manifest?.kind === 'eval' ? manifest : undefined
}

/** They ask about what only a run under load has. */
const OF_RUNS = ['html', 'definitions', 'require', 'plugin', 'into'] as const

export async function reportEvaluation(
  files: Files,
  folder: string,
  manifest: JsonObject,
  values: GivenFlags['values'],
  terminal: Terminal,
): Promise<number> {
  const unfit = OF_RUNS.find((flag) => values[flag] !== undefined)
  if (unfit !== undefined) {
    throw new BenchError('usage', `--${unfit} is about a run under load, and ${folder} holds an evaluation of quality`)
  }
  const format = readFormat(values.format, values.json === true)
  if (format !== 'table' && format !== 'json') {
    throw new BenchError('usage', `--format ${format} is made from a run under load; an evaluation has table and json`)
  }
  const outcome = await readOutcome(files, folder, manifest)
  const asked = asObject(manifest.asked)
  const endpoint = asked?.endpoint === 'chat' ? 'chat' : 'completions'
  if (typeof values.junit === 'string') await files.writeText(values.junit, renderOutcomeJUnit(outcome, false))
  await terminal.out(format === 'json' ? renderJson(describeOutcome(outcome)) : renderOutcome(outcome, { endpoint }))
  return judgeOutcome(outcome, false)
}

async function readOutcome(files: Files, folder: string, manifest: JsonObject): Promise<Outcome> {
  const servers = asArray(manifest.servers).map(asObject)
  const read = async (role: string): Promise<Evaluated | undefined> => {
    const server = servers.find((one) => one?.role === role)
    if (server === undefined) return undefined
    const side = await readSide(files, files.join(folder, role))
    return { server: { baseUrl: asText(server.url) ?? '', model: asText(server.model) ?? '' }, side }
  }
  const [candidate, reference] = [await read('candidate'), await read('reference')]
  if (candidate === undefined) throw new BenchError('usage', `${folder}: its manifest names no server`)
  const earlier = asText(manifest.earlier)
  const tolerance = asObject(manifest.asked)?.tolerance
  return concludeOutcome(
    {
      folder,
      startedAt: asText(manifest.startedAt) ?? '',
      candidate,
      ...(reference !== undefined && { reference }),
      ...(earlier !== undefined && {
        earlier: { folder: earlier, side: await readSide(files, files.join(earlier, 'candidate')) },
      }),
    },
    typeof tolerance === 'number' ? tolerance : 0,
  )
}
