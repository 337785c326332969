import { readFileSync } from 'node:fs'
import type { TestCertificates } from '../conformance/transport.ts'

const read = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')

/** See test/fixtures/tls/README.md. */
export const certificates: TestCertificates = {
  ca: read('ca.pem'),
  localhost: { cert: read('localhost.pem'), key: read('localhost-key.pem') },
  expired: { cert: read('expired.pem'), key: read('expired-key.pem') },
}
