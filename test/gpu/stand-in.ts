/** Programs that behave as the real ones, alone on a path of their own. */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BenchError, type Platform } from 'inferbench'
import { loadPlatform } from '../../src/platform/load.ts'

const fixtures = fileURLToPath(new URL('../fixtures/gpu/', import.meta.url))

export function fixturePath(name: string): string {
  return join(fixtures, name)
}

export interface StandIns {
  readonly folder: string
  /** Finds these programs and no others. */
  readonly platform: Platform
  /** From now on something goes wrong with all of them; undefined: no more. */
  upset(how: string | undefined): void
  /** Rows of `--query-compute-apps`. */
  setProcesses(rows: readonly string[]): void
  remove(): void
}

export interface StandInSettings {
  /** A table of nvidia-smi. */
  readonly nvidia?: string
  readonly amd?: string
  readonly rocm?: string
  /** Blocks of powermetrics, and whether root asks. */
  readonly apple?: string
  readonly root?: boolean
}

const SCRIPTS = { nvidia: 'nvidia-smi', amd: 'amd-smi', rocm: 'rocm-smi', apple: 'powermetrics' } as const

export async function createStandIns(settings: StandInSettings): Promise<StandIns> {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-gpu-'))
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  for (const key of Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[]) {
    const answer = settings[key]
    if (answer === undefined) continue
    const script = key === 'amd' || key === 'rocm' ? 'answers' : SCRIPTS[key]
    copyFileSync(fixturePath(join('bin', script)), join(folder, SCRIPTS[key]))
    chmodSync(join(folder, SCRIPTS[key]), 0o755)
    write(key === 'nvidia' ? 'table' : `${SCRIPTS[key]}.answer`, fixturePath(answer))
  }
  if (settings.root === true) write('root', '')
  const platform = await loadPlatform()
  return {
    folder,
    platform: {
      ...platform,
      spawn(command, args, options) {
        const path = join(folder, command)
        if (!existsSync(path)) throw new BenchError('usage', `cannot start "${command}": not found`)
        return platform.spawn!(path, args, options)
      },
    },
    upset: (how) => (how === undefined ? rmSync(join(folder, 'upset'), { force: true }) : write('upset', how)),
    setProcesses: (rows) => write('processes', rows.map((row) => `${row}\n`).join('')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
