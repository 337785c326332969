/** `bench eval` as a process, with a stand-in for lm-eval, against servers that know the answers or do not. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { benchCommand, type ProcessOptions, runBench, startBench, withFolder } from '../support/command.ts'
import { findPort } from '../support/port.ts'

const standIn = fileURLToPath(new URL('./lm-eval-stand-in.mjs', import.meta.url))
const KEY = 'sk-very-secret-0001'
const DOCUMENTS = 40

interface TestServer {
  readonly url: string
  readonly keys: Set<string | undefined>
  close(): Promise<void>
}

/** Answers `n plus 1` rightly from `wrong` on, as a completion or a message; knows nothing of log-probabilities. */
async function startServer(wrong: number, key?: string): Promise<TestServer> {
  const keys = new Set<string | undefined>()
  const server: Server = createServer((request, response) => {
    if (request.url === '/health') return response.end()
    response.setHeader('content-type', 'application/json')
    if (request.url === '/v1/models') return response.end(JSON.stringify({ data: [{ id: 'org/model' }] }))
    keys.add(request.headers.authorization)
    let text = ''
    request
      .on('data', (chunk) => (text += chunk))
      .on('end', () => {
        if (key !== undefined && request.headers.authorization !== `Bearer ${key}`)
          return response.writeHead(401).end('{}')
        const body = JSON.parse(text)
        const number = Number(/\d+/.exec(body.prompt ?? body.messages[0].content)?.[0])
        const answer = ` ${number < wrong ? 'no idea' : number + 1}\n`
        const choice = request.url === '/v1/completions' ? { text: answer } : { message: { content: answer } }
        response.end(JSON.stringify({ choices: [{ index: 0, ...choice }] }))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

let good: TestServer
let bad: TestServer
let guarded: TestServer
beforeAll(async () => {
  ;[good, bad, guarded] = await Promise.all([startServer(0), startServer(10), startServer(0, KEY)])
})
afterAll(() => Promise.all([good, bad, guarded].map((server) => server.close())))

/** In a folder with one task of {@link DOCUMENTS} sums, and one that is judged by log-likelihoods. */
function withTasks<T>(use: (cwd: string) => Promise<T>): Promise<T> {
  return withFolder(async (cwd) => {
    mkdirSync(join(cwd, 'tasks'))
    const lines = Array.from({ length: DOCUMENTS }, (_, n) => `{"question":"${n} plus 1","answer":"${n + 1}"}`)
    writeFileSync(join(cwd, 'tasks/sums.jsonl'), lines.join('\n'))
    writeFileSync(join(cwd, 'tasks/base.yaml'), 'output_type: multiple_choice\ndoc_to_text: !function utils.text\n')
    writeFileSync(join(cwd, 'tasks/sums.yaml'), 'task: sums\noutput_type: generate_until\n')
    writeFileSync(join(cwd, 'tasks/choices.yml'), 'task: choices\ninclude: base.yaml\n')
    return await use(cwd)
  })
}

const TASK = ['--include-path', 'tasks', '--lm-eval', standIn]
const SUMS = ['--tasks', 'sums', ...TASK]

function evaluate(cwd: string, args: readonly string[], env: ProcessOptions['env'] = {}) {
  const out = args.includes('--out') ? [] : ['--out', 'out']
  return runBench(['eval', ...args, ...out], { cwd, env: { OPENAI_API_KEY: undefined, ...env } })
}

function readJson(cwd: string, name: string) {
  return JSON.parse(readFileSync(join(cwd, 'out', name), 'utf8'))
}

describe('bench eval', () => {
  it('shows the scores of one server, and keeps all that lm-eval wrote', () =>
    withTasks(async (cwd) => {
      const { code, stdout, stderr } = await evaluate(cwd, ['--url', bad.url, ...SUMS])
      expect(code, stderr).toBe(0)
      expect(stdout).toContain(`${bad.url}, org/model, completions, lm-eval 0.4.13`)
      expect(stdout).toMatch(/sums {2}exact_match,strict-match +40 {2}0\.7500 {2}0\.1000/)
      expect(stdout).not.toMatch(/LIMITED/)
      // Its progress is ours.
      expect(stderr).toMatch(/: asking( \d+\/40)? \(generate_until\)/)
      expect(stderr).not.toMatch(/INFO|Requesting API|\r/)
      const log = readFileSync(join(cwd, 'out/candidate.log'), 'utf8')
      expect(log).toMatch(/^Requesting API: 100%\|.*40\/40/m)
      expect(log).toMatch(/^\|Tasks\|Version\|$/m)
      expect(readdirSync(join(cwd, 'out/candidate/org__model'))).toHaveLength(2)
      const manifest = readJson(cwd, 'manifest.json')
      expect(manifest).toMatchObject({ v: 1, kind: 'eval', asked: { tasks: ['sums'], endpoint: 'completions' } })
      expect(manifest.servers[0].lmEval).toMatchObject({
        version: '0.4.13',
        environment: ['PyTorch version: none', 'OS: some'],
      })
      expect(manifest.servers[0].lmEval.command).toContain('--log_samples')
      expect(readJson(cwd, 'eval.json')).toMatchObject({
        limited: false,
        candidate: { tasks: [{ name: 'sums', samples: { effective: 40, original: 40 } }] },
      })
    }))

  it('exits with 3 when quality dropped beyond tolerance and chance, and with 0 when it did not', () =>
    withTasks(async (cwd) => {
      const worse = await evaluate(cwd, ['--url', bad.url, '--against', good.url, ...SUMS])
      expect(worse.stdout).toMatch(/sums exact_match,strict-match: DROPPED/)
      expect(worse.stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /-0\.2500 \(DEGRADED by the tolerance of 0\.02\);.*McNemar over 40 pairs: 0 gained, 10 lost/,
      )
      expect(worse.code).toBe(3)
      expect(readJson(cwd, 'eval.json').verdict).toMatchObject({ passed: false, tasks: [{ status: 'dropped' }] })

      const again = await evaluate(cwd, ['--url', good.url, '--against', bad.url, ...SUMS, '--json', '--out', 'better'])
      expect([again.code, again.stderr]).toEqual([0, ''])
      expect(JSON.parse(again.stdout).verdict.tasks[0]).toMatchObject({ status: 'better', plain: 'BETTER' })

      // An earlier evaluation is as good as a server.
      const earlier = await evaluate(cwd, ['--url', bad.url, '--against', 'better', ...SUMS, '--out', 'later'])
      expect([earlier.code, earlier.stdout]).toEqual([3, expect.stringContaining('against better')])
    }))

  it(
    'bench report gives the same again, and JUnit has a case a task',
    () =>
      withTasks(async (cwd) => {
        const two = ['--url', bad.url, '--against', good.url, ...SUMS]
        const worse = await evaluate(cwd, [...two, '--junit', 'quality.xml'])
        expect(worse.code).toBe(3)
        const again = await runBench(['report', 'out', '--junit', 'again.xml'], { cwd })
        expect(again).toMatchObject({ code: 3, stdout: worse.stdout, stderr: '' })
        const json = await runBench(['report', 'out', '--json'], { cwd })
        expect(JSON.parse(json.stdout)).toEqual(readJson(cwd, 'eval.json'))
        const xml = readFileSync(join(cwd, 'quality.xml'), 'utf8')
        expect(readFileSync(join(cwd, 'again.xml'), 'utf8')).toBe(xml)
        expect(xml).toMatch(/<testsuite name="quality" tests="1" failures="1" errors="0" skipped="0" /)
        expect(xml).toMatch(/<testcase name="sums exact_match,strict-match" .*\n.*type="quality-dropped"/)
        expect(xml).toContain(`<property name="against" value="${good.url}"/>`)

        // Against an earlier evaluation, too, as long as that is there.
        const later = await evaluate(cwd, ['--url', good.url, '--against', 'out', ...SUMS, '--out', 'later'])
        expect(later.code).toBe(0)
        expect(await runBench(['report', 'later'], { cwd })).toMatchObject({ code: 0, stdout: later.stdout })
        rmSync(join(cwd, 'out'), { recursive: true })
        expect(await runBench(['report', 'later'], { cwd })).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(/out.candidate holds no result of lm-eval/),
        })
        for (const flag of [
          ['--format', 'csv'],
          ['--require', 'valid'],
          ['--into', 'README.md'],
        ]) {
          expect((await runBench(['report', 'later', ...flag], { cwd })).code).toBe(2)
        }
      }),
    60_000,
  )

  it('starts each server in its turn, keeps its log, and ends it', () =>
    withTasks(async (cwd) => {
      const port = await findPort()
      const url = `http://127.0.0.1:${port}`
      const start = `${benchCommand().join(' ')} mock --port ${port} --ttft 2ms --itl 0.1ms`
      const two = ['--url', url, '--start', start, '--against', url, '--against-start', start]
      const { code, stderr } = await evaluate(cwd, [...two, ...SUMS, '--limit', '3', '--json'])
      expect(code, stderr).toBe(0)
      for (const role of ['candidate', 'reference']) {
        expect(readFileSync(join(cwd, 'out', role, 'server.log'), 'utf8')).toContain(url)
      }
      const { servers } = readJson(cwd, 'manifest.json')
      for (const { started } of servers) {
        expect(started).toMatchObject({ command: start, coldStarts: [{ coldStartMs: expect.any(Number) }] })
      }
      await expect(fetch(url)).rejects.toThrow()
    }))

  it('a limited run says so, and few documents decide nothing', () =>
    withTasks(async (cwd) => {
      const args = ['--url', bad.url, '--against', good.url, ...SUMS, '--limit', '3']
      const { code, stdout } = await evaluate(cwd, args)
      expect(code).toBe(0)
      expect(stdout).toMatch(/^LIMITED: .* no full scores$/m)
      expect(stdout).toMatch(/3 of 40 +0\.0000/)
      expect(stdout).toMatch(/sums exact_match,strict-match: undecided/)
      expect(stdout).toMatch(/^quality UNDECIDED \(limited run\): sums$/m)
      expect(readJson(cwd, 'eval.json')).toMatchObject({ limited: true, verdict: { tasks: [{ plain: 'DEGRADED' }] } })
      expect((await evaluate(cwd, [...args, '--out', 'strict', '--fail-on-undecided'])).code).toBe(3)
    }))

  it('speaks to a chat endpoint, with its key in the environment alone', () =>
    withTasks(async (cwd) => {
      const env = { MY_KEY: KEY, LM_EVAL_ARGUMENTS: join(cwd, 'arguments') }
      const chat = ['--endpoint', 'chat', '--api-key-env', 'MY_KEY']
      const { code, stdout, stderr } = await evaluate(cwd, ['--url', `${guarded.url}/v1`, ...chat, ...SUMS], env)
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/40 {2}1\.0000/)
      const given = JSON.parse(readFileSync(env.LM_EVAL_ARGUMENTS, 'utf8'))
      expect(given).toContain('local-chat-completions')
      expect(given).toContain('--apply_chat_template')
      expect(given.join(' ')).toContain(`base_url=${guarded.url}/v1/chat/completions`)
      const written = readdirSync(join(cwd, 'out'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      expect(written.length).toBeGreaterThanOrEqual(5)
      expect([...written, given.join(' '), stdout, stderr].some((text) => text.includes(KEY))).toBe(false)

      const without = await evaluate(cwd, ['--url', guarded.url, ...SUMS, '--out', 'without'])
      expect([without.code, without.stderr]).toEqual([1, expect.stringMatching(/answered 401.*--api-key-env/)])
      // The key of one server is none of the other's business.
      good.keys.clear()
      const two = ['--url', guarded.url, '--api-key-env', 'MY_KEY', '--against', good.url]
      expect((await evaluate(cwd, [...two, ...SUMS, '--out', 'two'], env)).code).toBe(0)
      expect([...good.keys].some((sent) => sent?.includes(KEY))).toBe(false)
    }))

  it('--compat vllm-rust has the verdict, the file and the exit codes of the old tool', () =>
    withTasks(async (cwd) => {
      const compat = ['--compat', 'vllm-rust', '--compat-out', 'quality.json', ...SUMS, '--limit', '3']
      const old = await evaluate(cwd, ['--url', bad.url, '--against', good.url, ...compat])
      expect(old.stderr).toMatch(/^bench: sums: OK$/m)
      expect(old.code).toBe(0)
      expect(JSON.parse(readFileSync(join(cwd, 'quality.json'), 'utf8'))).toMatchObject({
        ...{ model: 'org/model', tolerance: 0.02, limit: 3, passed: true },
        ...{ rust_url: `${bad.url}/v1/completions`, vllm_url: `${good.url}/v1/completions` },
        rust_results: { sums: { 'exact_match,strict-match': 0 } },
        vllm_results: { sums: { 'exact_match,strict-match': 1 } },
      })
      const failed = await evaluate(cwd, [
        '--url',
        bad.url,
        ...TASK,
        '--compat',
        'vllm-rust',
        '--tasks',
        'nothing',
        '--out',
        'x',
      ])
      expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('knows no task nothing')])
    }))

  it('Ctrl-C ends lm-eval too', () =>
    withTasks(async (cwd) => {
      const running = startBench(['eval', '--url', good.url, ...SUMS, '--out', 'out'], {
        cwd,
        env: { LM_EVAL_STAND_IN: 'hang' },
      })
      await running.until(/asking \(generate_until\)/)
      // Not `child.kill`, after which Deno says that the signal ended whatever ends by itself.
      process.kill(running.child.pid!, 'SIGINT')
      const { code, stderr } = await running.finished
      expect([code, stderr]).toEqual([130, expect.stringMatching(/interrupted; there is no result\n$/)])
      const [, pid] = /^pid (\d+)$/m.exec(readFileSync(join(cwd, 'out/candidate.log'), 'utf8'))!
      expect(() => process.kill(Number(pid), 0)).toThrow()
    }))
})

interface Refusal {
  readonly what: string
  readonly args: readonly string[]
  readonly code: number
  readonly said: RegExp
  /** How the stand-in misbehaves. */
  readonly mode?: string
}

const nowhere = ['--ready-timeout', '100ms']
const refusals: readonly Refusal[] = [
  {
    what: 'no lm-eval',
    args: ['--tasks', 'sums', '--lm-eval', '/nowhere/lm_eval'],
    code: 2,
    said: /pip install 'lm-eval\[api\]'.*--lm-eval/,
  },
  {
    what: 'no server',
    args: [...SUMS, '--url', 'http://127.0.0.1:1', ...nowhere],
    code: 1,
    said: /127\.0\.0\.1:1 is not ready/,
  },
  {
    what: 'no reference',
    args: [...SUMS, '--against', 'http://127.0.0.1:1', ...nowhere],
    code: 1,
    said: /127\.0\.0\.1:1 is not ready/,
  },
  {
    what: 'unknown task',
    args: [...TASK, '--tasks', 'sums,products'],
    code: 2,
    said: /knows no task products;.*--include-path/,
  },
  {
    what: 'log-likelihoods of a chat',
    args: [...TASK, '--tasks', 'choices', '--endpoint', 'chat'],
    code: 2,
    said: /^bench: choices: judged by log-likelihoods.*--endpoint completions/,
  },
  {
    what: 'a suite on chat',
    args: ['--suite', 'standard', '--endpoint', 'chat'],
    code: 2,
    said: /hellaswag, arc_easy, truthfulqa_mc2: judged by/,
  },
  {
    what: 'no log-probabilities',
    args: [...TASK, '--tasks', 'choices'],
    code: 2,
    said: /no log-probabilities of a prompt.*choices would be judged/,
  },
  {
    what: 'no tokenizer',
    args: SUMS,
    code: 2,
    said: /--enable-tokenizer-info-endpoint.*--tokenizer none/,
    mode: 'no-tokenizer',
  },
  { what: 'no result', args: SUMS, code: 1, said: /ended well but left no result.*candidate\.log/, mode: 'no-result' },
  { what: 'half a result', args: SUMS, code: 1, said: /is no result file/, mode: 'broken-result' },
  {
    what: 'a server that does not start',
    args: [...SUMS, '--url', 'http://127.0.0.1:1', '--start', 'echo no GPU here; exit 3'],
    code: 1,
    said: /the server ended with code 3 before it was ready.*no GPU here/,
  },
  { what: 'a start without its server', args: [...SUMS, '--against-start', 'x'], code: 2, said: /goes with --against/ },
  { what: 'no folder', args: ['--include-path', 'elsewhere'], code: 2, said: /--include-path: elsewhere is no folder/ },
  {
    what: 'a password in a URL',
    args: ['--against', 'http://me:password@localhost'],
    code: 2,
    said: /^bench: --against: .*--api-key-env/,
  },
  { what: 'suite and tasks', args: [...SUMS, '--suite', 'quick'], code: 2, said: /give one/ },
  { what: 'an unknown suite', args: ['--suite', 'quik'], code: 2, said: /did you mean "quick"\?/ },
  { what: 'an unknown flag', args: ['--tolerence', '1'], code: 2, said: /did you mean --tolerance\?/ },
  { what: 'a wrong limit', args: [...SUMS, '--limit', '1.5'], code: 2, said: /--limit/ },
  { what: 'a wrong tolerance', args: [...SUMS, '--tolerance', '-1'], code: 2, said: /--tolerance/ },
]

describe('says in one line what to do', () => {
  it.each(refusals)('$what', ({ args, code, said, mode }) =>
    withTasks(async (cwd) => {
      const url = args.includes('--url') ? [] : ['--url', good.url]
      const finished = await evaluate(cwd, [...url, ...args, '--json'], { LM_EVAL_STAND_IN: mode })
      expect(finished.stderr).toMatch(said)
      expect(finished.stderr.trimEnd().split('\n')).toHaveLength(1)
      expect([finished.code, finished.stdout]).toEqual([code, ''])
      expect(existsSync(join(cwd, 'out/eval.json'))).toBe(false)
    }),
  )
})
