/** What about the answers of a run makes tools disagree: plain counts and sums, gathered beside their figures. */
import type { RequestRecord } from '../record.ts'
import { readAnswer, type SeenAnswer } from './answer.ts'

/** Of one scenario; sums in ms. */
export interface Evidence {
  answers: number
  streamed: number
  /** Records that are no answer: their time counts, their tokens do not. */
  failed: number
  /** Answers whose first message came before the first token, and by how much. */
  early: number
  earlyMs: number
  /** Answers with reasoning before the first visible text. */
  reasoned: number
  reasonedMs: number
  /** Answers whose first event with tokens is a tool call. */
  calledFirst: number
  /** Streamed answers without any token. */
  mute: number
  /** Answers that opened their connection. */
  connected: number
  connectMs: number
  /** Messages with choices and without a token. */
  silent: number
  /** Answers with such a message after the last token, and the time from the one to the other. */
  finished: number
  finishMs: number
  /** From the last token to the end of the answer. */
  tailMs: number
  /** Events with tokens, tokens that the server counted in the same answers, gaps between events, and those of them that are 0. */
  events: number
  tokens: number
  /** Answers whose messages say how many tokens they carry. */
  spread: number
  gaps: number
  zeroGaps: number
  /** Answers whose tokens the server counted; of them, those whose length is not the one asked for. */
  counted: number
  otherLength: number
  /** Input tokens of answers for which both are known: asked for, and counted by the server. */
  askedTokens: number
  inputTokens: number
  withInput: number
  /** Sums over answers with a first token. */
  ttftMs: number
  withToken: number
}

function emptyEvidence(): Evidence {
  return {
    answers: 0,
    streamed: 0,
    failed: 0,
    early: 0,
    earlyMs: 0,
    reasoned: 0,
    reasonedMs: 0,
    calledFirst: 0,
    mute: 0,
    connected: 0,
    connectMs: 0,
    silent: 0,
    finished: 0,
    finishMs: 0,
    tailMs: 0,
    events: 0,
    tokens: 0,
    spread: 0,
    gaps: 0,
    zeroGaps: 0,
    counted: 0,
    otherLength: 0,
    askedTokens: 0,
    inputTokens: 0,
    withInput: 0,
    ttftMs: 0,
    withToken: 0,
  }
}

export interface EvidenceFolder {
  add(record: RequestRecord): void
  of(scenario: string): Evidence
}

export function createEvidenceFolder(): EvidenceFolder {
  const scenarios = new Map<string, Evidence>()
  return {
    add(record) {
      if (record.phase !== 'measure') return
      let evidence = scenarios.get(record.scenario)
      if (evidence === undefined) {
        evidence = emptyEvidence()
        scenarios.set(record.scenario, evidence)
      }
      if (record.outcome === 'ok') addAnswer(evidence, readAnswer(record))
      else evidence.failed++
    },
    of: (scenario) => scenarios.get(scenario) ?? emptyEvidence(),
  }
}

function addAnswer(evidence: Evidence, seen: SeenAnswer): void {
  const { record, tokens, text, choices, connectMs, endMs, serverTokens } = seen
  evidence.answers++
  if (connectMs > 0) {
    evidence.connected++
    evidence.connectMs += connectMs
  }
  if (serverTokens !== undefined) {
    evidence.counted++
    if (record.maxTokens !== undefined && record.maxTokens !== serverTokens) evidence.otherLength++
  }
  if (record.askedInputTokens !== undefined && record.inputTokens !== undefined) {
    evidence.askedTokens += record.askedInputTokens
    evidence.inputTokens += record.inputTokens
    evidence.withInput++
  }
  if (!seen.streamed) return
  evidence.streamed++
  if (record.events.tokens !== undefined) evidence.spread++
  const first = tokens[0]
  if (first === undefined) {
    evidence.mute++
    return
  }
  const last = tokens.at(-1)!
  evidence.withToken++
  evidence.ttftMs += connectMs + first
  evidence.tailMs += endMs - last
  if (choices[0]! < first) {
    evidence.early++
    evidence.earlyMs += first - choices[0]!
  }
  evidence.silent += choices.length - tokens.length
  if (seen.trailing > 0) {
    evidence.finished++
    evidence.finishMs += choices.at(-1)! - last
  }
  if (text[0] !== undefined && text[0] > first) {
    evidence.reasoned++
    evidence.reasonedMs += text[0] - first
  }
  if (seen.words[0] !== first) evidence.calledFirst++
  if (serverTokens !== undefined) {
    evidence.tokens += serverTokens
    evidence.events += tokens.length
  }
  for (let place = 1; place < tokens.length; place++) {
    evidence.gaps++
    if (tokens[place] === tokens[place - 1]) evidence.zeroGaps++
  }
}
