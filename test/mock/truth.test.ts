/** The truth server over real sockets. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { measureServerLateness } from '../../src/core/engine/instrument-error.ts'
import { readTruthLog } from '../../src/core/engine/truth-log.ts'
import { createTruthServer, formatAnswer } from '../../src/platform/truth-server.ts'
import { withFolder } from '../support/command.ts'
import { readEvents } from './support.ts'

interface Asked {
  readonly id: string
  readonly events: number
  readonly path?: string
}

async function ask(url: string, { id, events, path = '/v1/chat/completions' }: Asked): Promise<string> {
  const body = { stream: true, max_tokens: events, stream_options: { include_usage: true } }
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'x-request-id': id, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  return response.text()
}

/** The instants that the events say they were sent at. */
function stampsIn(text: string): string[] {
  return [...text.matchAll(/"(?:content|text)":" (\d+)"/g)].map((match) => match[1]!)
}

describe('the truth server', () => {
  it('logs the arrival and each event as the client can read it, never before it was due', async () => {
    const lines: string[] = []
    const options = { port: 0, firstMs: 8, gapMs: 2, events: 0 }
    const server = await createTruthServer({
      ...options,
      log: (answer) => void lines.push(formatAnswer(answer).trim()),
    })
    const url = `http://127.0.0.1:${server.port}`
    try {
      const asked = [3, 20, 7, 1].map((events, place) => ({ id: `r${place}`, events }))
      const texts = await Promise.all(asked.map((one) => ask(url, one)))
      const log = lines.map((line) => line.split(' '))
      expect(log.map(([id]) => id).sort()).toEqual(['r0', 'r1', 'r2', 'r3'])
      for (const [place, { id, events }] of asked.entries()) {
        const [, arrived, count, ...stamps] = log.find((line) => line[0] === id)!
        expect(Number(count)).toBe(events)
        expect(stampsIn(texts[place]!)).toEqual(stamps)
        expect(readEvents(texts[place]!)).toHaveLength(events + 2)
        for (const [event, stamp] of stamps.entries()) {
          expect(Number(stamp) - Number(arrived)).toBeGreaterThanOrEqual((8 + 2 * event) * 1e6)
        }
      }
      expect(server.lateness().events).toBe(31)
      const truths = await readTruthLog('log', [lines.join('\n')])
      expect(measureServerLateness(truths, 8, 2).p50).toBeGreaterThanOrEqual(0)
    } finally {
      await server.close()
    }
  })

  it('speaks completions too, names its model, and knows nothing else', async () => {
    const server = await createTruthServer({ port: 0, firstMs: 0, gapMs: 0, events: 4, log: () => {} })
    const url = `http://127.0.0.1:${server.port}`
    try {
      expect(stampsIn(await ask(url, { id: 'a', events: 9, path: '/v1/completions' }))).toHaveLength(4)
      expect((await (await fetch(`${url}/v1/models`)).json()).data[0].id).toBe('mock-model')
      expect((await fetch(`${url}/health`)).status).toBe(200)
      expect((await fetch(`${url}/nothing`)).status).toBe(404)
      expect((await fetch(`${url}/v1/completions`, { method: 'POST', body: '{}' })).status).toBe(400)
    } finally {
      await server.close()
    }
  })

  it('outlives a client that leaves in the middle', async () => {
    const lines: string[] = []
    const server = await createTruthServer({
      port: 0,
      firstMs: 0,
      gapMs: 1,
      events: 0,
      log: (answer) => void lines.push(formatAnswer(answer).trim()),
    })
    const url = `http://127.0.0.1:${server.port}`
    try {
      const client = new AbortController()
      const body = JSON.stringify({ stream: true, max_tokens: 1_000_000 })
      const init = { method: 'POST', body, headers: { 'x-request-id': 'gone' }, signal: client.signal }
      const response = await fetch(`${url}/v1/chat/completions`, init)
      await response.body!.getReader().read()
      client.abort()
      await ask(url, { id: 'stays', events: 5 })
      while (!lines.some((line) => line.startsWith('gone '))) await new Promise((resolve) => setImmediate(resolve))
      expect(lines.find((line) => line.startsWith('stays '))?.split(' ')).toHaveLength(3 + 5)
    } finally {
      await server.close()
    }
  })

  it('as a process of its own writes its log at the end', async () => {
    const sources = 'Bun' in globalThis || 'Deno' in globalThis
    const entry = sources ? '../../src/cli/truth-process.ts' : '../../dist/cli/truth-process.js'
    const head = 'Deno' in globalThis ? ['run', '-A'] : []
    await withFolder(async (folder) => {
      const log = join(folder, 'log')
      const command = [
        ...head,
        fileURLToPath(new URL(entry, import.meta.url)),
        JSON.stringify({ firstMs: 1, gapMs: 1, events: 3, log }),
      ]
      const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'ignore'] })
      const exit = once(child, 'exit')
      const [url] = await once(createInterface({ input: child.stdout }), 'line')
      await ask(url, { id: 'one', events: 3 })
      expect(existsSync(log)).toBe(false)
      child.stdin.destroy()
      await exit
      expect([...(await readTruthLog(log, [readFileSync(log, 'utf8')])).keys()]).toEqual(['one'])
    })
  })
})
