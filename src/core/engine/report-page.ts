/** The page of a run: folds of its records beside those of {@link reportFolder}, and the series that were sampled. */
import type { Files } from '../platform.ts'
import type { MetricPlugin, Sample } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import type { ChartData } from '../report/html/data.ts'
import { type PageAssets, renderPage } from '../report/html/page.ts'
import { CLIENT_CHARTS, createSeriesFold } from '../report/html/series.ts'
import { createSlowestFold } from '../report/html/slowest.ts'
import { createTimelineFold, drawTimeline } from '../report/html/timeline.ts'
import { readClientLog, readSeries } from '../report/readers.ts'
import type { Manifest } from '../run.ts'
import { type RunReport, reportFolder } from './report.ts'

export interface RunPage {
  /** Each record in turn, in bounded memory: for {@link reportFolder}. */
  look(record: RequestRecord): void
  /** HTML. Reads the series of the folder. */
  render(report: Pick<RunReport, 'manifest' | 'summary' | 'cut'>): Promise<string>
}

export function createRunPage(
  files: Files,
  folder: string,
  plugins: readonly MetricPlugin[],
  assets: PageAssets,
): RunPage {
  const timeline = createTimelineFold()
  const slowest = createSlowestFold()
  return {
    look(record) {
      timeline.add(record)
      slowest.add(record)
    },
    async render({ manifest, summary, cut }) {
      const series = await foldSeries(files, files.join(folder, 'series'), plugins, manifest)
      const charts = [...drawTimeline(timeline.stretches()), ...series]
      return await renderPage({ manifest, summary, cut, timeline: charts, slowest }, assets)
    },
  }
}

/** The page of a finished run, from its folder alone. */
export async function reportPage(
  files: Files,
  folder: string,
  plugins: readonly MetricPlugin[],
  assets: PageAssets,
): Promise<string> {
  const page = createRunPage(files, folder, plugins, assets)
  return await page.render(await reportFolder(files, folder, plugins, page.look))
}

/** Of plugins that read something or should have, what they show as sparklines before the rest; then of the client. */
async function foldSeries(
  files: Files,
  folder: string,
  plugins: readonly MetricPlugin[],
  { plugins: known = [] }: Manifest,
): Promise<ChartData[]> {
  const present = (await files.list(folder)) ?? []
  const first: ChartData[] = []
  const rest: ChartData[] = []
  for (const { id, charts: drawn = [] } of plugins) {
    const told = known.find(({ plugin }) => plugin === id)
    // What nobody asked for and cannot work here is as if it were not there.
    if (drawn.length === 0 || (told?.auto === true && told.source === undefined)) continue
    const fold = createSeriesFold(id, drawn, told?.absent)
    const path = files.join(folder, `${id}.jsonl`)
    if (present.includes(`${id}.jsonl`)) {
      for (const sample of await readSeries(path, files.readPieces(path))) fold.add(sample)
    }
    for (const [i, chart] of fold.charts().entries()) (drawn[i]?.spark === true ? first : rest).push(chart)
  }
  const client = createSeriesFold('client', CLIENT_CHARTS, 'the client kept no log')
  const path = files.join(folder, 'client.jsonl')
  if (present.includes('client.jsonl')) {
    await readClientLog(path, files.readPieces(path), (sample) => client.add(sample as unknown as Sample))
  }
  return [...first, ...rest, ...client.charts()]
}
