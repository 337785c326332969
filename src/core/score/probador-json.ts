/** The JSON of `probador llm score --format json`: a document a card, one after the other. */
import type { CompositeCard } from './composite.ts'
import type { ScoreDocument } from './document.ts'
import type { FlatCard } from './flat.ts'

export function probadorJson(document: ScoreDocument, now: string = new Date().toISOString()): string {
  const version = document.contract.contract_version
  const flat = <Entry>(card: FlatCard<Entry> | undefined): object[] =>
    card === undefined ? [] : [{ contract_version: version, timestamp: now, entries: card.entries }]
  const blocks = [
    ...document.composite.map((card) => describeComposite(card, now)),
    ...flat(document.layer),
    ...(document.profile ?? []).map((card) => ({ contract_version: version, timestamp: now, ...card })),
    ...flat(document.correctness),
    ...(document['output-length'] ?? []).flatMap(({ card }) => flat(card)),
    ...flat(document.memory),
    ...flat(document['cold-start']),
    ...flat(document.power),
    ...flat(document.scaling),
  ]
  return `${blocks.map((block) => JSON.stringify(block, null, 2)).join('\n\n')}\n`
}

function describeComposite({ contract_version, concurrency, runtimes }: CompositeCard, now: string): object {
  return {
    contract_version,
    timestamp: now,
    concurrency,
    runtimes: runtimes.map(({ name, source_file = '', metrics, composite, grade }) => ({
      name,
      source_file,
      metrics,
      composite,
      grade,
    })),
  }
}
