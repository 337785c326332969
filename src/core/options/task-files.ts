/** Task files of lm-eval that are the user's own, read as far as must be known before lm-eval starts. */
import { parseDocument } from 'yaml'
import { BenchError } from '../errors.ts'
import type { OutputTypes } from '../eval/suites.ts'
import { asObject, asText } from '../json.ts'
import type { Files } from '../platform.ts'

const MAX_DEPTH = 8

/** The output type of each task in a folder and those below it, by name. Throws a usage error when there is no such folder. */
export async function readTaskTypes(files: Files, folder: string): Promise<OutputTypes> {
  if ((await files.list(folder)) === undefined) {
    throw new BenchError('usage', `--include-path: ${folder} is no folder; name the one that holds the task files`)
  }
  const types = new Map<string, string>()
  for (const path of await listYaml(files, folder, 0)) {
    const { task, output_type } = await readTaskFile(files, path)
    const [name, type] = [asText(task), asText(output_type)]
    if (name !== undefined && type !== undefined) types.set(name, type)
  }
  return types
}

async function listYaml(files: Files, folder: string, depth: number): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of (await files.list(folder)) ?? []) {
    const path = files.join(folder, name)
    if (/\.ya?ml$/.test(name)) found.push(path)
    else if (depth < MAX_DEPTH && !name.startsWith('.')) found.push(...(await listYaml(files, path, depth + 1)))
  }
  return found
}

/** With its `include:`, whose members it overrides. What cannot be read is lm-eval's to complain about. */
async function readTaskFile(files: Files, path: string, depth = 0): Promise<Readonly<Record<string, unknown>>> {
  const text = await files.readText(path).catch(() => '')
  // `!function` and other tags of lm-eval's are read as the plain text behind them.
  const own = asObject(parseDocument(text, { logLevel: 'silent' }).toJS()) ?? {}
  const base = asText(own.include)
  if (base === undefined || depth >= MAX_DEPTH) return own
  return { ...(await readTaskFile(files, files.join(path, '..', base), depth + 1)), ...own }
}
