/** CPU, memory, threads and open files of the client, and of the server where it runs on this machine. */
import { BenchError, type MetricPlugin, type Platform } from 'inferbench'
import { charts } from './process/charts.ts'
import { definitions } from './process/definitions.ts'
import { limits } from './process/limits.ts'
import { openProc } from './process/linux.ts'
import { openPs } from './process/ps.ts'
import type { ProcessSource } from './process/source.ts'
import { summarizeProcesses } from './process/summarize.ts'
import { watchProcesses } from './process/watch.ts'

/** Rejects with a `BenchError` whose message is the reason why there is none. */
async function openSource({ files, machine, mayDo, spawn }: Platform): Promise<ProcessSource> {
  const system = String(machine.os ?? '')
  if (/^win/i.test(system)) throw unsupported('Windows has neither /proc nor ps')
  if (/^linux/i.test(system)) {
    if (files === undefined) throw unsupported('this runtime reads no files')
    if (mayDo?.('read', '/proc/self/stat') === false) throw unsupported('reading /proc is not permitted')
    return await openProc(files)
  }
  if (spawn === undefined || mayDo?.('run', 'ps') === false) throw unsupported('running ps is not permitted')
  return openPs(spawn)
}

function unsupported(reason: string): BenchError {
  return new BenchError('unsupported', reason)
}

const process: MetricPlugin = {
  id: 'process',
  summary: 'CPU, memory, threads and open files of the client, and of a server on this machine',
  needs: 'Linux (/proc) or macOS (ps); for the server that it runs on this machine, under a user that may look into it',
  auto: true,
  definitions,
  limits,
  charts,
  options: {
    every: { kind: 'duration', summary: 'time between two readings', min: 100, max: 60_000 },
    pid: { kind: 'number', summary: 'process id of the server, where its port does not tell', min: 1 },
  },
  async check(platform) {
    try {
      await (await openSource(platform)).readSelf()
      return undefined
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown)
    }
  },
  sample: async (context) => await watchProcesses(context, await openSource(context.platform)),
  summarize: summarizeProcesses,
}
export default process
