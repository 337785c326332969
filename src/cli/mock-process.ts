/** A process that is a mock server and nothing else: `embedded-mock.ts` starts it. Its first line is the URL. */
import process from 'node:process'
import { serveMock } from '../mock/serve.ts'
import { loadPlatform } from '../platform/load.ts'

const { url } = await serveMock(await loadPlatform(), JSON.parse(process.argv[2] ?? '{}'))
console.log(url)
// Whoever started it holds the other end: when that process is gone, killed or not, there is nobody left to serve.
process.stdin.resume()
process.stdin.once('end', () => process.exit(0))
process.stdin.once('error', () => process.exit(0))
process.once('SIGTERM', () => process.exit(0))
