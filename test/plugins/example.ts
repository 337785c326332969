import { asAmount, asObject, createDistribution, cutSamples, type MetricPlugin, parseJson, partsOf } from 'inferbench'

const queue: MetricPlugin = {
  id: 'queue',
  summary: 'Jobs that wait in the queue before the server',
  definitions: [
    {
      id: 'queue_length',
      title: 'queue',
      unit: 'jobs',
      direction: 'lower',
      version: 1,
      kind: 'distribution',
      formula: 'jobs that wait, each time that the queue is read',
      source: 'GET /stats of the queue',
    },
  ],
  needs: 'the queue in front of the server',
  options: { url: { kind: 'url', default: 'http://localhost:9000/stats', summary: 'where its numbers are' } },
  charts: [
    {
      id: 'queue',
      title: 'queue',
      unit: 'jobs',
      spark: true,
      values: ({ jobs }) => (typeof jobs === 'number' ? { '': jobs } : {}),
    },
  ],
  async sample({ options, get, toRunMs }) {
    const url = String(options.url)
    await get(url)
    return {
      source: `GET ${url}`,
      everyMs: 250,
      async read(_at, signal) {
        const { body, sentAt } = await get(url, { signal })
        const jobs = asAmount(asObject(parseJson(body))?.jobs)
        if (jobs === undefined) throw new Error('no number of jobs')
        return { at: toRunMs(sentAt), jobs }
      },
      async close() {},
    }
  },
  summarize(series, window) {
    const jobs = createDistribution()
    for (const part of partsOf(series, window)) {
      for (const sample of cutSamples(series.samples, part).within) {
        if (typeof sample.jobs === 'number') jobs.add(sample.jobs)
      }
    }
    const distribution = jobs.result()
    const unit = 'jobs'
    if (distribution === undefined) {
      return { metrics: { queue_length: { kind: 'absent', unit, reason: 'it was not read in this window' } } }
    }
    const line = `queue ${distribution.mean.toFixed(1)} jobs, ${distribution.max} at most`
    return { metrics: { queue_length: { kind: 'distribution', unit, distribution } }, line }
  },
}
export default queue
