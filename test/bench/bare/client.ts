/**
 * A client with nothing around it: as many connections as streams, each asking again as soon as its answer has ended. It
 * stamps first, keeps what came, and looks at it when all is over. What it reports is what a runtime's sockets can reach.
 *
 *     net.ts URL STREAMS REQUESTS FILE
 */
export interface Connection {
  write(bytes: Uint8Array): void
  close(): void
}

/** Opens a connection; `received` is called with the instant of each piece, which is only valid during the call. */
export type Connect = (
  address: { readonly hostname: string; readonly port: number },
  received: (at: number, piece: Uint8Array) => void,
) => Promise<Connection>

interface Answer {
  readonly sentAt: number
  readonly stamps: number[]
  readonly pieces: Uint8Array[]
}

const BODY = JSON.stringify({
  model: 'mock-model',
  messages: [{ role: 'user', content: 'word '.repeat(32) }],
  max_tokens: 200,
  stream: true,
  stream_options: { include_usage: true },
})

/** Runs the load and returns the report as JSON text: `{ ttftMs, gapsMs }`. */
export async function runBareClient(connect: Connect, [url, streams, requests]: readonly string[]): Promise<string> {
  const { hostname, port, host } = new URL(url!)
  const request = new TextEncoder().encode(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  )
  const answers: Answer[] = []
  let left = Number(requests)

  /** One slot of the closed loop. */
  async function runSlot(): Promise<void> {
    let answer: Answer | undefined
    let over = () => {}
    const send = (): void => {
      left--
      answer = { sentAt: performance.now(), stamps: [], pieces: [] }
      answers.push(answer)
      connection.write(request)
    }
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    const connection = await connect({ hostname, port: Number(port) }, (at, piece) => {
      answer!.stamps.push(at)
      answer!.pieces.push(piece.slice())
      if (!isLast(piece)) return
      if (left > 0) send()
      else over()
    })
    if (left > 0) send()
    else over()
    await ended
    connection.close()
  }

  await Promise.all(Array.from({ length: Number(streams) }, runSlot))
  return JSON.stringify(readAnswers(answers))
}

/** The end of a chunked body: `0`, and two line ends. */
function isLast(piece: Uint8Array): boolean {
  return [48, 13, 10, 13, 10].every((byte, place) => piece[piece.length - 5 + place] === byte)
}

function readAnswers(answers: readonly Answer[]): { ttftMs: number[]; gapsMs: number[] } {
  const decoder = new TextDecoder()
  const ttftMs: number[] = []
  const gapsMs: number[] = []
  for (const { sentAt, stamps, pieces } of answers) {
    const events = pieces.flatMap((piece, place) => {
      const count = decoder.decode(piece).split('"content":').length - 1
      return Array<number>(count).fill(stamps[place]!)
    })
    ttftMs.push(events[0]! - sentAt)
    for (const [place, at] of events.slice(1).entries()) gapsMs.push(at - events[place]!)
  }
  return { ttftMs, gapsMs }
}
