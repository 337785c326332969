/** The other end of `own-mock.ts`: serves a mock until standard input ends, that is, until its parent is gone. */
import process from 'node:process'
import type { MockOptions } from '../mock/mod.ts'
import { serveMock } from '../mock/serve.ts'
import { loadPlatform } from '../platform/load.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as MockOptions
const served = await serveMock(await loadPlatform(), options)
process.stdout.write(`${served.url}\n`)
process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
process.stdin.resume()
