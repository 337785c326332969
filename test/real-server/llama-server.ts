import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, startProcess } from '../support/command.ts'
import { findPort } from '../support/port.ts'
import { makeTinyModel } from './tiny-model.ts'

const modules = join(root, 'node_modules/.cache/inferbench-real-server')

/** Whether `install.sh` has run. */
export function isInstalled(): boolean {
  return existsSync(join(modules, 'requirements.txt'))
}

export interface LlamaServer {
  readonly url: string
  /** A counter of the server's own `/metrics`. */
  readCounter(name: string): Promise<number>
  close(): Promise<void>
}

/** llama.cpp with a tiny model on the loopback interface; its files go into `folder`. */
export async function startLlamaServer(folder: string, slots: number, onPort?: number): Promise<LlamaServer> {
  const model = join(folder, 'tiny.gguf')
  writeFileSync(model, makeTinyModel())
  const port = onPort ?? (await findPort())
  const args = [join(root, 'test/real-server/server.py'), model, String(port), String(slots)]
  const server = startProcess('python3', args, { env: { PYTHONPATH: modules } })
  await server.until(/listening on/)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    async readCounter(name) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const match = new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(text)
      if (!match) throw new Error(`no counter ${name} in\n${text}`)
      return Number(match[1])
    },
    async close() {
      server.child.stdin?.end()
      await server.finished
    },
  }
}
