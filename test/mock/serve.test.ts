/** The mock behind real sockets, in this process and in one of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { serveMock } from '../../src/mock/serve.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { startServerProcess } from '../../src/platform/server-process.ts'
import { readEvents } from './support.ts'

const platform = await loadPlatform()
const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], stream: true, max_tokens: 8 })
const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } }

// Node runs what was built, Bun and Deno the sources.
const sources = 'Bun' in globalThis || 'Deno' in globalThis
const entry = new URL(sources ? '../../src/cli/mock-process.ts' : '../../dist/cli/mock-process.js', import.meta.url)

describe('in this process', () => {
  it('streams over a real socket', async () => {
    const served = await serveMock(platform, { ttft: '5ms', itl: '1ms' })
    try {
      const response = await fetch(`${served.url}/v1/chat/completions`, init)
      expect(readEvents(await response.text())).toHaveLength(10)
      expect(served.mock.counts()).toMatchObject({ requests: 1, generationTokens: 8, finished: { length: 1 } })
    } finally {
      await served.close()
    }
  })

  it('stops an answer whose client has left', async () => {
    const served = await serveMock(platform, { ttft: '1ms', itl: '10ms' })
    try {
      const long = body.replace('"max_tokens":8', '"max_tokens":10000')
      const { hostname, port } = new URL(served.url)
      const socket = connect(Number(port), hostname)
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${long.length}\r\n\r\n${long}`)
      await once(socket, 'data')
      expect(served.mock.counts().running).toBe(1)
      socket.destroy()
      while (served.mock.counts().running > 0) await new Promise((resolve) => setImmediate(resolve))
      expect(served.mock.counts().finished).toEqual({ abort: 1 })
      expect(served.mock.counts().generationTokens).toBeLessThan(10_000)
    } finally {
      await served.close()
    }
  })
})

describe('in a process of its own', () => {
  it('answers, and is gone when it is closed', async () => {
    const served = await startServerProcess(platform, entry, { model: 'far', ttft: 0, itl: 0 }, 'the mock')
    const models = await (await fetch(`${served.url}/v1/models`)).json()
    expect(models.data[0].id).toBe('far')
    await served.close()
    await expect(fetch(`${served.url}/v1/models`)).rejects.toThrow()
  })

  it('says what was wrong with its options', async () => {
    await expect(startServerProcess(platform, entry, { ttft: 'soon' }, 'the mock')).rejects.toThrow(
      /the mock did not start: .*ttft/,
    )
  })

  it('ends when the process that started it does', async () => {
    const permissions = ['run', '--no-prompt', '--allow-net', '--allow-read', '--allow-env', '--allow-sys']
    const head = 'Deno' in globalThis ? permissions : []
    const child = spawn(process.execPath, [...head, fileURLToPath(entry), '{}'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    expect(line).toMatch(/^http:\/\//)
    // What the operating system does to a pipe whose other end is gone.
    child.stdin.destroy()
    expect((await exit)[0]).toBe(0)
  })
})
