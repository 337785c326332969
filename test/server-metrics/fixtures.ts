/** Texts of `/metrics`, recorded and composed (`test/fixtures/metrics/README.md`). */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readRecordedAnswer } from '../support/wire.ts'

const FOLDER = fileURLToPath(new URL('../fixtures/metrics/', import.meta.url))

export function composed(name: string): string {
  return readFileSync(`${FOLDER}${name}.txt`, 'utf8')
}

export function recorded(server: 'vllm' | 'llama-server'): string {
  const decoder = new TextDecoder()
  return readRecordedAnswer(`${server}/metrics`, 65_536)
    .chunks.map(({ bytes }) => decoder.decode(bytes, { stream: true }))
    .join('')
}
