/** What the verdict keeps of the records of one scenario. Bounded; folded as they come. */
import type { OkRecord, RequestRecord } from '../record.ts'
import type { ManifestScenario } from '../run.ts'
import { type Batches, createBatches } from './batches.ts'
import { createEnds, type Ends } from './ends.ts'
import { type AnswerShape, readShape } from './shape.ts'

/** Fewer events say nothing about buffering. */
const BUFFERED_EVENTS = 10
/** A server that takes several tokens a step sends them in one piece as well; nine of ten is no such step. */
const BUFFERED_SHARE = 0.9
/** Below this an answer may just have been that quick. */
const BUFFERED_LEAST_MS = 20
/** vLLM and others cache prompts in blocks of so many tokens. */
const CACHE_BLOCK = 16
/** Rows of a data set may share so much of their prompts (instructions, examples). */
const ROWS_SHARE = 0.5
const MOST_NAMES = 16

export interface Evidence {
  readonly scenario: ManifestScenario
  readonly batches: Batches
  readonly ends: Ends
  /** All requests but those cut by an interrupt. */
  due: number
  sent: number
  held: number
  firstDueAt: number
  lastDueAt: number
  firstSentAt: number
  lastSentAt: number
  connects: number
  connectMs: number
  /** Answers with enough events to be judged, and those of them that came in one piece. */
  streams: number
  buffered: number
  cacheTold: number
  promptTokens: number
  unexplainedTokens: number
  counted: number
  contradictions: number
  askedTokens: number
  gotTokens: number
  /** By target; '' is what the manifest says. */
  readonly models: Map<string, Set<string>>
  readonly fingerprints: Map<string, Set<string>>
}

export function openEvidence(scenario: ManifestScenario): Evidence {
  return {
    scenario,
    batches: createBatches(),
    ends: createEnds(),
    due: 0,
    sent: 0,
    held: 0,
    firstDueAt: Number.POSITIVE_INFINITY,
    lastDueAt: Number.NEGATIVE_INFINITY,
    firstSentAt: Number.POSITIVE_INFINITY,
    lastSentAt: Number.NEGATIVE_INFINITY,
    connects: 0,
    connectMs: 0,
    streams: 0,
    buffered: 0,
    cacheTold: 0,
    promptTokens: 0,
    unexplainedTokens: 0,
    counted: 0,
    contradictions: 0,
    askedTokens: 0,
    gotTokens: 0,
    models: new Map(),
    fingerprints: new Map(),
  }
}

export function addEvidence(evidence: Evidence, record: RequestRecord): void {
  if (record.phase !== 'measure') return
  if ((record.outcome === 'aborted' || record.outcome === 'dropped') && record.reason === 'interrupted') return
  evidence.due++
  evidence.firstDueAt = Math.min(evidence.firstDueAt, record.dueAt)
  evidence.lastDueAt = Math.max(evidence.lastDueAt, record.dueAt)
  if (record.permitAt !== undefined || record.outcome === 'dropped') evidence.held++
  if ('sentAt' in record && record.sentAt !== undefined) addSending(evidence, record.sentAt, record.connect?.startAt)
  if (record.outcome === 'ok') addAnswer(evidence, record)
}

function addSending(evidence: Evidence, sentAt: number, connectAt: number | undefined): void {
  evidence.sent++
  evidence.firstSentAt = Math.min(evidence.firstSentAt, sentAt)
  evidence.lastSentAt = Math.max(evidence.lastSentAt, sentAt)
  if (connectAt === undefined) return
  evidence.connects++
  evidence.connectMs += Math.max(0, sentAt - connectAt)
}

function addAnswer(evidence: Evidence, record: OkRecord): void {
  const shape = readShape(record)
  evidence.batches.add(record, shape)
  evidence.ends.add(record.endAt, record.outputTokens ?? 0)
  addStream(evidence, record, shape)
  addCache(evidence, record)
  addCounts(evidence, record, shape)
  const target = record.target ?? ''
  addName(evidence.models, target, record.model)
  addName(evidence.fingerprints, target, record.fingerprint)
}

function addStream(evidence: Evidence, record: OkRecord, shape: AnswerShape): void {
  if (!shape.streamed || shape.tokenEvents < BUFFERED_EVENTS) return
  evidence.streams++
  const atOnce =
    shape.zeroGaps >= BUFFERED_SHARE * (shape.tokenEvents - 1) && record.endAt - record.sentAt >= BUFFERED_LEAST_MS
  if (atOnce || record.notes?.includes('buffered_stream') === true) evidence.buffered++
}

/** What of a prompt may well be cached: an earlier turn, a shared prefix, the chat template, a block begun. */
function explainedTokens({ scenario }: Evidence, record: OkRecord, inputTokens: number): number {
  const { sharedPrefixTokens, rows } = scenario.workload
  if ((record.turn ?? 0) > 0) return inputTokens
  if (typeof rows === 'number') return record.n >= rows ? inputTokens : inputTokens * ROWS_SHARE
  const template = Math.max(0, inputTokens - (record.askedInputTokens ?? inputTokens))
  return (typeof sharedPrefixTokens === 'number' ? sharedPrefixTokens : 0) + template + CACHE_BLOCK
}

function addCache(evidence: Evidence, record: OkRecord): void {
  const { cachedTokens, inputTokens } = record
  if (cachedTokens === undefined || inputTokens === undefined) return
  evidence.cacheTold++
  evidence.promptTokens += inputTokens
  evidence.unexplainedTokens += Math.max(0, cachedTokens - explainedTokens(evidence, record, inputTokens))
}

function addCounts(evidence: Evidence, record: OkRecord, shape: AnswerShape): void {
  const { outputTokens, maxTokens, finish, notes } = record
  if (outputTokens !== undefined && maxTokens !== undefined) {
    evidence.askedTokens += maxTokens
    evidence.gotTokens += outputTokens
  }
  // A count that was not believed is not in the record: somebody else's is, or none.
  const isDoubted = notes?.includes('usage_suspect') === true
  if (isDoubted) evidence.contradictions++
  if (isDoubted || record.tokenSource === 'server') evidence.counted++
  if (isDoubted || record.tokenSource !== 'server' || outputTokens === undefined) return
  // Several answers to one request (`n`) make a multiple; every event with text holds at least one token.
  const overLimit = maxTokens !== undefined && outputTokens > maxTokens && outputTokens % maxTokens !== 0
  const notItsLength = finish === 'length' && maxTokens !== undefined && outputTokens < maxTokens
  const moreEvents = shape.tokenEvents > outputTokens + Math.max(2, outputTokens / 20)
  if (overLimit || notItsLength || moreEvents) evidence.contradictions++
}

function addName(names: Map<string, Set<string>>, target: string, name: string | undefined): void {
  let known = names.get(target)
  if (known === undefined) {
    known = new Set()
    names.set(target, known)
  }
  if (known.size < MOST_NAMES) known.add(name ?? '')
}

/** The most names that one target answered with; `usual` is what an absent one stands for. */
export function countNames(names: ReadonlyMap<string, ReadonlySet<string>>, usual: string | undefined): number {
  const counts = [...names.values()].map((known) => new Set([...known].map((name) => name || (usual ?? ''))).size)
  return Math.max(0, ...counts)
}
