/**
 * How two threads' clocks differ. Each reads its own, from an origin of its own; the other's reading lies between our sending
 * and our receiving, so the round trip that was shortest bounds the difference best (Cristian's method, as in NTP).
 */
export interface ClockOffset {
  /** To be added to the other's reading to have it in our clock, ms. */
  readonly offsetMs: number
  /** The most that it can be wrong by: half of the shortest round trip, ms. */
  readonly uncertaintyMs: number
}

/** `ask` resolves with the other's reading. Round trips one after the other; some hundred take a few milliseconds. */
export async function measureOffset(
  now: () => number,
  ask: () => Promise<number>,
  roundTrips = 200,
): Promise<ClockOffset> {
  let best: ClockOffset = { offsetMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY }
  for (let trip = 0; trip < roundTrips; trip++) {
    const sentAt = now()
    const theirs = await ask()
    const receivedAt = now()
    const uncertaintyMs = (receivedAt - sentAt) / 2
    if (uncertaintyMs < best.uncertaintyMs) best = { offsetMs: (sentAt + receivedAt) / 2 - theirs, uncertaintyMs }
  }
  return best
}
