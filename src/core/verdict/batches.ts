/** What a scenario's answers came to, in batches of the schedule: bounded, however many there are. */
import type { OkRecord } from '../record.ts'
import { createDistribution, type DistributionCollector } from '../stats/distribution.ts'
import type { AnswerShape } from './shape.ts'

/** MSER-5 takes means of five. */
const LEAST_SIZE = 5
const MOST_BATCHES = 128

/** Answers to consecutive requests of the schedule. */
export interface Batch {
  answers: number
  readonly ttft: DistributionCollector
  readonly tpot: DistributionCollector
  readonly e2e: DistributionCollector
  ttftSum: number
  e2eSum: number
  /** From `dueAt` to the end. */
  dueSum: number
  firstSentAt: number
  lastSentAt: number
}

function emptyBatch(): Batch {
  return {
    answers: 0,
    ttft: createDistribution(0),
    tpot: createDistribution(0),
    e2e: createDistribution(0),
    ttftSum: 0,
    e2eSum: 0,
    dueSum: 0,
    firstSentAt: Number.POSITIVE_INFINITY,
    lastSentAt: Number.NEGATIVE_INFINITY,
  }
}

export interface Batches {
  /** Requests a batch. */
  readonly size: number
  readonly list: readonly Batch[]
  add(record: OkRecord, shape: AnswerShape): void
}

/** Batches hold twice as many requests each as soon as there would be too many of them. */
export function createBatches(): Batches {
  let size = LEAST_SIZE
  let list: Batch[] = []

  const halve = (): void => {
    size *= 2
    const halved: Batch[] = []
    for (const [index, batch] of list.entries()) {
      if (index % 2 === 0) halved.push(batch)
      else joinBatches(halved.at(-1)!, batch)
    }
    list = halved
  }

  return {
    get size() {
      return size
    },
    get list() {
      return list
    },
    add(record, shape) {
      while (record.n >= size * MOST_BATCHES) halve()
      const index = Math.floor(record.n / size)
      while (list.length <= index) list.push(emptyBatch())
      addToBatch(list[index]!, record, shape)
    },
  }
}

function addToBatch(batch: Batch, record: OkRecord, shape: AnswerShape): void {
  const { outputTokens, sentAt } = record
  batch.answers++
  batch.firstSentAt = Math.min(batch.firstSentAt, sentAt)
  batch.lastSentAt = Math.max(batch.lastSentAt, sentAt)
  batch.dueSum += record.endAt - record.dueAt
  const endMs = shape.streamed ? shape.lastTokenMs : record.endAt - sentAt
  batch.e2e.add(endMs)
  batch.e2eSum += endMs
  if (!shape.streamed) return
  batch.ttft.add(shape.firstTokenMs)
  batch.ttftSum += shape.firstTokenMs
  if (outputTokens === undefined || outputTokens <= 1 || shape.tokenEvents <= 1) return
  batch.tpot.add((shape.lastTokenMs - shape.firstTokenMs) / (outputTokens - 1))
}

export function joinBatches(into: Batch, other: Batch): void {
  into.answers += other.answers
  into.ttft.merge(other.ttft)
  into.tpot.merge(other.tpot)
  into.e2e.merge(other.e2e)
  into.ttftSum += other.ttftSum
  into.e2eSum += other.e2eSum
  into.dueSum += other.dueSum
  into.firstSentAt = Math.min(into.firstSentAt, other.firstSentAt)
  into.lastSentAt = Math.max(into.lastSentAt, other.lastSentAt)
}

/** All of them as one. */
export function sumBatches(list: readonly Batch[]): Batch {
  const sum = emptyBatch()
  for (const batch of list) joinBatches(sum, batch)
  return sum
}
