/** What the differences come to. Pure. */
import { type BesideFigures, createDistribution, type MetricResult, type PairedTest, testPairs } from 'inferbench'
import { definitions } from './definitions.ts'
import type { Difference } from './difference.ts'

/** One prompt, that all sides answered. */
export interface Compared {
  readonly item: string
  /** The idle server's first answer and its second. */
  readonly self: Difference
  /** Its second, and that of the other side. */
  readonly other: Difference
  /** Of another server: its first and its second. */
  readonly againstSelf?: Difference
}

export interface Setting {
  /** Share from 0 to 1. */
  readonly margin: number
  readonly load?: BesideFigures
  /** Why there is no other server, or no load. */
  readonly without: string
}

export type Answer = 'yes' | 'no' | 'cannot tell'

type Metrics = Readonly<Record<string, MetricResult>>

const SIGNIFICANT = 0.05
/** Nothing is drawn where all that is compared is alike or not. */
const SEED = 0

/** Under exchange of the three answers to a prompt the two differences change places: what McNemar's test assumes. */
export function testDifferences(compared: readonly Compared[]): PairedTest | undefined {
  const asScore = ({ equal }: Difference): number => (equal ? 0 : 1)
  return testPairs(
    compared.map(({ self, other }) => [asScore(other), asScore(self)]),
    SEED,
  )
}

/** Does it differ more than it differs from itself? */
export function judgeDifferences(test: PairedTest | undefined, margin: number): Answer {
  if (test === undefined) return 'cannot tell'
  if (test.p < SIGNIFICANT && test.difference > 0) return 'yes'
  return test.high <= margin ? 'no' : 'cannot tell'
}

export function describeDifferences(compared: readonly Compared[], setting: Setting): Metrics {
  const test = testDifferences(compared)
  const answer = judgeDifferences(test, setting.margin)
  const differing = compared.map(({ other }) => other).filter(({ equal }) => !equal)
  const others = compared.map(({ other }) => other)
  const apart = differing.length === 0 ? 'no answers differ' : undefined
  const collect = (from: readonly Difference[], of: (one: Difference) => number | undefined): readonly number[] =>
    from.flatMap((one) => of(one) ?? [])
  const noTokens = 'the server names no tokens'
  const { load, without } = setting
  return {
    output_diff_self: shareOf(compared.map(({ self }) => self)),
    output_diff_against_self: shareOf(
      compared.flatMap(({ againstSelf }) => againstSelf ?? []),
      'output_diff_against_self',
      without,
    ),
    output_diff_other: shareOf(others),
    ...describeTest(test, answer),
    output_diff_first_token: spreadOf(
      'output_diff_first_token',
      collect(differing, (one) => one.firstToken),
      apart ?? noTokens,
    ),
    output_diff_first_character: spreadOf(
      'output_diff_first_character',
      collect(differing, (one) => one.firstCharacter),
      apart,
    ),
    output_diff_first_word: spreadOf(
      'output_diff_first_word',
      collect(differing, (one) => one.firstWord),
      apart,
    ),
    output_diff_similarity: spreadOf(
      'output_diff_similarity',
      collect(others, (one) => 100 * one.similarity),
    ),
    output_diff_length: spreadOf(
      'output_diff_length',
      collect(others, (one) => one.lengthDifference),
      'the server counts no tokens',
    ),
    output_diff_load:
      load === undefined
        ? absent('output_diff_load', without)
        : { kind: 'scalar', unit: 'requests', value: load.inFlightMean, count: load.requests },
  }
}

/** Every metric, for one reason. */
export function describeNothing(reason: string): Metrics {
  return Object.fromEntries(definitions.map(({ id }) => [id, absent(id, reason)]))
}

function describeTest(test: PairedTest | undefined, answer: Answer): Metrics {
  const values: Readonly<Record<string, number | undefined>> = {
    output_diff_more: test && 100 * test.difference,
    output_diff_more_low: test && 100 * test.low,
    output_diff_more_high: test && 100 * test.high,
    output_diff_more_p: test?.p,
    output_diff_verdict: answer === 'cannot tell' ? undefined : answer === 'yes' ? 1 : 0,
  }
  const tooFew = 'cannot tell: too few prompts, or too much that differs by itself'
  return Object.fromEntries(
    Object.entries(values).map(([id, value]) => [
      id,
      value === undefined
        ? absent(id, test === undefined ? NOTHING : tooFew)
        : { kind: 'scalar', unit: unitOf(id), value, count: test?.pairs ?? 0 },
    ]),
  )
}

const NOTHING = 'no prompt was answered by all sides'

function shareOf(differences: readonly Difference[], id = 'output_diff_self', reason = NOTHING): MetricResult {
  const count = differences.length
  if (count === 0) return absent(id, reason)
  return { kind: 'scalar', unit: '%', value: (100 * differences.filter(({ equal }) => !equal).length) / count, count }
}

function spreadOf(id: string, values: readonly number[], reason = NOTHING): MetricResult {
  const collector = createDistribution()
  for (const value of values) collector.add(value)
  const distribution = collector.result()
  return distribution === undefined ? absent(id, reason) : { kind: 'distribution', unit: unitOf(id), distribution }
}

function absent(id: string, reason: string): MetricResult {
  return { kind: 'absent', unit: unitOf(id), reason }
}

function unitOf(id: string): string {
  return definitions.find((definition) => definition.id === id)!.unit
}

/** `answers differ: 31 % under 16 streams, 0 % by itself: more (at token 14)` */
export function describeInWords(compared: readonly Compared[], { margin }: Setting, side: string): string {
  const test = testDifferences(compared)
  if (test === undefined) return NOTHING
  const percent = (of: (one: Compared) => Difference): string =>
    `${Math.round((100 * compared.filter((one) => !of(one).equal).length) / compared.length)} %`
  const differing = compared.map(({ other }) => other).filter(({ equal }) => !equal)
  const places = differing.map((one) => one.firstToken ?? one.firstWord ?? 0).sort((a, b) => a - b)
  const unit = differing.every(({ firstToken }) => firstToken !== undefined) ? 'token' : 'word'
  const where = places.length === 0 ? '' : ` (at ${unit} ${places[Math.floor((places.length - 1) / 2)]})`
  const { other, self } = { other: percent((one) => one.other), self: percent((one) => one.self) }
  return `answers differ: ${other} ${side}, ${self} by itself: ${words[judgeDifferences(test, margin)]}${where}`
}

const words: Readonly<Record<Answer, string>> = { yes: 'more', no: 'no more', 'cannot tell': 'cannot tell' }
