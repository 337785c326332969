/** What `bench explain` says: only what is so on this run, with this run's figures. */
import { describe, expect, it } from 'vitest'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import { PROFILE_NAMES, type ProfileMetricId } from '../../src/core/profile.ts'
import { UNITS } from '../../src/core/profiles/collect.ts'
import { createEvidenceFolder } from '../../src/core/profiles/evidence.ts'
import type { SideBySide } from '../../src/core/profiles/explain.ts'
import { createProfileFolder, profiles } from '../../src/core/profiles/mod.ts'
import { type ExplainedScenario, explainScenario, renderExplained } from '../../src/core/profiles/page.ts'
import type { OkRecord, RequestRecord } from '../../src/core/record.ts'
import { measureWidth } from '../../src/core/report/text.ts'
import { httpErrorRecord, okRecord } from '../metrics/records.ts'

function explained(records: readonly RequestRecord[]): ExplainedScenario {
  const summarizer = createSummarizer()
  const folder = createProfileFolder()
  const evidence = createEvidenceFolder()
  for (const record of records) for (const fold of [summarizer, folder, evidence]) fold.add(record)
  const [summary] = summarizer.summary([{ name: 'one', title: '1 stream' }])
  const ours = Object.fromEntries(Object.keys(UNITS).map((id) => [id, summary!.metrics[id]!]))
  const theirs = profiles.map((profile) => [profile.name, folder.results(profile, 'one')])
  return explainScenario(
    'one',
    '1 stream',
    Object.fromEntries([['inferbench', ours], ...theirs]) as SideBySide,
    evidence.of('one'),
  )
}

function textsOf({ explanations }: ExplainedScenario, metric: ProfileMetricId): string {
  return explanations
    .filter((one) => one.metric === metric)
    .map(({ text }) => text)
    .join('\n')
}

/** `count` answers, one after the other: so many tokens, 10 ms apart, 50 ms to the first, nothing else. */
function steady(count: number, fields: Partial<OkRecord> = {}): OkRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const sentAt = n * 200
    const us = [50_000, ...Array.from({ length: 9 }, () => 10_000)]
    const base = {
      dueAt: sentAt,
      sentAt,
      headersAt: sentAt + 1,
      endAt: sentAt + 140,
      inputTokens: 10,
      askedInputTokens: 10,
    }
    return okRecord({ ...base, events: { us, kind: 't'.repeat(10) }, outputTokens: 10, maxTokens: 10, ...fields })
  })
}

describe('explain', () => {
  it('says nothing of a thing on which all agree', () => {
    const page = explained(steady(4))
    expect(page.agreed).toContain('ttft')
    expect(page.agreed).toContain('itl')
    expect(textsOf(page, 'ttft')).toBe('')
    expect(textsOf(page, 'e2e')).toBe('')
    expect(textsOf(page, 'tpot')).toContain('of its mean of 14.0 ms, 5.00 ms are the TTFT (50.0 ms over 10.0 tokens)')
  })

  it('finds an early role', () => {
    const us = [1_000, 49_000, 10_000, 10_000]
    const page = explained(steady(4, { events: { us, kind: 'ottt' }, outputTokens: 3 }))
    expect(textsOf(page, 'ttft')).toContain('1.00 ms for vllm and 50.0 ms')
    expect(textsOf(page, 'ttft')).toContain('all 4 answers began with a message without a token, 49.0 ms before')
    expect(textsOf(page, 'itl')).toContain('its longest is 49.0 ms')
  })

  it('finds messages of several tokens, whether or not each says how many it carries', () => {
    const us = [50_000, 40_000, 40_000]
    const told = explained(steady(4, { events: { us, kind: 'ttt', tokens: [4, 4, 4] }, outputTokens: 12 }))
    expect(textsOf(told, 'itl')).toContain('A message carries 4.00 tokens')
    expect(textsOf(told, 'itl')).toContain('vllm p50 40.0 ms), inferbench shares it out among them (p50 10.0 ms)')
    const untold = explained(steady(4, { events: { us, kind: 'ttt' }, outputTokens: 12 }))
    expect(textsOf(untold, 'itl')).toContain('so does inferbench (p50 40.0 ms)')
    expect(textsOf(untold, 'itl')).toContain('a chunk carries 4.00 of them')
    expect(textsOf(untold, 'tpot')).not.toContain('a chunk carries')
  })

  it('finds gaps of zero', () => {
    const us = [50_000, 0, 20_000, 0, 20_000]
    expect(textsOf(explained(steady(4, { events: { us, kind: 'ttttt' }, outputTokens: 5 })), 'itl')).toContain(
      '50.0 % of the gaps are 0 ms',
    )
  })

  it('finds reasoning, tool calls and answers without a token', () => {
    const us = [50_000, 100_000, 10_000]
    const reasoned = textsOf(explained(steady(4, { events: { us, kind: 'rtt' }, outputTokens: 3 })), 'ttft')
    expect(reasoned).toContain('in all 4 answers it comes 100.0 ms after the first token')
    const called = textsOf(explained(steady(4, { events: { us, kind: 'ctt' }, outputTokens: 3 })), 'ttft')
    expect(called).toContain('sglang and probar take no tool call for a token: all 4 answers')
    const mute = steady(1, { events: { us: [1000, 1000], kind: 'oo' }, outputTokens: 0 })
    expect(textsOf(explained([...steady(3), ...mute]), 'ttft')).toContain(
      'count 0 ms for an answer without a token: 1 of 4 answers',
    )
  })

  it('finds connections, where they weigh', () => {
    const slow = steady(4).map((record) => ({ ...record, connect: { startAt: record.sentAt - 20 } }))
    expect(textsOf(explained(slow), 'ttft')).toContain('all 4 answers opened one, which took 20.0 ms')
    const quick = steady(4).map((record) => ({ ...record, connect: { startAt: record.sentAt - 0.1 } }))
    expect(textsOf(explained(quick), 'ttft')).toBe('')
  })

  it('finds a long end, prompts that grew by a template, and time lost to failures', () => {
    const tail = explained(steady(4).map((record) => ({ ...record, endAt: record.endAt + 100, inputTokens: 30 })))
    expect(textsOf(tail, 'e2e')).toContain('comes 100.0 ms after the last token')
    expect(textsOf(tail, 'total_tok_s')).toContain('10.0 tokens each, others as the server counted them, 30.0')
    const failed = explained([...steady(4), httpErrorRecord({ sentAt: 800, endAt: 1480 })])
    expect(textsOf(failed, 'output_tok_s')).toContain(
      "aiperf's clock runs from the first start to the last content of an answer, 50.0 % shorter",
    )
  })

  it('finds answers that the server did not count', () => {
    const { outputTokens: _, tokenSource: __, ...uncounted } = steady(1, { maxTokens: 40 })[0]!
    expect(textsOf(explained([...steady(3), uncounted as OkRecord]), 'tpot')).toContain('3 of 4 answers')
  })
})

describe('renderExplained', () => {
  it('fits the terminal, names every tool, and has a reason for each -', () => {
    const page = explained([...steady(3), httpErrorRecord()])
    for (const width of [20, 80, 90, 500]) {
      const lines = renderExplained(page, width)
      for (const line of lines) expect(measureWidth(line)).toBeLessThanOrEqual(Math.min(100, Math.max(80, width)))
    }
    const text = renderExplained(page, 80).join('\n')
    for (const name of PROFILE_NAMES) expect(text).toContain(name)
    expect(text).toContain('- total tok/s of probar: the tool has no such figure')
    expect(text).toContain('3 samples are too few')
    expect(text).not.toContain('NaN')
    expect(text).not.toContain('undefined')
  })

  it('has a page for a run without an answer', () => {
    const text = renderExplained(explained([httpErrorRecord()]), 80).join('\n')
    expect(text).toContain('no request succeeded')
    expect(text).toContain('There is nothing to compare.')
    expect(text).not.toContain('All tools agree')
  })
})
