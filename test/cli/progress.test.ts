import { describe, expect, it } from 'vitest'
import { createInterruptHandler } from '../../src/cli/interrupt.ts'
import { createProgressView, renderLive, renderPlain } from '../../src/cli/progress.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Progress } from '../../src/core/run.ts'

const progress: Progress = {
  scenario: 'c16-in128-out64',
  title: '16 streams',
  scenarioIndex: 1,
  scenarioCount: 3,
  phase: 'measure',
  done: 64,
  total: 128,
  inFlight: 16,
  errors: 2,
  elapsedMs: 3000,
  leftMs: 2900,
  requestsPerSecond: 23.14,
  outputTokensPerSecond: 1476.4,
  ttftMs: 48.06,
  itlMs: 10.21,
}
const fresh: Progress = { ...progress, scenarioCount: 1, scenarioIndex: 0, phase: 'warmup', done: 0, errors: 0 }
const { requestsPerSecond, outputTokensPerSecond, ttftMs, itlMs, leftMs, ...unmeasured } = fresh

function fakeTerminal(
  live: boolean,
  width = 80,
): { terminal: Pick<Terminal, 'err' | 'live' | 'width'>; written: () => string } {
  let text = ''
  const err = (part: string): void => {
    text += part
  }
  return { terminal: { err, live, width }, written: () => text }
}

/** What a terminal shows after the text, for the few controls that are used. */
function play(text: string): string[] {
  const rows = ['']
  let row = 0
  let column = 0
  for (const [part] of text.matchAll(/\u001b\[\d*[A-Z]|\r|\n|[^\u001b\r\n]+/g)) {
    const control = /^\u001b\[(\d*)([A-Z])$/.exec(part)
    if (part === '\r') column = 0
    else if (part === '\n') {
      row++
      column = 0
      rows[row] ??= ''
    } else if (control?.[2] === 'A') row -= Number(control[1] || 1)
    else if (control?.[2] === 'J') {
      rows[row] = rows[row]!.slice(0, column)
      rows.length = row + 1
    } else {
      rows[row] = rows[row]!.slice(0, column).padEnd(column) + part + rows[row]!.slice(column + part.length)
      column += part.length
    }
  }
  return rows
}

describe('progress lines', () => {
  it('say everything that is known', () => {
    expect(renderPlain(progress)).toBe(
      '[2/3] 16 streams, measuring: 64/128, 16 in flight, 2 failed, 23.1 req/s, 1476 tok/s, TTFT 48.1 ms, ITL 10.2 ms, 3 s left',
    )
    expect(renderLive(progress)).toEqual([
      '[2/3] 16 streams, measuring  [==========          ]  64/128  16 in flight  2 failed  3 s left',
      '  23.1 req/s  1476 tok/s  TTFT 48.1 ms  ITL 10.2 ms',
    ])
  })

  it('say nothing of what is not', () => {
    expect(renderPlain(unmeasured)).toBe('16 streams, warming up: 0/128, 16 in flight')
    expect(renderLive(unmeasured)).toHaveLength(1)
    const { total, ...unbounded } = unmeasured
    expect(renderPlain(unbounded)).toBe('16 streams, warming up: 0 done, 16 in flight')
  })
})

describe('the view', () => {
  it('redraws on a terminal, within its width, and leaves nothing behind', () => {
    const { terminal, written } = fakeTerminal(true, 60)
    const view = createProgressView(terminal, () => 0, false)
    view.update(unmeasured)
    view.update(progress)
    const shown = play(written())
    expect(shown).toHaveLength(2)
    expect(shown[0]).toMatch(/^\[2\/3\] 16 streams/)
    for (const line of shown) expect(line.length).toBeLessThan(60)
    view.say('a line that stays')
    view.update(fresh)
    view.clear()
    expect(play(written())).toEqual(['a line that stays', ''])
  })

  it('writes a line at each new phase and every five seconds elsewhere', () => {
    const { terminal, written } = fakeTerminal(false)
    let now = 0
    const view = createProgressView(terminal, () => now, false)
    view.update(fresh)
    for (now = 0; now <= 12_000; now += 250) view.update(progress)
    view.clear()
    const lines = written().split('\n')
    expect(lines.filter((line) => line.includes('warming'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('measuring'))).toHaveLength(3)
    expect(written()).not.toContain('\u001b')
  })

  it('says nothing when silent', () => {
    const { terminal, written } = fakeTerminal(true)
    const view = createProgressView(terminal, () => 0, true)
    view.update(progress)
    view.say('x')
    view.clear()
    expect(written()).toBe('')
  })
})

describe('interrupts', () => {
  it('the first stops; one within 500 ms is the same; a later one leaves', () => {
    let now = 1000
    const said: string[] = []
    const press = createInterruptHandler(
      () => now,
      () => said.push('stop'),
      () => said.push('leave'),
    )
    press()
    now += 100
    press()
    now += 399
    press()
    expect(said).toEqual(['stop'])
    now += 1
    press()
    expect(said).toEqual(['stop', 'leave'])
  })
})
