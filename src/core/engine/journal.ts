/** The run on disk: append-only, handed to the operating system at least every second, readable after kill -9. */
import { BenchError } from '../errors.ts'
import type { AppendFile, Files } from '../platform.ts'
import type { RequestRecord } from '../record.ts'
import { renderJson } from '../report/json.ts'
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'

const FLUSH_MS = 500

export interface Journal {
  /** Absent when nothing is written. */
  readonly folder: string | undefined
  record(record: RequestRecord): void
  /** Opens `series/<name>.jsonl` ahead: the load may take every file that the process is allowed. Never rejects. */
  openSeries(name: string): Promise<void>
  /** One line of it. */
  sample(name: string, line: object): void
  manifest(manifest: Manifest): Promise<void>
  /** Writes the summary and closes everything. Rejects with `BenchError('storage')` when anything could not be written. */
  finish(summary: Summary, markdown: string): Promise<void>
}

export interface JournalOptions {
  /** The folder itself; absent: a new one in `bench-runs`, named by date and id. */
  readonly out?: string
  readonly id: string
  readonly startedAt: string
  /** Removes secrets from a text. */
  readonly scrub: (text: string) => string
  /** Called once, as soon as something could not be written: what follows would be lost. */
  readonly onFailure: (error: BenchError) => void
}

/** Letters of the run's id in its folder's name, when that is new. */
const SHORT_ID = 4
const RUN_FILES = ['manifest.json', 'records.jsonl', 'summary.json']

/** Throws `BenchError('usage')` when the folder holds a run already: an existing run is never overwritten. */
export async function checkFolder(files: Files, folder: string): Promise<void> {
  const present = await files.list(folder)
  const taken = present?.find((name) => RUN_FILES.includes(name))
  if (taken === undefined) return
  throw new BenchError(
    'usage',
    `${folder} already holds a run (${taken}); name another folder with --out, or remove it`,
  )
}

/** Makes the folder alone, for what is written before the run begins. Throws as {@link checkFolder} does. */
export async function makeRunFolder(
  files: Files,
  options: Pick<JournalOptions, 'out' | 'id' | 'startedAt'>,
): Promise<string> {
  const folder = options.out ?? (await nameFolder(files, options))
  await checkFolder(files, folder)
  await files.makeFolder(folder)
  return folder
}

/** Makes the folder and opens its files. Throws as {@link checkFolder} does, or `BenchError('storage')`. */
export async function openJournal(files: Files, options: JournalOptions): Promise<Journal> {
  const folder = options.out ?? (await nameFolder(files, options))
  await checkFolder(files, folder)
  await files.makeFolder(folder)
  await files.makeFolder(files.join(folder, 'series'))
  const open = new Map<string, AppendFile>()
  const opening = new Map<string, Promise<void>>()
  const early = new Map<string, string>()
  let failure: BenchError | undefined

  const fail = (thrown: unknown): void => {
    if (failure !== undefined) return
    failure =
      thrown instanceof BenchError
        ? thrown
        : new BenchError('storage', `cannot write to ${folder}: ${String(thrown)}`, { cause: thrown })
    options.onFailure(failure)
  }

  const append = (name: string, line: string): void => {
    if (failure !== undefined) return
    const file = open.get(name)
    if (file !== undefined) {
      file.append(line)
      return
    }
    early.set(name, (early.get(name) ?? '') + line)
    if (!opening.has(name)) opening.set(name, openFile(name))
  }

  const openFile = async (name: string): Promise<void> => {
    try {
      const file = await files.appendTo(files.join(folder, name))
      file.append(early.get(name) ?? '')
      early.delete(name)
      open.set(name, file)
    } catch (thrown) {
      fail(thrown)
    }
  }

  const flush = async (): Promise<void> => {
    try {
      await Promise.all([...open.values()].map((file) => file.flush()))
    } catch (thrown) {
      fail(thrown)
    }
  }

  // Before the load, which may take every file that the process is allowed.
  for (const name of ['records.jsonl', 'series/client.jsonl']) opening.set(name, openFile(name))
  await Promise.all(opening.values())
  if (failure !== undefined) throw failure
  const timer = setInterval(() => void flush(), FLUSH_MS)

  const writeText = (name: string, text: string): Promise<void> =>
    files.writeText(files.join(folder, name), options.scrub(text))

  return {
    folder,
    record: (record) => append('records.jsonl', `${options.scrub(JSON.stringify(record))}\n`),
    async openSeries(name) {
      const file = `series/${name}.jsonl`
      if (!opening.has(file)) opening.set(file, openFile(file))
      await opening.get(file)
    },
    sample: (name, line) => append(`series/${name}.jsonl`, `${options.scrub(JSON.stringify(line))}\n`),
    manifest: (manifest) => writeText('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`),
    async finish(summary, markdown) {
      clearInterval(timer)
      await Promise.all(opening.values())
      await flush()
      await Promise.all([...open.values()].map((file) => file.close().catch(fail)))
      if (failure !== undefined) throw failure
      await writeText('summary.json', renderJson(summary))
      await writeText('summary.md', markdown)
    },
  }
}

/** The date and as much of the id as makes the name new. */
async function nameFolder(files: Files, { id, startedAt }: Pick<JournalOptions, 'id' | 'startedAt'>): Promise<string> {
  for (let length = SHORT_ID; ; length++) {
    const folder = files.join('bench-runs', `${startedAt.slice(0, 10)}-${id.slice(0, length)}`)
    if (length >= id.length || (await files.list(folder)) === undefined) return folder
  }
}

/** Where there are no files (edge runtimes, or `out: null`), records live in the summary alone. */
export function createNullJournal(): Journal {
  return {
    folder: undefined,
    record: () => {},
    openSeries: async () => {},
    sample: () => {},
    manifest: async () => {},
    finish: async () => {},
  }
}
