/** Live, with real servers and sockets. A busy machine may add reasons of its own, and is then among the causes. */
import { join } from 'node:path'
import type { VerdictReason } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { reportFolder } from '../../src/core/engine/report.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { loadAutoPlugins } from '../../src/registry.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'
import { buffering, cached, clean, overloaded, slowed } from './lab.ts'

/** What the client itself is to blame for: on this machine, now. */
const CLIENT = [
  'client-cpu',
  'gc-pause',
  'timer-lateness',
  'client-stall',
  'send-lateness',
  'instrument-error',
  'ttft-trend',
  'machine-busy',
]

/** What a late client makes of any answers. */
const LATE = ['buffered-stream', 'fast-tokens', 'rate-unreached', 'connection-wait']

function codesOf(reasons: readonly VerdictReason[]): readonly string[] {
  return reasons.map(({ code }) => code)
}

describe('live', { timeout: 60_000 }, () => {
  for (const { name, cause, consequences, run } of [buffering, cached, overloaded]) {
    it(`"${name}" is INVALID and names ${cause} first`, async () => {
      const { reasons, status } = (await run(null)).summary.verdict
      // A client that is late itself cannot be sure of bursts.
      const isLate = codesOf(reasons).some((code) => CLIENT.includes(code))
      expect(isLate ? ['SUSPECT', 'INVALID'] : ['INVALID'], JSON.stringify(reasons)).toContain(status)
      const others = reasons.filter(({ code }) => !CLIENT.includes(code))
      expect(others[0]?.code, JSON.stringify(reasons)).toBe(cause)
      const known = isLate ? [...consequences, ...LATE] : consequences
      for (const { code, follows } of others.slice(1)) {
        expect(known).toContain(code)
        expect([...(isLate ? [undefined] : []), cause, ...known, ...CLIENT]).toContain(follows)
      }
    })
  }

  it('a client slowed on purpose names itself first', async () => {
    const { reasons, status } = (await slowed.run(null)).summary.verdict
    expect(status).not.toBe('VALID')
    const causes = codesOf(reasons.filter(({ follows }) => follows === undefined))
    // The CPU where it has a core to burn; where it shares one, timers tell, or the machine's other work does.
    const own = ['client-cpu', 'gc-pause', 'timer-lateness', 'client-stall', 'machine-busy']
    expect(own, JSON.stringify(reasons)).toContain(causes[0])
    expect([...own, undefined]).toContain(reasons.find(({ code }) => code === 'send-lateness')?.follows)
  })

  it('a clean run has no reason but what the machine did to the client', async () => {
    await withFolder(async (folder) => {
      const { summary } = await clean.run(join(folder, 'run'))
      const codes = codesOf(summary.verdict.reasons)
      const own = codes.some((code) => CLIENT.includes(code)) ? [...CLIENT, ...LATE] : []
      expect(codes.filter((code) => !own.includes(code))).toEqual([])
      // From the log alone: the same to the last digit.
      const platform = await loadPlatform()
      const again = await reportFolder(platform.files!, join(folder, 'run'), await loadAutoPlugins(platform))
      expect(again.summary.verdict).toEqual(summary.verdict)
      expect(again.summary.scenarios).toEqual(summary.scenarios)
    })
  })
})

describe('the command', { timeout: 60_000 }, () => {
  it('exits with 4 when the verdict is worse than --require, on run and on report; gates come first', async () => {
    const mock = await startMock('--cached-share', '0.95', '--ttft', '5ms', '--itl', '1ms')
    try {
      await withFolder(async (cwd) => {
        const flags = ['run', '--url', mock.url, '--requests', '24', '--output-tokens', '4', '--seed', '1']
        const run = async (...more: readonly string[]) => await runBench([...flags, ...more], { cwd })
        const required = await run('--require', 'suspect', '--out', 'one')
        expect(required.code, required.stderr).toBe(4)
        expect(required.stdout).toMatch(/^INVALID\b/m)
        expect(required.stdout).toContain('warm-cache')
        expect(required.stderr).toContain('the run is INVALID')
        expect((await run('--require', 'valid', '--gate', 'ttft.p50<1us', '--out', 'two')).code).toBe(3)
        expect((await runBench(['report', 'one'], { cwd })).code).toBe(0)
        expect((await runBench(['report', 'one', '--require', 'valid'], { cwd })).code).toBe(4)
        const allowed = await run('--verdict-limit', 'warm-cache=100', '--json', '--out', 'three')
        expect(codesOf(JSON.parse(allowed.stdout).verdict.reasons)).not.toContain('warm-cache')
      })
    } finally {
      await mock.close()
    }
  })

  it('knows the names of limits and verdicts', async () => {
    const wrong = await runBench(['run', '--verdict-limit', 'timer-latenes=5'])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean "timer-lateness"?')])
    const word = await runBench(['run', '--require', 'vaild'])
    expect([word.code, word.stderr]).toEqual([2, expect.stringContaining('valid')])
    const { stdout } = await runBench(['list', 'limits'])
    expect(stdout).toMatch(/client-cpu +CPU of the busiest thread.*SUSPECT above 85 %, INVALID above 98 %/)
  })
})
