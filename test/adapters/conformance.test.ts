/** Every adapter in the folder passes the suite; a new one needs no test file. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Adapter } from 'inferbench'
import { type AdapterTestOptions, testAdapter } from 'inferbench/testing'
import { fixtures } from './fixtures.ts'
import { gatewayDialect, gatewaySkips } from './gateway-dialect.ts'
import { ollamaDialect } from './ollama-dialect.ts'

const folder = fileURLToPath(new URL('../../adapters/', import.meta.url))
const names = readdirSync(folder).flatMap((file) => /^([a-z].*)\.ts$/.exec(file)?.[1] ?? [])

/** Servers with a dialect of their own. */
const own: Readonly<Record<string, AdapterTestOptions>> = {
  gateway: { dialect: gatewayDialect, skip: gatewaySkips },
  ollama: { dialect: ollamaDialect },
}

for (const name of names) {
  const loaded = (await import(`../../adapters/${name}.ts`)) as { default: Adapter }
  testAdapter(loaded.default, { ...own[name], fixtures: fixtures[name] ?? [] })
}
