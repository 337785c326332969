/**
 * Runs the tests on every runtime and adds the results up:
 *
 *     npm test                                  on Node, Bun and Deno, in a few minutes
 *     npm test -- --all                         the long ones as well: whole commands, real servers
 *     npm test -- --runtime bun                 one runtime (may be repeated)
 *     npm test -- test/framing -t 'cut'         anything else goes to vitest
 *
 * The last line is `N passed, N failed`, with `, N skipped` when tests were skipped.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, isStale, root } from './build.js'

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
// Bun and Deno come from npm, so that their versions are pinned and a machine needs nothing but Node.
const RUNTIMES = {
  node: [process.execPath, vitest],
  bun: [join(root, 'node_modules/.bin/bun'), '--bun', vitest],
  deno: [join(root, 'node_modules/.bin/deno'), 'run', '-A', vitest],
}
/** A suite that hangs is killed and counts as failed. */
const LIMIT_MS = 20 * 60_000
const CANARY = 'test/runtime.test.ts'
/** Whole commands, many of them, and servers that take their time: half of all the time that tests take. */
const LONG = [
  'test/{browser,outsider,real-server,server}/**',
  'test/{calibration,eval,score,sweep,threads}/command.test.ts',
  'test/cli/{answers,explain,gateway,old-tools,readme-pairs}.test.ts',
  'test/eval/real.test.ts',
  'test/transport/differential.test.ts',
  'test/verdict/live.test.ts',
]

const { runtimes, rest, left } = readArguments(process.argv.slice(2))
if (isStale() && !build()) process.exit(1)

const total = { passed: 0, failed: 0, skipped: 0 }
for (const runtime of runtimes) {
  const startedAt = Date.now()
  console.log(`\n== ${runtime}`)
  const canary = runTests(runtime, [CANARY])
  const counts =
    canary.failed > 0
      ? canary
      : runTests(runtime, [...[CANARY, ...left].flatMap((glob) => ['--exclude', glob]), ...rest])
  if (counts !== canary) add(total, canary)
  add(total, counts)
  console.log(`== ${runtime}: ${describe(counts)} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
}
console.log(`\n${describe(total)}`)
process.exitCode = total.failed > 0 ? 1 : 0

function readArguments(args) {
  const runtimes = []
  const rest = []
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--runtime') runtimes.push(args[++i])
    else if (args[i] !== '--all') rest.push(args[i])
  }
  const unknown = runtimes.find((runtime) => !(runtime in RUNTIMES))
  if (unknown !== undefined) {
    console.error(`--runtime ${unknown}: there are ${Object.keys(RUNTIMES).join(', ')}`)
    process.exit(2)
  }
  // Who names tests wants them, however long.
  const left = args.includes('--all') || rest.length > 0 ? [] : LONG
  return { runtimes: runtimes.length > 0 ? runtimes : Object.keys(RUNTIMES), rest, left }
}

/** What vitest says of itself is printed; what is counted comes from its JSON report, so that a crash is no success. */
function runTests(runtime, args) {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-test-'))
  const report = join(folder, 'report.json')
  const [command, ...head] = RUNTIMES[runtime]
  const options = [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const result = spawnSync(command, [...head, ...options, ...args], {
    cwd: root,
    stdio: 'inherit',
    timeout: LIMIT_MS,
    env: { ...process.env, RUNTIME: runtime },
  })
  const counts = readReport(report)
  rmSync(folder, { recursive: true, force: true })
  if (result.status !== 0 && counts.failed === 0) {
    console.log(
      `vitest on ${runtime} ended with ${result.error?.message ?? result.signal ?? `exit code ${result.status}`}`,
    )
    counts.failed = 1
  }
  return counts
}

function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    // A file that cannot be loaded fails without a test of its own.
    const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

function add(sum, counts) {
  for (const key of Object.keys(sum)) sum[key] += counts[key]
}

function describe({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
