/** Every adapter in the folder passes the suite; a new one needs no test file. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Adapter } from 'inferbench'
import { type AnswerDialect, testAdapter } from 'inferbench/testing'
import { fixtures } from './fixtures.ts'
import { ollamaDialect } from './ollama-dialect.ts'

const folder = fileURLToPath(new URL('../../adapters/', import.meta.url))
const names = readdirSync(folder).flatMap((file) => /^([a-z].*)\.ts$/.exec(file)?.[1] ?? [])

const dialects: Readonly<Record<string, AnswerDialect>> = { ollama: ollamaDialect }

for (const name of names) {
  const loaded = (await import(`../../adapters/${name}.ts`)) as { default: Adapter }
  testAdapter(loaded.default, {
    fixtures: fixtures[name] ?? [],
    ...(dialects[name] === undefined ? {} : { dialect: dialects[name] }),
  })
}
