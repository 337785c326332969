/** Options of plugins: read from flags and files, checked against what plugins say, kept out of what is written. */
import type { MetricPlugin, RunOptions, RunPlan } from 'inferbench'
import { describe, expect, it } from 'vitest'
import openai from '../../adapters/openai.ts'
import { mergeOptions } from '../../src/cli/config.ts'
import { type PlanTools, planRun, readOptions } from '../../src/core/options/mod.ts'
import { loadTestPlatform } from '../support/plan.ts'
import { ticker } from '../support/ticks.ts'

const gpu: MetricPlugin = {
  id: 'gpu',
  summary: 'GPUs',
  auto: true,
  definitions: [],
  sample: () => Promise.reject(new Error('none')),
  options: {
    every: { kind: 'duration', default: 100, min: 20, max: 60_000, summary: 'how often' },
    devices: { kind: 'text', choices: ['all', 'used'], summary: 'which' },
    share: { kind: 'number', min: 0, max: 1, summary: 'how much' },
    quick: { kind: 'flag', default: false, summary: 'whether' },
    priceKwh: { kind: 'number', min: 0, summary: 'price' },
    url: { kind: 'url', summary: 'where' },
    token: { kind: 'text', secret: true, summary: 'key' },
  },
}
const server: MetricPlugin = { id: 'server', summary: 'server', auto: true, definitions: [] }
const extra: MetricPlugin = { id: 'extra', summary: 'runs when named', definitions: [] }
const ours: Readonly<Record<string, MetricPlugin>> = { gpu, server, extra }

const platform = await loadTestPlatform()

async function planOf(options: RunOptions, tools: Partial<PlanTools> = {}): Promise<RunPlan> {
  return planRun(readOptions({ url: 'http://localhost:1', ...options }), {
    platform,
    loadAdapter: async () => openai,
    loadPlugin: async (name) => ours[name]!,
    listPlugins: async () => Object.keys(ours),
    loadAutoPlugins: async () => [gpu, server],
    ...tools,
  })
}

const messageOf = (options: RunOptions): Promise<string> =>
  planOf(options).then(
    () => expect.fail('nothing was thrown'),
    (thrown: { readonly code: string; readonly message: string }) => {
      expect(thrown.code).toBe('usage')
      return thrown.message
    },
  )

const idsOf = ({ plugins }: RunPlan): string[] => plugins.map(({ id }) => id)

describe('which plugins take part', () => {
  it('those that are named, then those that run unasked, but for what is switched off', async () => {
    expect(idsOf(await planOf({}))).toEqual(['gpu', 'server'])
    expect(idsOf(await planOf({ plugins: ['extra', 'gpu'] }))).toEqual(['extra', 'gpu', 'server'])
    expect(idsOf(await planOf({ noPlugins: 'gpu' }))).toEqual(['server'])
    expect(idsOf(await planOf({ noPlugins: ['all'], plugins: 'gpu' }))).toEqual(['gpu'])
    expect(idsOf(await planOf({ plugins: ['extra'], noPlugins: ['extra', 'all'] }))).toEqual([])
  })

  it('says of each whether anyone asked for it', async () => {
    const { pluginSettings: one } = await planOf({})
    expect(one).toMatchObject({ gpu: { auto: true, builtIn: true }, server: { auto: true } })
    const { pluginSettings: two } = await planOf({ plugins: [ticker], pluginOptions: 'gpu.every=1s' })
    expect(two!.gpu).toEqual({ options: { every: 1000, quick: false }, builtIn: true })
    expect(two!.ticker).toEqual({ options: { every: 50 } })
  })

  it('prefers a plugin that was named to one of ours with the same id, metric or limit', async () => {
    const mine = { ...ticker, id: 'server' }
    expect((await planOf({ plugins: [mine] })).plugins).toEqual([mine, gpu])
  })

  it.each<[RunOptions, string]>([
    [{ noPlugins: 'gpus' }, 'option "noPlugins": no plugin "gpus" would run; did you mean "gpu"?'],
    [{ plugins: [ticker, ticker] }, 'plugin ticker is there twice; name it once'],
    [
      { plugins: [{ ...ticker, id: '../x' }] },
      'plugin "../x": its id is no name: small letters, digits, single dashes; rename it',
    ],
    [
      { plugins: [{ ...ticker, id: 'client' }] },
      'plugin "client": its id is taken by the log of the client; rename it',
    ],
    [
      { plugins: [{ ...extra, limits: [{ ...ticker.limits![0]!, code: 'errors' }] }] },
      'plugin extra: the limit "errors" exists already; rename it',
    ],
  ])('refuses %j', async (options, message) => {
    expect(await messageOf(options)).toBe(message)
  })
})

describe('options of plugins', () => {
  it('come from a file and from flags, which win one by one', async () => {
    const config = { pluginOptions: { gpu: { every: '100ms', devices: 'all', share: 0.5, quick: true } } }
    const merged = mergeOptions(config, { pluginOptions: ['gpu.every=2s', 'gpu.share=.25'] })
    const { pluginSettings } = await planOf(merged as RunOptions)
    expect(pluginSettings!.gpu!.options).toEqual({ every: 2000, devices: 'all', share: 0.25, quick: true })
  })

  it('may be durations with a unit or in milliseconds', async () => {
    for (const every of [250, '250', '250ms', '0.25s']) {
      expect((await planOf({ pluginOptions: { gpu: { every } } })).pluginSettings!.gpu!.options.every).toBe(250)
    }
  })

  it('are given the prices of the run where they ask for them', async () => {
    const { pluginSettings } = await planOf({ priceKwh: '0.30' })
    expect(pluginSettings!.gpu).toEqual({ builtIn: true, options: { every: 100, quick: false, priceKwh: 0.3 } })
    expect(pluginSettings!.server!.auto).toBe(true)
    const own = await planOf({ priceKwh: 1, pluginOptions: { gpu: { priceKwh: 2 } } })
    expect(own.pluginSettings!.gpu!.options.priceKwh).toBe(2)
  })

  const option = 'option "pluginOptions"'
  it.each<[RunOptions, string]>([
    [{ pluginOptions: 'gqu.every=1s' }, `${option}: there is no plugin "gqu"; did you mean "gpu"?`],
    [{ pluginOptions: 'extra.x=1' }, `${option}: the plugin "extra" takes no part; add --plugin extra`],
    [{ pluginOptions: 'gpu.evry=1s' }, `${option}: the plugin "gpu" has no option "evry"; did you mean "every"?`],
    [{ pluginOptions: 'server.x=1' }, `${option}: the plugin "server" has no option "x"; it has none`],
    [
      { pluginOptions: 'gpu.every=5' },
      `${option}: gpu.every: "5" is not a duration from 20 ms to 60000 ms, such as 100ms or 2s`,
    ],
    [
      { pluginOptions: 'gpu.every=soon' },
      `${option}: gpu.every: "soon" is not a duration from 20 ms to 60000 ms, such as 100ms or 2s`,
    ],
    [{ pluginOptions: 'gpu.share=2' }, `${option}: gpu.share: "2" is not a number from 0 to 1`],
    [{ pluginOptions: 'gpu.share=' }, `${option}: gpu.share: "" is not a number from 0 to 1`],
    [{ pluginOptions: 'gpu.devices=none' }, `${option}: gpu.devices: "none" is not one of all, used`],
    [{ pluginOptions: { gpu: { quick: 'yes' } } }, `${option}: gpu.quick: "yes" is not true or false`],
    [
      { pluginOptions: 'gpu.url=ftp://me:secret@host' },
      `${option}: gpu.url: "ftp://***@host" is not an address such as http://localhost:9400/metrics`,
    ],
    [{ pluginOptions: { gpu: { token: true } } }, `${option}: gpu.token: what it was given is not a text`],
    [
      { pluginOptions: 'every=1s' },
      `${option}: an option of a plugin is written PLUGIN.OPTION=VALUE, such as gpu.every=100ms`,
    ],
    [{ priceGpuHour: 2 }, 'option "priceGpuHour": no plugin of this run reckons with it; add --plugin power'],
  ])('refuses %j', async (options, message) => {
    expect(await messageOf(options)).toBe(message)
  })

  it('that are not used, because the plugin is switched off, are no mistake', async () => {
    expect(idsOf(await planOf({ noPlugins: 'gpu', pluginOptions: 'gpu.every=1s' }))).toEqual(['server'])
  })

  it('keep their secrets', async () => {
    const plan = await planOf({ pluginOptions: ['gpu.token=hunter2-long', 'gpu.url=http://me:pass-word@host/metrics'] })
    expect(plan.pluginSettings!.gpu!.options).toMatchObject({ token: 'hunter2-long' })
    expect(JSON.stringify(plan.options)).not.toMatch(/hunter2|pass-word/)
    expect(plan.secrets).toEqual(expect.arrayContaining(['hunter2-long', 'pass-word']))
  })

  it('change nothing else of the plan', async () => {
    const { pluginSettings: _, plugins: __, options: ___, ...one } = await planOf({ seed: 1 })
    const {
      pluginSettings: ____,
      plugins: _____,
      options: ______,
      ...two
    } = await planOf({ seed: 1, noPlugins: 'all' })
    expect(JSON.stringify(one)).toBe(JSON.stringify(two))
  })
})

describe('limits of the verdict', () => {
  it('may be those of plugins, with their ratio', async () => {
    const plugin = { ...ticker, limits: [{ ...ticker.limits![0]!, suspect: 10, invalid: 100 }] }
    const { limits } = await planOf({ plugins: [plugin], verdictLimits: ['many-ticks=5', 'gc-pause=50'] })
    expect(limits).toEqual({ 'many-ticks': { suspect: 5, invalid: 50 }, 'gc-pause': { suspect: 50, invalid: 500 } })
  })

  it('have to exist', async () => {
    expect(await messageOf({ verdictLimits: 'many-tick=5', plugins: [ticker] })).toBe(
      'option "verdictLimits": the verdict has no limit "many-tick"; did you mean "many-ticks"?',
    )
  })
})
