import type { HistogramData } from '../metric.ts'

/**
 * A histogram of the HDR type: every power of two is cut into 512 equal buckets, so that the middle of a value's bucket is
 * within 1/1024 of the value, whatever its size. Merging adds counts and loses nothing.
 *
 * Own code rather than a library, after a look at two: hdr-histogram-js 3 takes integers of a range fixed beforehand, has no
 * negative values, and brings three dependencies; @datadog/sketches-js 2 is CommonJS, keys by `Math.log` (whose last digit
 * differs between engines, so that a log read elsewhere gives other buckets) and serialises only through a protobuf package that it does
 * not declare. The bucket here is read off the bits of the float: the same on every engine.
 */
const BUCKETS_PER_OCTAVE = 512
const BUCKET_BITS = 9

/** Half a bucket's width over its lower end, at most. */
export const HISTOGRAM_RELATIVE_ERROR: number = 1 / (2 * BUCKETS_PER_OCTAVE)

export interface Histogram {
  readonly count: number
  /** Adds `weight` samples of one finite value. */
  add(value: number, weight?: number): void
  merge(other: Histogram): void
  /** The middle of the bucket that holds the k-th smallest sample, from 0. */
  orderStatistic(k: number): number
  toJson(): HistogramData
}

const bits = new DataView(new ArrayBuffer(8))

/** Sign, exponent and the first bits of the fraction. */
function highBits(value: number): number {
  bits.setFloat64(0, value)
  return bits.getUint32(0)
}

function middleOf(octave: number, slot: number): number {
  const size = 2 ** (Math.abs(octave) - 1023) * (1 + (slot + 0.5) / BUCKETS_PER_OCTAVE)
  return octave < 0 ? -size : size
}

class OctaveHistogram implements Histogram {
  count = 0
  private zeros = 0
  /** Counts by biased exponent; negative values under the negated exponent. */
  private readonly octaves = new Map<number, Float64Array>()

  add(value: number, weight = 1): void {
    if (!Number.isFinite(value)) throw new RangeError(`a histogram takes finite values, not ${value}`)
    this.count += weight
    const high = highBits(value)
    const octave = (high >>> 20) & 0x7ff
    const slot = (high >>> (20 - BUCKET_BITS)) & (BUCKETS_PER_OCTAVE - 1)
    if (octave === 0) this.zeros += weight
    else this.slots(value < 0 ? -octave : octave)[slot]! += weight
  }

  merge(other: Histogram): void {
    this.addJson(other.toJson())
  }

  addJson(json: HistogramData): void {
    this.zeros += json.zeros
    this.count += json.zeros
    for (const [i, key] of json.keys.entries()) {
      const size = Math.abs(key)
      const octave = Math.floor(size / BUCKETS_PER_OCTAVE)
      const count = json.counts[i] ?? 0
      this.slots(key < 0 ? -octave : octave)[size % BUCKETS_PER_OCTAVE]! += count
      this.count += count
    }
  }

  orderStatistic(k: number): number {
    let seen = 0
    for (const [octave, slot, count] of this.ascending()) {
      seen += count
      if (k < seen) return octave === 0 ? 0 : middleOf(octave, slot)
    }
    throw new RangeError(`order statistic ${k} of ${this.count} samples`)
  }

  toJson(): HistogramData {
    const keys: number[] = []
    const counts: number[] = []
    for (const [octave, slot, count] of this.ascending()) {
      if (octave === 0) continue
      keys.push(octave < 0 ? octave * BUCKETS_PER_OCTAVE - slot : octave * BUCKETS_PER_OCTAVE + slot)
      counts.push(count)
    }
    return { bucketsPerOctave: BUCKETS_PER_OCTAVE, zeros: this.zeros, keys, counts }
  }

  /** Buckets that hold something, by ascending value; octave 0 stands for zero. */
  private *ascending(): Generator<readonly [octave: number, slot: number, count: number]> {
    const octaves = [...this.octaves.keys(), 0].sort((a, b) => a - b)
    for (const octave of octaves) {
      if (octave === 0) {
        if (this.zeros > 0) yield [0, 0, this.zeros]
        continue
      }
      const slots = this.octaves.get(octave)!
      for (let i = 0; i < BUCKETS_PER_OCTAVE; i++) {
        const slot = octave < 0 ? BUCKETS_PER_OCTAVE - 1 - i : i
        if (slots[slot]! > 0) yield [octave, slot, slots[slot]!]
      }
    }
  }

  private slots(octave: number): Float64Array {
    let slots = this.octaves.get(octave)
    if (slots === undefined) {
      slots = new Float64Array(BUCKETS_PER_OCTAVE)
      this.octaves.set(octave, slots)
    }
    return slots
  }
}

export function createHistogram(json?: HistogramData): Histogram {
  const histogram = new OctaveHistogram()
  if (json !== undefined) histogram.addJson(json)
  return histogram
}
