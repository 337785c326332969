/** Records the fixtures anew: `npx bun test/verdict/record.ts`. Only what the verdict reads is kept of a folder. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { labs } from './lab.ts'

for (const lab of labs) {
  const out = join(import.meta.dirname, '../fixtures/verdict', lab.name)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const { summary } = await lab.run(out)
  for (const name of ['summary.md', 'summary.json']) rmSync(join(out, name))
  const said = summary.verdict.reasons.map(({ code, figure, follows }) => `${code} ${figure} <- ${follows ?? ''}`)
  process.stdout.write(`${lab.name}: ${summary.verdict.status} ${said.join('; ')}\n`)
}
