/** The real lm-eval with local task files against the mock, offline; test/real-server/install.sh installs it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, runBench, startMock, withFolder } from '../support/command.ts'

const lmEval = join(root, 'node_modules/.cache/inferbench-lm-eval/bin/lm_eval')
const installed = existsSync(lmEval)
if (!installed) console.log('lm-eval: skipped, since test/real-server/install.sh has not run')

/** Most of it is the start of Python, on a machine that is busy with other tests. */
const LIMIT_MS = 300_000

describe.skipIf(!installed)('the real lm-eval', () => {
  let mock: Awaited<ReturnType<typeof startMock>>
  beforeAll(async () => {
    mock = await startMock('--model', 'tiny', '--ttft', '0ms', '--itl', '0ms')
  })
  afterAll(() => mock?.close())

  const evaluate = (folder: string, ...args: readonly string[]) =>
    runBench(
      [
        'eval',
        '--url',
        mock.url,
        '--lm-eval',
        lmEval,
        '--include-path',
        'tasks',
        '--out',
        join(folder, 'out'),
        ...args,
      ],
      {
        cwd: join(root, 'test/fixtures/lm-eval'),
        env: {
          HF_HUB_OFFLINE: '1',
          HF_DATASETS_OFFLINE: '1',
          HF_HOME: join(folder, 'cache'),
          OPENAI_API_KEY: 'sk-secret-1',
        },
      },
    )

  it(
    'scores and generates on completions',
    () =>
      withFolder(async (folder) => {
        const { code, stdout, stderr } = await evaluate(folder, '--tasks', 'bench_capitals,bench_sums')
        expect(code, stderr).toBe(0)
        expect(stdout).toMatch(/^bench_capitals {2}acc +4 {2}[01]\.\d{4}/m)
        expect(stdout).toMatch(/^bench_sums {6}exact_match,strict-match +3 {2}/m)
        expect(stdout).not.toMatch(/LIMITED/)
        expect(stderr).toMatch(/asking( \d+\/\d+)? \(loglikelihood\)/)
        expect(stderr).toMatch(/asking( \d+\/\d+)? \(generate_until\)/)
        const manifest = readFileSync(join(folder, 'out/manifest.json'), 'utf8')
        expect(JSON.parse(manifest).servers[0].lmEval).toMatchObject({ version: '0.4.13', seconds: expect.any(Number) })
        expect(manifest).not.toContain('sk-secret-1')
        expect(readFileSync(join(folder, 'out/candidate.log'), 'utf8')).toMatch(/Requesting API: 100%/)
      }),
    LIMIT_MS,
  )

  it(
    'generates on chat, and a limited run says so',
    () =>
      withFolder(async (folder) => {
        const { code, stdout, stderr } = await evaluate(
          folder,
          '--tasks',
          'bench_sums',
          '--endpoint',
          'chat',
          '--limit',
          '2',
        )
        expect(code, stderr).toBe(0)
        expect(stdout).toMatch(/^LIMITED/m)
        expect(stdout).toMatch(/2 of 3/)
      }),
    LIMIT_MS,
  )
})
