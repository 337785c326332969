/**
 * What the shards of one phase have in common: the next request of a closed loop, and how many are in flight. Drawn from
 * shared memory, never split beforehand: a fast shard would idle while a slow one holds work.
 */
export interface Share {
  /** Which shard this is, from 0, of how many. An open schedule is cut by index: this one sends n = index (mod shards). */
  readonly index: number
  readonly shards: number
  /** This shard's part of so many slots of a closed loop. */
  part(slots: number): number
  /** The next request of a closed loop, below `limit`; undefined when all are drawn. */
  draw(limit: number): number | undefined
  /** Requests of a closed loop that somebody has drawn: none below it will be drawn again. */
  drawn(): number
  /** Takes a permit for one more in flight, if there are fewer than `permits`. */
  enter(permits: number): boolean
  /** Gives it back. */
  leave(): void
  /** In flight, over all shards. */
  taken(): number
}

const DRAWN = 0
const TAKEN = 1

/** Memory for {@link shareAmong}; one for each phase. */
export function createSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
}

/** Shard `index` of `shards`, over memory that all of them were given. */
export function shareAmong(index: number, shards: number, memory: SharedArrayBuffer): Share {
  return createShare(index, shards, new Int32Array(memory))
}

/** The whole phase in one. */
export function shareAlone(): Share {
  return createShare(0, 1, new Int32Array(2))
}

function createShare(index: number, shards: number, counts: Int32Array): Share {
  return {
    index,
    shards,
    part: (slots) => Math.floor((slots + shards - 1 - index) / shards),
    draw(limit) {
      const n = Atomics.add(counts, DRAWN, 1)
      if (n < limit) return n
      Atomics.sub(counts, DRAWN, 1)
      return undefined
    },
    drawn: () => Atomics.load(counts, DRAWN),
    enter(permits) {
      if (Atomics.add(counts, TAKEN, 1) < permits) return true
      Atomics.sub(counts, TAKEN, 1)
      return false
    },
    leave: () => void Atomics.sub(counts, TAKEN, 1),
    taken: () => Atomics.load(counts, TAKEN),
  }
}
