import type { OpenArrival } from '../arrival.ts'

/**
 * Shard `shard` of `shards`: requests n = shard (mod shards), counted anew from 0. The shards' union is the whole schedule.
 * A closed loop is never cut beforehand: a fast shard would idle while a slow one holds work.
 */
export function sliceArrival(arrival: OpenArrival, shard: number, shards: number): OpenArrival {
  return {
    kind: 'open',
    name: `${arrival.name}, shard ${shard} of ${shards}`,
    due: (n) => arrival.due(n * shards + shard),
    ...(arrival.meanRate !== undefined && { meanRate: arrival.meanRate / shards }),
  }
}
