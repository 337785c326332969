/** Every adapter in the folder passes the suite; a new one needs no test file. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Adapter } from 'inferbench'
import { testAdapter } from 'inferbench/testing'

const folder = fileURLToPath(new URL('../../adapters/', import.meta.url))
const files = readdirSync(folder).filter((name) => /^[a-z].*\.ts$/.test(name))

for (const file of files) {
  const loaded = (await import(`../../adapters/${file}`)) as { default: Adapter }
  testAdapter(loaded.default)
}
