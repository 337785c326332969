/**
 * Makes the picture of the README, .github/report.png: a run against a mock with so many places that requests wait at times,
 * and its page in a browser.
 *
 *     npm run build && node test/tools/picture.js
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { root } from './build.js'

const COMMAND = [
  ...['run', '--url', 'http://localhost:8000', '--model', 'mock-model', '--seed', '7'],
  ...['--start', 'npx bench mock --port 8000 --slots 12 --slowdown 0.4', '--adapter', 'vllm'],
  ...['--rate', '31', '--arrival', 'poisson', '--duration', '20s', '--warmup', '3s', '--idle', '2s'],
  ...['--prompt-tokens', '128±32', '--output-tokens', '8-48', '--slo', 'ttft=150ms'],
]
const SIZE = { width: 1080, height: 1420 }

const folder = mkdtempSync(join(tmpdir(), 'inferbench-picture-'))
const page = join(folder, 'report.html')
const picture = join(root, '.github/report.png')
try {
  const args = ['dist/cli/main.js', ...COMMAND, '--out', join(folder, 'run'), '--html', page]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the run failed')
  const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] })
  const tab = await browser.newPage({ viewport: SIZE, colorScheme: 'light' })
  await tab.goto(pathToFileURL(page).href)
  await tab.waitForSelector('html[data-drawn]')
  await tab.screenshot({ path: picture })
  await browser.close()
  console.log(`${picture}: ${Math.round(statSync(picture).size / 1000)} kB`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function findBrowser() {
  const { stdout } = spawnSync('sh', ['-c', 'command -v chromium chromium-browser google-chrome'], { encoding: 'utf8' })
  const [path] = stdout.split('\n')
  if (!path) throw new Error('no chromium on this machine')
  return path
}
