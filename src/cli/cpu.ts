/** `bench cpu`: a server with a real model, on this machine's CPU. */
import type { CommandDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { serveCpu } from './cpu-engine.ts'
import { exit } from './exit.ts'
import { listenFlags, readListenAddress, readNumber } from './flag-values.ts'

const command: CommandDef = makeCommand(
  {
    name: 'cpu',
    summary: "Serve a GGUF model on this machine's CPU.",
    about:
      'Its URL is the first line of the output, once the model is loaded. It answers until it is interrupted. It needs the package node-llama-cpp (npm install node-llama-cpp), which brings prebuilt libraries.',
    flags: {
      model: { type: 'string', alias: 'm', valueHint: 'FILE', group: 'Model', description: 'GGUF file to load' },
      context: {
        type: 'string',
        valueHint: 'N',
        group: 'Model',
        fallback: '4096, or what the model was trained for',
        description: 'Tokens of a prompt and its answer',
      },
      slots: {
        type: 'string',
        valueHint: 'N',
        group: 'Model',
        fallback: '4',
        description: 'Requests that run at once; more wait',
      },
      threads: {
        type: 'string',
        valueHint: 'N',
        group: 'Model',
        fallback: 'all cores but one',
        description: 'Threads that compute',
      },
      ...listenFlags,
    },
    examples: ['bench cpu --model model.gguf', 'bench cpu --model model.gguf --slots 8 --threads 4 --port 8001'],
  },
  serve,
)
export default command

async function serve({ values, terminal }: CommandContext): Promise<number> {
  const model = values.model as string | undefined
  if (model === undefined) throw new BenchError('usage', '--model FILE.gguf is missing: which model should be served?')
  const address = readListenAddress(values)
  const [slots, contextSize, threads] = [
    readNumber(values, 'slots', 1, 256),
    readNumber(values, 'context', 16),
    readNumber(values, 'threads', 1, 1024),
  ]
  const platform = await loadPlatform()
  const served = await serveCpu(
    platform,
    {
      model,
      ...(slots !== undefined && { slots }),
      ...(contextSize !== undefined && { contextSize }),
      ...(threads !== undefined && { threads }),
    },
    address,
  )
  const interrupted = new Promise<void>((resolve) => platform.onInterrupt?.(resolve))
  await terminal.out(`${served.url}\n`)
  await interrupted
  await served.close()
  return exit.ok
}
