import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBench, withFolder } from '../support/command.ts'

let server: Server
let url: string
const bodies: { readonly stream?: boolean; readonly max_tokens?: number; readonly temperature?: number }[] = []

/** Answers with the last message turned round; a question "fail" with 500, "empty" with nothing. */
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/v1/models') return response.end(JSON.stringify({ data: [{ id: 'm' }] }))
    if (request.url !== '/v1/chat/completions') return response.end()
    let text = ''
    request
      .on('data', (chunk) => (text += chunk))
      .on('end', () => {
        const body = JSON.parse(text)
        bodies.push(body)
        const asked: string = body.messages.at(-1).content
        if (asked === 'fail') return response.writeHead(500).end('{"error":{"message":"out of order"}}')
        const content = asked === 'empty' ? '' : [...asked].reverse().join('')
        const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({ id: 'x', model: 'm', choices, usage: { prompt_tokens: 1, completion_tokens: 3 } }),
        )
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const ask = (name: string, content: string, more = '') =>
  `  - { name: ${name}, messages: [{ role: user, content: ${content} }]${more} }`

async function runCases(cwd: string, cases: readonly string[], ...args: readonly string[]) {
  writeFileSync(join(cwd, 'cases.yaml'), ['tests:', ...cases].join('\n'))
  return await runBench(['test', '-c', 'cases.yaml', '-u', url, ...args], { cwd })
}

describe('bench test', () => {
  it('passes when every answer is right, and asks as the case says', async () => {
    await withFolder(async (cwd) => {
      bodies.length = 0
      const cases = [
        ask('turned', 'abc', ', expect_contains: cba, max_tokens: 7, temperature: 0.5'),
        ask('digits', 'x42', ", expect_pattern: '^\\d+'"),
      ]
      const { code, stdout } = await runCases(cwd, cases)
      expect(stdout).toMatch(/^ {2}turned \.\.\. PASS \(\d+ms\)\n {2}digits \.\.\. PASS/)
      expect(stdout).toMatch(/Results: 2\/2 passed, 0 failed\n$/)
      expect(code).toBe(0)
      expect(bodies[0]).toMatchObject({ stream: false, max_tokens: 7, temperature: 0.5 })
      expect(bodies[1]).not.toHaveProperty('max_tokens')
    })
  })

  it('names each case that fails and why, and writes them down', async () => {
    await withFolder(async (cwd) => {
      const cases = [
        ask('wrong', 'abc', ', expect_contains: ABC'),
        ask('broken', 'fail'),
        ask('silent', 'empty'),
        ask('fine', 'abc'),
      ]
      const { code, stdout } = await runCases(cwd, cases, '-o', 'results.json', '--runtime-name', 'mine')
      expect(code).toBe(3)
      expect(stdout).toMatch(/wrong \.\.\. FAIL .*\n {4}missing substring: ABC/)
      expect(stdout).toMatch(/broken \.\.\. FAIL .*\n {4}request failed: http-error\/.*out of order/)
      const report = JSON.parse(readFileSync(join(cwd, 'results.json'), 'utf8'))
      expect(report).toMatchObject({ runtime_name: 'mine', passed: 1, failed: 3, total: 4 })
      expect(report.results[2]).toMatchObject({ name: 'silent', passed: false, output: '' })
      expect((await runCases(cwd, cases, '--compat', 'probador')).code).toBe(1)
    })
  })

  it.each([
    ['tests: []', /at least one case/],
    ['tests: [{ name: x }]', /messages/],
    [
      "tests: [{ name: x, messages: [{ role: user, content: y }], expect_pattern: '(' }]",
      /expect_pattern: the pattern/,
    ],
    ['prompts: []', /no cases|tests/],
  ])('%j is wrong usage', async (text, message) => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'cases.yaml'), text)
      const { code, stderr } = await runBench(['test', '-c', 'cases.yaml', '-u', url], { cwd })
      expect(stderr).toMatch(message)
      expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1])
    })
  })

  it('needs cases and a server', async () => {
    expect((await runBench(['test', '-u', url])).stderr).toMatch(/--config/)
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'cases.yaml'), `tests:\n${ask('a', 'b')}`)
      const absent = ['--url', 'http://127.0.0.1:1', '--ready-timeout', '100ms']
      const { code, stderr } = await runBench(['test', '-c', 'cases.yaml', ...absent], { cwd })
      expect(code).toBe(1)
      expect(stderr).toMatch(/127\.0\.0\.1:1 is not ready/)
    })
  })
})
