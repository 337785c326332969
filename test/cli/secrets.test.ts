/** Canaries: secrets in every place where one can be given are looked for in every place where one could turn up. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBench, withFolder } from '../support/command.ts'

const canary = {
  key: 'sk-canary-key-1',
  header: 'canary-header-2',
  body: 'canary-body-3',
  user: 'canaryname4',
  password: 'canary-password-5',
}
const base64 = btoa(`${canary.user}:${canary.password}`)

/** Repeats everything that it is sent in everything that it says. */
let server: Server
let seen: string[] = []
let port = 0
beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(resolve)
    }),
)

/** Answers wait until the test has looked at the processes. */
let arrived = (): void => {}
let mayAnswer: Promise<void> = Promise.resolve()
let count = 0
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const part of request) body += part
  const echo = `${JSON.stringify(request.headers)} ${body}`
  if (request.method === 'GET') {
    response.end(JSON.stringify({ data: [{ id: 'some-model' }], version: echo }))
    return
  }
  seen.push(echo)
  arrived()
  await mayAnswer
  count++
  if (count % 2 === 0) {
    response.statusCode = 500
    response.end(JSON.stringify({ error: { message: `no: ${echo}` } }))
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  const chunk = { model: echo, system_fingerprint: echo, choices: [{ index: 0, delta: { content: echo } }] }
  response.end(
    `data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: echo }] })}\n\ndata: [DONE]\n\n`,
  )
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function expectNone(text: string, where: string): void {
  for (const secret of [...Object.values(canary), base64])
    expect(text.includes(secret) ? `${secret} in ${where}` : '').toBe('')
}

describe.each([
  ['a key', () => ({ url: `http://127.0.0.1:${port}`, apiKeyEnv: 'CANARY_KEY' })],
  ['a user part', () => ({ url: `http://${canary.user}:${canary.password}@127.0.0.1:${port}/v1` })],
])('with %s, a header and a body member', (_, target) => {
  it('secrets reach the server and nothing else', async () => {
    await withFolder(async (cwd) => {
      seen = []
      const options = {
        ...target(),
        headers: { 'X-Canary': canary.header },
        body: { note: canary.body },
        requests: 6,
        concurrency: 2,
        promptTokens: 8,
        outputTokens: 4,
        saveText: true,
        out: 'mine',
        junit: 'gates.xml',
        gates: ['errors<1%'],
      }
      writeFileSync(join(cwd, 'bench.json'), JSON.stringify(options))
      const env = {
        CANARY_KEY: canary.key,
        GITHUB_ACTIONS: 'true',
        GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
        BENCH_DEBUG: '1',
      }
      const firstRequest = new Promise<void>((resolve) => {
        arrived = resolve
      })
      let release = (): void => {}
      mayAnswer = new Promise<void>((resolve) => {
        release = resolve
      })
      const bench = startBench(['run', '-c', 'bench.json'], { cwd, env })
      await firstRequest
      const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      expect(processes).toContain('bench.json')
      release()
      const { code, stdout, stderr } = await bench.finished

      expect(code).toBe(3)
      expect(seen.join()).toContain(canary.header)
      expect(seen.join()).toContain(canary.body)
      expect(seen.join()).toContain(options.url.includes('@') ? base64 : canary.key)
      expectNone(stdout, 'standard output')
      expectNone(stderr, 'standard error')
      expectNone(processes, 'the list of processes')
      const files = filesIn(cwd).filter((file) => !file.endsWith('bench.json'))
      expect(files.map((file) => file.slice(cwd.length + 1))).toEqual(
        expect.arrayContaining([
          'gates.xml',
          'summary.md',
          'mine/manifest.json',
          'mine/records.jsonl',
          'mine/summary.json',
          'mine/summary.md',
        ]),
      )
      for (const file of files) expectNone(readFileSync(file, 'utf8'), file)
      expect(readFileSync(join(cwd, 'mine/records.jsonl'), 'utf8')).toContain('[hidden]')
    })
  })

  it('errors do not say them', async () => {
    await withFolder(async (cwd) => {
      const wrong = { ...target(), headers: { 'X-Canary': `${canary.header}\n` }, body: { note: canary.body } }
      writeFileSync(join(cwd, 'bench.json'), JSON.stringify(wrong))
      const broken = JSON.stringify({ ...wrong, headers: { 'X-Canary': canary.header } }).replace('}}', '}')
      writeFileSync(join(cwd, 'broken.json'), broken)
      writeFileSync(join(cwd, 'broken.yaml'), `headers:\n  X-Canary: "${canary.header}\nurl: ${wrong.url}\n`)
      const refused = { ...target(), url: target().url.replace(`:${port}`, ':1'), readyTimeout: '100ms' }
      writeFileSync(join(cwd, 'refused.json'), JSON.stringify(refused))
      for (const [name, expected] of [
        ['bench.json', 2],
        ['broken.json', 2],
        ['broken.yaml', 2],
        ['refused.json', 1],
      ] as const) {
        const env = { CANARY_KEY: canary.key, BENCH_DEBUG: '1' }
        const { code, stdout, stderr } = await startBench(['run', '-c', name], { cwd, env }).finished
        expect([name, code]).toEqual([name, expected])
        expectNone(stdout + stderr, `${name}: ${stderr}`)
      }
    })
  })
})
