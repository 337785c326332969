/** A run beside the log of a server that says what it sent. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTruthServer, formatAnswer, type SentAnswer } from '../../src/platform/truth-server.ts'
import { runBench, withFolder } from '../support/command.ts'
import { expectUsage } from './usage.ts'

const LOAD = ['--concurrency', '2', '--requests', '4', '--output-tokens', '4', '--warmup', '0']

const EPOCH_FORM = 'JSON by the wall clock'

describe('bench calibrate --against', { timeout: 90_000 }, () => {
  /** What the monotonic clock of this process is behind the wall's, ns. */
  const originNanos = Date.now() * 1e6 - Number(process.hrtime.bigint())
  const asJson = ({ id, arrivedAt, stamps }: SentAnswer): string =>
    `${JSON.stringify({ id, arrivedAt: arrivedAt + originNanos, sentAt: stamps.map((at) => at + originNanos) })}\n`

  it.each([
    ['lines of words by another clock', formatAnswer],
    [EPOCH_FORM, asJson],
  ])('joins a run with the log of a server: %s', (form, format) =>
    withFolder(async (folder) => {
      const log = join(folder, 'sent.log')
      const answers: string[] = []
      const server = await createTruthServer({
        port: 0,
        firstMs: 3,
        gapMs: 2,
        events: 0,
        log(answer) {
          answers.push(format(answer))
          appendFileSync(log, format(answer))
        },
      })
      const url = `http://127.0.0.1:${server.port}`
      const out = join(folder, 'run')
      try {
        const compared = await runBench(['calibrate', '--against', url, '--log', log, ...LOAD, '--out', out, '--json'])
        expect(compared.code, compared.stderr).toBe(0)
        const check = JSON.parse(compared.stdout)
        expect(check).toMatchObject({ v: 1, run: out, missing: 0, uneven: 0, error: { requests: 4, unmatched: 0 } })
        expect(check.clock.uncertaintyMs).toBeGreaterThanOrEqual(0)
        // Date.now() shows whole milliseconds.
        if (form === EPOCH_FORM) expect(Math.abs(check.clock.offsetMs)).toBeLessThan(check.clock.uncertaintyMs + 5)
      } finally {
        await server.close()
      }

      const again = await runBench(['calibrate', '--run', out, '--log', log])
      expect(again.code, again.stderr).toBe(0)
      expect(again.stdout).toMatch(/^4 answers compared\n/)
      expect(again.stdout).toMatch(/first event( +-?\d+\.\d{3}){4}\n/)

      const half = answers[3]!.slice(0, answers[3]!.length / 2)
      writeFileSync(log, answers.slice(0, 3).join('') + half)
      expect((await runBench(['calibrate', '--run', out, '--log', log])).stdout).toMatch(
        /3 answers compared; 1 not in the log\n.*end the server.* bench calibrate --run/s,
      )
      writeFileSync(log, half)
      expectUsage(await runBench(['calibrate', '--run', out, '--log', log]), /no whole line/)
      writeFileSync(log, `${answers[0]}nonsense\n`)
      expectUsage(await runBench(['calibrate', '--run', out, '--log', log]), /sent\.log:2: /)
      writeFileSync(log, 'other 1 1 2\n')
      expectUsage(await runBench(['calibrate', '--run', out, '--log', log]), /nothing to compare: of 4 answers/)
    }),
  )
})
