/** Answers that were cut by their limit of tokens: where length is not forced, a high share says that the limit is too low. */
import type { Accumulator, MetricDefinition, MetricPlugin, MetricResult, RequestRecord } from 'inferbench'

const cutShare: MetricDefinition = {
  id: 'cut_share',
  title: 'cut answers',
  unit: '%',
  direction: 'lower',
  version: 1,
  kind: 'scalar',
  formula: '100 * answers that ended with "length" / answers',
  source: 'finish_reason of the OpenAI API',
}

class CutFold implements Accumulator {
  answers = 0
  cut = 0

  add(record: RequestRecord): void {
    if (record.outcome !== 'ok') return
    this.answers++
    if (record.finish === 'length') this.cut++
  }

  merge(other: Accumulator): void {
    this.answers += (other as CutFold).answers
    this.cut += (other as CutFold).cut
  }

  result(): Readonly<Record<string, MetricResult>> {
    const { id, unit } = cutShare
    if (this.answers === 0) return { [id]: { kind: 'absent', unit, reason: 'no request was answered' } }
    return { [id]: { kind: 'scalar', unit, value: (100 * this.cut) / this.answers, count: this.answers } }
  }
}

const cut: MetricPlugin = {
  id: 'cut',
  summary: 'Answers that were cut by their limit of tokens',
  definitions: [cutShare],
  accumulate: () => new CutFold(),
}
export default cut
