/** workerd as a process, with each of our workers on a port of its own. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root, startProcess } from '../support/command.ts'

export interface Workerd {
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** `workers` are files beside this one, without their extension. What is made goes into `folder`. */
export async function startWorkerd(folder: string, workers: readonly string[]): Promise<Workerd> {
  // Without shims. What only other runtimes load stays in pieces of its own, which workerd never asks for.
  await build({
    entryPoints: workers.map((worker) => join(root, 'test/workerd', `${worker}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd'],
    external: ['node:*', 'undici', 'jiti', '@hono/node-server'],
    target: 'es2022',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'silent',
  })
  const pieces = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  const config = join(folder, 'config.capnp')
  writeFileSync(config, describeConfig(workers, pieces))
  // It tells on the control descriptor, here standard output, which ports it got.
  const server = startProcess(join(root, 'node_modules/.bin/workerd'), ['serve', config, '--control-fd=1'])
  const urls: Record<string, string> = {}
  for (const worker of workers) {
    const [, port] = await server.until(new RegExp(`"socket":"${worker}","port":(\\d+)`))
    urls[worker] = `http://127.0.0.1:${port}`
  }
  return {
    urls,
    async close() {
      server.child.kill('SIGTERM')
      await server.finished
    },
  }
}

function describeConfig(workers: readonly string[], pieces: readonly string[]): string {
  const services = workers.map((worker) => {
    // The first module is the worker.
    const modules = [`${worker}.mjs`, ...pieces.filter((piece) => piece !== `${worker}.mjs`)]
    const embedded = modules.map((name) => `(name = "${name}", esModule = embed "${name}")`)
    return `(name = "${worker}", worker = (modules = [${embedded.join(', ')}], compatibilityDate = "2026-01-01"))`
  })
  const sockets = workers.map(
    (worker) => `(name = "${worker}", address = "127.0.0.1:0", http = (), service = "${worker}")`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["private", "local"])),
    ${services.join(',\n    ')}
  ],
  sockets = [
    ${sockets.join(',\n    ')}
  ]
);
`
}
