/** Lines of the series: written from readings, and read again, whoever wrote them. */
import { asAmount, asArray, asObject, asText, roundToMicros, type Sample } from 'inferbench'
import type { Counter, Gauge, Reading, Time, Times } from './vocabulary.ts'

/** A reading at an instant of the run, with rates since the one before. */
export function sampleOf(at: number, { server, restarts, values }: Reading, last: Sample | undefined): Sample {
  const sample: Sample = { at: roundToMicros(at), server, ...(restarts === undefined ? {} : { restarts }), ...values }
  return {
    ...sample,
    ...rateOf('output_tok_s', 'generation_tokens', sample, last),
    ...rateOf('prompt_tok_s', 'prompt_tokens', sample, last),
  }
}

function rateOf(id: string, counter: Counter, now: Sample, last: Sample | undefined): Readonly<Record<string, number>> {
  const [value, before] = [counterOf(now, counter), last === undefined ? undefined : counterOf(last, counter)]
  const seconds = (now.at - (last?.at ?? now.at)) / 1000
  if (value === undefined || before === undefined || value < before || seconds <= 0) return {}
  return { [id]: Math.round(((value - before) / seconds) * 10) / 10 }
}

export function serverOf(sample: Sample): string | undefined {
  return asText(sample.server)
}

/** In how many readings up to this one a counter had begun again. */
export function restartsOf(sample: Sample): number {
  return asAmount(sample.restarts) ?? 0
}

export function gaugeOf(sample: Sample, gauge: Gauge): number | undefined {
  return asAmount(sample[gauge])
}

export function counterOf(sample: Sample, counter: Counter): number | undefined {
  return asAmount(sample[counter])
}

export function timesOf(sample: Sample, time: Time): Times | undefined {
  const said = asObject(sample[time])
  const [count, sum] = [asAmount(said?.count), asAmount(said?.sum)]
  if (count === undefined || sum === undefined) return undefined
  const bounds = readAmounts(said?.bounds)
  const below = readAmounts(said?.below)
  const sound = bounds !== undefined && below?.length === bounds.length && bounds.length > 0 && ascends(bounds)
  return { count, sum, ...(sound ? { bounds, below } : {}) }
}

function readAmounts(value: unknown): readonly number[] | undefined {
  const amounts = asArray(value).map(asAmount)
  return amounts.every((amount) => amount !== undefined) ? amounts : undefined
}

function ascends(values: readonly number[]): boolean {
  return values.every((value, place) => place === 0 || value > values[place - 1]!)
}
