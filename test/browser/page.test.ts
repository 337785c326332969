/** Pages of real runs in a real browser: drawn whole, light and dark, on a phone, without a network and without harm. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOSTILE } from '../report/hostile.ts'
import { findBrowser, openBrowser } from '../support/browser.ts'
import { runBench, startMock } from '../support/command.ts'

const path = findBrowser()

/** A plugin that samples a power of its own, on two devices, and has a chart that nothing is drawn on. */
const PLUGIN = `
let turn = 0
export default {
  id: 'watts',
  summary: 'made up',
  definitions: [],
  charts: [
    { id: 'power', title: 'power', unit: 'W', values: ({ watts }) => watts },
    { id: 'clock', title: 'clock', unit: 'MHz', values: () => ({}) },
  ],
  async sample() {
    return {
      source: 'a counter',
      everyMs: 20,
      read: async (at) => ({ at, watts: { 'GPU 0': 100 + (turn++ % 7), 'GPU 1 </script><script>alert(2)</script>': 90 } }),
      close: async () => {},
    }
  },
  summarize: () => ({ metrics: {} }),
}
`

interface Visit {
  readonly page: Page
  /** What a quiet page has none of: console lines, errors, dialogs, requests. */
  readonly noise: string[]
}

describe.skipIf(path === undefined)('the page of a run, in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-page-'))
  const at = (name: string): string => join(folder, name)
  let browser: Browser

  async function makePage(run: string, ...more: readonly string[]): Promise<string> {
    const file = at(`${run}.html`)
    const made = await runBench(['report', at(run), '--html', file, '--json', ...more])
    expect(made.stderr).toBe('')
    return file
  }

  async function visit(file: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Visit> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options })
    const noise: string[] = []
    page.on('console', (message) => noise.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`))
    page.on('dialog', (dialog) => {
      noise.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) noise.push(`request: ${request.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    await page.waitForSelector('html[data-drawn]')
    return { page, noise }
  }

  beforeAll(async () => {
    browser = await openBrowser(path!)
    writeFileSync(at('watts.mjs'), PLUGIN)
    const mock = await startMock('--ttft', '5ms±2', '--itl', '3ms')
    const common = ['--url', mock.url, '--output-tokens', '16', '--json']
    const load = ['--requests', '60', '--concurrency', '2,8', '--runs', '2', '--warmup', '4', '--slo', 'ttft=50ms']
    try {
      const [run, sweep] = [
        await runBench(['run', ...common, ...load, '--plugin', at('watts.mjs'), '--out', at('run')]),
        await runBench(['sweep', ...common, '--concurrency', '1,2,4', '--requests', '20', '--out', at('sweep')]),
      ]
      expect([run.code, sweep.code], run.stderr + sweep.stderr).toEqual([0, 0])
    } finally {
      await mock.close()
    }
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`draws every chart, ${colorScheme}, and says nothing on the console`, async () => {
      const { page, noise } = await visit(await makePage('run', '--plugin', at('watts.mjs')), { colorScheme })
      const blank = await page.evaluate(() =>
        [...document.querySelectorAll('figure.chart:not(.empty)')].flatMap((figure) => {
          const canvas = figure.querySelector('canvas')
          if (canvas === null) return [figure.id]
          const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
          const colors = new Set<number>()
          for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3]! > 200) colors.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!)
          }
          // Grid and labels are grey; a line is not.
          const hues = [...colors].filter((color) => {
            const parts = [color >> 16, (color >> 8) & 255, color & 255]
            return Math.max(...parts) - Math.min(...parts) > 60
          })
          return hues.length > 0 ? [] : [figure.id]
        }),
      )
      expect(blank).toEqual([])
      const names = await page.$$eval('figure.chart', (figures) => figures.map(({ id }) => id))
      for (const id of ['ttft-over-time', 'itl-over-time', 'open-over-time', 'watts-power', 'e2e-percentiles']) {
        expect(names).toContain(id)
      }
      expect(await page.textContent('#watts-clock')).toContain('no sample had a value')
      const [background, ink] = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body)
        return [backgroundColor, color].map((text) => Number(/\d+/.exec(text)![0]))
      })
      expect(background! > ink!).toBe(colorScheme === 'light')
      expect(noise).toEqual([])
      await page.close()
    })
  }

  it('has lanes of the slowest requests, with their tokens, and tells them in words', async () => {
    const { page } = await visit(at('run.html'))
    const lanes = await page.$$eval('.lanes svg', (all) =>
      all.map((lane) => ({
        told: lane.getAttribute('aria-label') ?? '',
        tokens: lane.querySelector('path')?.getAttribute('d')?.split('M').length ?? 0,
      })),
    )
    expect(lanes).toHaveLength(100)
    expect(lanes.filter(({ told, tokens }) => !/ \d[\d.]* ms$/.test(told) || tokens < 2)).toEqual([])
    // A busy machine reads several at once, though never all of all.
    expect(Math.max(...lanes.map(({ tokens }) => tokens))).toBeGreaterThan(8)
    await page.close()
  })

  it('fits a phone, and paper', async () => {
    const { page, noise } = await visit(at('run.html'), { viewport: { width: 360, height: 740 }, isMobile: true })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    // A lane that is cut would tell another story.
    const ends = await page.$$eval('.lane svg', (all) => all.map((one) => one.getBoundingClientRect().right))
    expect(Math.max(...ends)).toBeLessThanOrEqual(360)
    expect(Math.max(...ends)).toBeGreaterThan(200)
    await page.setViewportSize({ width: 820, height: 900 })
    await page.waitForFunction(() => document.querySelector('.uplot')!.clientWidth > 600)
    expect((await page.pdf()).byteLength).toBeGreaterThan(20_000)
    expect(noise).toEqual([])
    await page.close()
  })

  it('shows one scenario, moves a cursor by keys over all charts of time, and gives numbers as a table', async () => {
    const { page, noise } = await visit(at('run.html'))
    await page.selectOption('#scenario', { label: '8 streams' })
    expect(
      await page.$$eval('section[data-scenario]:not([hidden]) h2', (all) => all.map((one) => one.textContent)),
    ).toEqual(['8 streams'])
    const readouts = (): Promise<(string | null)[]> =>
      page.$$eval('.strips .readout .at', (all) => all.map((one) => one.textContent))
    expect(new Set(await readouts())).toEqual(new Set(['']))
    await page.focus('#ttft-over-time .plot')
    await page.keyboard.press('End')
    await page.waitForFunction(() => document.querySelector('#open-over-time .at')!.textContent !== '')
    expect((await readouts()).every((text) => / s$/.test(text!))).toBe(true)
    await page.click('#itl-over-time summary')
    await page.waitForSelector('#itl-over-time tbody tr')
    expect(await page.$$eval('#itl-over-time thead th', (all) => all.map((one) => one.textContent))).toEqual([
      'seconds',
      'p50, ms',
      'min',
      'max',
      'p10',
      'p90',
    ])
    await page.click('#theme')
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    expect(noise).toEqual([])
    await page.close()
  })

  it('says of each chart in words what it shows', async () => {
    const { page } = await visit(at('run.html'))
    const silent = await page.$$eval('.plot', (plots) =>
      plots.flatMap((plot) => {
        const [title, words] = ['aria-labelledby', 'aria-describedby'].map(
          (name) => document.getElementById(plot.getAttribute(name)!)?.textContent ?? '',
        )
        return title !== '' && /from .* to /.test(words!) ? [] : [title]
      }),
    )
    expect(silent).toEqual([])
    await page.close()
  })

  it('draws a sweep over its loads', async () => {
    const { page, noise } = await visit(await makePage('sweep'))
    expect(await page.$$eval('#sweep-throughput canvas, #sweep-latency canvas', (all) => all.length)).toBe(2)
    expect(await page.textContent('section:has(#sweep)')).toContain('most throughput')
    expect(noise).toEqual([])
    await page.close()
  })

  it('does nothing that a text of a run says', async () => {
    const texts = [
      ...HOSTILE,
      '</script><script>alert(1)</script>',
      '<!--<script>',
      '\u2028alert(1)//',
      'javascript:alert(1)',
    ]
    const evil = texts.join(' ')
    const run = at('run')
    const manifest = JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8'))
    manifest.target.model = evil
    manifest.target.url = 'javascript:alert(1)'
    manifest.id = evil
    manifest.notes = texts
    manifest.server = { command: evil, probes: [], coldStarts: [] }
    for (const scenario of manifest.scenarios) scenario.title = evil
    writeFileSync(join(run, 'manifest.json'), JSON.stringify(manifest))
    const records = readFileSync(join(run, 'records.jsonl'), 'utf8').trim().split('\n')
    const broken = records.map((line, i) => {
      const record = JSON.parse(line)
      if (i % 5 > 0) return line
      return JSON.stringify({
        ...record,
        id: evil,
        outcome: 'stream-error',
        stage: 'body',
        reason: evil,
        error: evil,
        notes: [evil],
      })
    })
    writeFileSync(join(run, 'records.jsonl'), `${broken.join('\n')}\n`)
    const { page, noise } = await visit(await makePage('run', '--plugin', at('watts.mjs')))
    expect(await page.textContent('h1')).toContain('<img src=x onerror=alert(1)>')
    expect(await page.$$eval('script', (all) => all.length)).toBe(2)
    expect(await page.$$eval('img, a, iframe, object, form', (all) => all.length)).toBe(0)
    await page.hover('#watts-power .plot')
    expect(await page.textContent('#watts-power .readout')).toContain('</script>')
    expect(noise).toEqual([])
    await page.close()
  })
})
