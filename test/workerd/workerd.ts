/** workerd as a process, with each of our workers on a port of its own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root, startProcess } from '../support/command.ts'

export interface Workerd {
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** `workers` are files beside this one, without their extension. What is made goes into `folder`. */
export async function startWorkerd(folder: string, workers: readonly string[]): Promise<Workerd> {
  // No shims: a node: import anywhere below these entry points fails the bundle.
  await build({
    entryPoints: workers.map((worker) => join(root, 'test/workerd', `${worker}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd'],
    target: 'es2022',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'silent',
  })
  const config = join(folder, 'config.capnp')
  writeFileSync(config, describeConfig(workers))
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

function describeConfig(workers: readonly string[]): string {
  const services = workers.map(
    (worker) =>
      `(name = "${worker}", worker = (modules = [(name = "${worker}", esModule = embed "${worker}.mjs")], compatibilityDate = "2026-01-01"))`,
  )
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
