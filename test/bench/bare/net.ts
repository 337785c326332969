/** The bare client over `node:net`, which reads into one buffer that all connections share. */
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import process from 'node:process'
import { runBareClient } from './client.ts'

const buffer = new Uint8Array(64 * 1024)
const args = process.argv.slice(2)

const report = await runBareClient(
  ({ hostname, port }, received) =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: hostname,
        port,
        noDelay: true,
        onread: {
          buffer,
          callback: (length, bytes) => {
            const at = performance.now()
            received(at, bytes.subarray(0, length))
            return true
          },
        },
      })
      socket.once('error', reject)
      socket.once('connect', () =>
        resolve({ write: (bytes) => void socket.write(bytes), close: () => void socket.destroy() }),
      )
    }),
  args,
)
writeFileSync(args[3]!, report)
process.exit(0)
