/** The bare client over Deno's own TCP, which wants a buffer for each connection. */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { runBareClient } from './client.ts'

interface TcpConnection {
  read(buffer: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  setNoDelay(): void
  close(): void
}

const { Deno } = globalThis as unknown as {
  readonly Deno: { connect(to: { hostname: string; port: number }): Promise<TcpConnection> }
}
const args = process.argv.slice(2)

const report = await runBareClient(async ({ hostname, port }, received) => {
  const connection = await Deno.connect({ hostname, port })
  connection.setNoDelay()
  void readAll(connection, received)
  return { write: (bytes) => void connection.write(bytes), close: () => connection.close() }
}, args)
writeFileSync(args[3]!, report)
process.exit(0)

async function readAll(connection: TcpConnection, received: (at: number, piece: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(16 * 1024)
  for (;;) {
    const length = await connection.read(buffer).catch(() => null)
    const at = performance.now()
    if (length === null) return
    received(at, buffer.subarray(0, length))
  }
}
