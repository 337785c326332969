/** The sample files of lm-eval: a line for each document and filter; and which documents two sides share. */
import { asArray, asObject, asText, type JsonObject, parseJson } from '../json.ts'

export interface Sample {
  readonly document: string
  readonly filter: string
  /** Equal hashes: the same document, asked in the same words, with the same answer expected. */
  readonly hashes: readonly (string | undefined)[]
  /** By metric; only numbers. */
  readonly scores: Readonly<Record<string, number>>
}

/** `samples_<task>_<instant>.jsonl`. Lines that are no samples are left out. */
export function parseSamples(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const sample = asObject(parseJson(line))
    return sample === undefined ? [] : readSample(sample)
  })
}

function readSample(sample: JsonObject): readonly Sample[] {
  const { doc_id: id, filter } = sample
  if (typeof id !== 'number' && typeof id !== 'string') return []
  const metrics = asArray(sample.metrics).filter((name) => typeof name === 'string')
  return [
    {
      document: String(id),
      filter: asText(filter) ?? 'none',
      hashes: [sample.doc_hash, sample.prompt_hash, sample.target_hash].map(asText),
      scores: Object.fromEntries(
        metrics.flatMap((name) => {
          const score = asScore(sample[name])
          return score === undefined ? [] : [[name, score]]
        }),
      ),
    },
  ]
}

function asScore(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export interface Pairs {
  /** Candidate's and reference's score of one document each. */
  readonly scores: readonly (readonly [candidate: number, reference: number])[]
  /** Documents that only one side has, or without a score on a side. */
  readonly single: number
  /** Documents of the same number that differ in text, prompt or expected answer. */
  readonly unlike: number
}

/** Joins both sides' samples of one task by document. Samples of a document that is asked several times pair in their order. */
export function pairSamples(
  candidate: readonly Sample[],
  reference: readonly Sample[],
  metric: string,
  filter: string,
): Pairs {
  const waiting = new Map<string, Sample[]>()
  const relevant = (sample: Sample): boolean => sample.filter === filter
  for (const sample of reference.filter(relevant)) {
    waiting.set(sample.document, [...(waiting.get(sample.document) ?? []), sample])
  }
  const scores: [number, number][] = []
  let [single, unlike] = [0, 0]
  for (const sample of candidate.filter(relevant)) {
    const other = waiting.get(sample.document)?.shift()
    const [a, b] = [sample.scores[metric], other?.scores[metric]]
    if (other !== undefined && !isAlike(sample, other)) unlike++
    else if (a === undefined || b === undefined) single++
    else scores.push([a, b])
  }
  for (const rest of waiting.values()) single += rest.length
  return { scores, single, unlike }
}

/** A hash that one side lacks (older versions write none) tells nothing. */
function isAlike(a: Sample, b: Sample): boolean {
  return a.hashes.every((hash, index) => {
    const other = b.hashes[index]
    return hash === undefined || other === undefined || hash === other
  })
}
