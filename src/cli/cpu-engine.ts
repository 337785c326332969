/** Joins the CPU backend with its library, which is loaded only here and never installed with the tool. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BenchError, describeError } from '../core/errors.ts'
import type { Platform, Served } from '../core/platform.ts'
import { createEngine } from '../cpu/engine.ts'
import type { Library } from '../cpu/library.ts'
import { createHandler } from '../cpu/server.ts'

const PACKAGE = 'node-llama-cpp'

/** What `bench cpu` and a run's own backend are asked for. */
export interface CpuOptions {
  /** Path of a GGUF file. */
  readonly model: string
  readonly slots?: number
  readonly contextSize?: number
  readonly threads?: number
}

/** Requests at a time, when nobody says. */
export const defaultSlots: number = 4
const CONTEXT_SIZE = 4096

/** Loads the model, then listens: who can connect is served. */
export async function serveCpu(
  platform: Platform,
  options: CpuOptions,
  listen: { readonly port?: number; readonly hostname?: string } = {},
): Promise<Served> {
  if (!platform.serve) throw new BenchError('unsupported', `the ${platform.name} runtime cannot listen on a port`)
  const library = await loadLibrary()
  const nextTurn = (): Promise<void> => new Promise((resolve) => platform.nextTurn(resolve))
  const engine = await loadModel(library, options, nextTurn)
  const { port = 0, hostname } = listen
  const listenOptions = { port, ...(hostname === undefined ? {} : { hostname }) }
  const served = await platform.serve(createHandler(engine), listenOptions)
  return {
    url: served.url,
    async close() {
      await served.close()
      await engine.close()
    },
  }
}

/** Throws `BenchError('usage')` or `('unsupported')` when this cannot work; says nothing about the model's inside. */
export function checkCpu({ model }: CpuOptions): void {
  findLibrary()
  if (existsSync(model)) return
  throw new BenchError('usage', `--model: there is no file "${model}"; the cpu adapter runs a GGUF file`)
}

/**
 * From the working folder upwards, else from where inferbench itself is installed. Looked for by hand: asked for a package that
 * is not there, Bun would fetch it from the network.
 */
function findLibrary(): string {
  for (const start of [process.cwd(), fileURLToPath(new URL('.', import.meta.url))]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const found = join(folder, 'node_modules', PACKAGE, 'package.json')
      if (existsSync(found)) return found
      if (dirname(folder) === folder) break
    }
  }
  throw new BenchError(
    'unsupported',
    `the CPU backend needs the package ${PACKAGE}, which is not installed here; run: npm install ${PACKAGE}`,
  )
}

async function loadLibrary(): Promise<Library> {
  const found = findLibrary()
  try {
    const { main = 'index.js' } = JSON.parse(readFileSync(found, 'utf8')) as { readonly main?: string }
    return (await import(pathToFileURL(join(dirname(found), main)).href)) as Library
  } catch (thrown) {
    throw new BenchError(
      'unsupported',
      `the package ${PACKAGE} does not load: ${firstLine(thrown)}; try: npm install ${PACKAGE}`,
    )
  }
}

async function loadModel(
  library: Library,
  { model, ...options }: CpuOptions,
  nextTurn: () => Promise<void>,
): ReturnType<typeof createEngine> {
  const engineOptions = {
    modelPath: model,
    slots: options.slots ?? defaultSlots,
    contextSize: options.contextSize ?? CONTEXT_SIZE,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  }
  try {
    return await createEngine(library, engineOptions, nextTurn)
  } catch (thrown) {
    throw new BenchError(
      'usage',
      `cannot load "${model}": ${firstLine(thrown)}; is it a GGUF file that fits into memory?`,
    )
  }
}

function firstLine(thrown: unknown): string {
  return describeError(thrown).split('\n')[0]!.slice(0, 300)
}
