import type { Adapter } from '../adapter.ts'
import { describeError } from '../errors.ts'
import type { Decoder, StreamEvent } from '../event.ts'

/** A third party's decoder may throw in spite of its contract; that fails the answer and not the run. */
export function createSafeDecoder(adapter: Pick<Adapter, 'decoder'>): Decoder {
  const fail = (thrown: unknown): readonly StreamEvent[] => [
    { type: 'error', reason: 'decoder_failed', message: `the adapter's decoder threw: ${describeError(thrown)}` },
  ]
  try {
    const decode = adapter.decoder()
    return (message) => {
      try {
        return decode(message)
      } catch (thrown) {
        return fail(thrown)
      }
    }
  } catch (thrown) {
    return () => fail(thrown)
  }
}
