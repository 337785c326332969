/**
 * The files of a run, as valibot schemas: what `bench report` accepts, and what the published JSON Schemas say. Readers
 * are lenient on purpose: unknown members pass, and sets of words that may grow (stages, notes) are strings.
 */
import * as v from 'valibot'

/** The newest format that this version writes, and the newest that it reads. */
export const FORMAT_VERSION = 1

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const ms = v.number()
const text = v.string()
const counts = v.record(text, count)
const anything = v.record(text, v.unknown())
const formatVersion = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FORMAT_VERSION))

const eventLog = v.looseObject({
  us: v.pipe(v.array(count), v.description('microseconds: the first since sentAt, each other since the one before')),
  kind: v.pipe(
    text,
    v.regex(/^[a-z]*$/),
    v.description('t text, r reasoning, c tool call, o anything else; a letter an event'),
  ),
  tokens: v.exactOptional(v.array(count)),
})

const connect = v.looseObject({
  startAt: ms,
  dnsMs: v.exactOptional(ms),
  connectMs: v.exactOptional(ms),
  tlsMs: v.exactOptional(ms),
})

const base = {
  n: count,
  id: text,
  scenario: text,
  phase: v.picklist(['warmup', 'measure', 'beside']),
  thread: v.exactOptional(count),
  run: v.exactOptional(count),
  target: v.exactOptional(text),
  item: text,
  session: v.exactOptional(text),
  turn: v.exactOptional(count),
  dueAt: ms,
  permitAt: v.exactOptional(ms),
  endAt: ms,
  attempts: v.exactOptional(count),
  askedInputTokens: v.exactOptional(count),
  maxTokens: v.exactOptional(count),
  notes: v.exactOptional(v.array(text)),
}

const sent = { sentAt: ms, connect: v.exactOptional(connect) }
const maybeSent = { sentAt: v.exactOptional(ms), connect: v.exactOptional(connect) }

const amount = v.exactOptional(v.pipe(v.number(), v.minValue(0)))
const serverTimings = v.looseObject({
  queueMs: amount,
  loadMs: amount,
  prefillMs: amount,
  decodeMs: amount,
  totalMs: amount,
  tokensPerSecond: amount,
})

const serverTrace = v.looseObject({
  totalUs: v.number(),
  operations: v.array(v.looseObject({ name: text, us: v.number() })),
})

const said = {
  finish: v.exactOptional(text),
  inputTokens: v.exactOptional(count),
  outputTokens: v.exactOptional(count),
  reasoningTokens: v.exactOptional(count),
  cachedTokens: v.exactOptional(count),
  tokenSource: v.exactOptional(v.picklist(['server', 'tokenizer', 'chunks'])),
  serverTimings: v.exactOptional(serverTimings),
  trace: v.exactOptional(serverTrace),
  model: v.exactOptional(text),
  fingerprint: v.exactOptional(text),
  quality: v.exactOptional(v.picklist(['passed', 'failed'])),
  text: v.exactOptional(text),
  reasoning: v.exactOptional(text),
}
const answer = { headersAt: ms, status: count, ...said }
const maybeAnswer = {
  headersAt: v.exactOptional(ms),
  status: v.exactOptional(count),
  ...said,
}

const failure = { stage: text, reason: text, error: v.exactOptional(text) }

function describeRecord(events: v.GenericSchema): v.GenericSchema {
  const maybe = { ...maybeAnswer, events: v.exactOptional(events) }
  return v.variant('outcome', [
    v.looseObject({ outcome: v.literal('ok'), ...base, ...sent, ...answer, events }),
    v.looseObject({ outcome: v.literal('http-error'), ...base, ...sent, headersAt: ms, status: count, ...failure }),
    v.looseObject({ outcome: v.literal('stream-error'), ...base, ...sent, ...maybe, ...failure }),
    v.looseObject({ outcome: v.literal('timeout'), ...base, ...maybeSent, ...maybe, ...failure }),
    v.looseObject({ outcome: v.literal('aborted'), ...base, ...maybeSent, ...maybe, ...failure }),
    v.looseObject({ outcome: v.literal('dropped'), ...base, reason: text }),
    v.looseObject({ outcome: v.literal('refused'), ...base, connect: v.exactOptional(connect), ...failure }),
  ])
}

/** One line of `records.jsonl`. */
export const recordSchema: v.GenericSchema = describeRecord(eventLog)

/** The same, where the events are known to be sound: to look at each number in turn takes a third of the time of a report. */
export const recordAroundEventsSchema: v.GenericSchema = describeRecord(v.unknown())

const window = v.looseObject({
  name: text,
  run: v.exactOptional(count),
  startAt: ms,
  endAt: ms,
  pausedMs: v.exactOptional(ms),
})

const slo = v.looseObject({ metric: text, limitMs: ms })

const fingerprintPart = v.looseObject({ hash: text, text })

const fingerprint = v.looseObject({
  hash: text,
  parts: v.pipe(v.record(text, fingerprintPart), v.description('what must match before two runs may be compared')),
  scenarios: v.record(text, v.looseObject({ workload: fingerprintPart, schedule: fingerprintPart })),
})

const errorQuantiles = v.looseObject({ p50: ms, p90: ms, p99: ms, max: ms })
const calibrationLoad = { streams: count, eventsPerSecond: v.number() }

const calibration = v.looseObject({
  key: v.looseObject({
    machine: text,
    runtime: text,
    transport: text,
    connections: text,
    threads: v.union([count, text]),
  }),
  madeAt: v.exactOptional(text),
  scenarios: v.record(
    text,
    v.looseObject({
      covered: v.boolean(),
      load: v.looseObject(calibrationLoad),
      reason: v.exactOptional(text),
      row: v.exactOptional(
        v.looseObject({
          ...calibrationLoad,
          gapMs: ms,
          requests: count,
          firstEvent: errorQuantiles,
          gaps: errorQuantiles,
          sendLateness: errorQuantiles,
          cpu: v.exactOptional(v.number()),
          serverLimited: v.exactOptional(v.boolean()),
        }),
      ),
    }),
  ),
})

const sweepRules = v.looseObject({
  kind: v.picklist(['ladder', 'search']),
  unit: v.picklist(['streams', 'requests/s']),
  loads: v.array(v.number()),
  saturation: v.number(),
  earlyStop: v.exactOptional(v.boolean()),
  share: v.exactOptional(v.number()),
  mostRuns: v.exactOptional(count),
})

const sweepResult = v.looseObject({
  tail: v.exactOptional(v.pipe(text, v.description('the latency that levels are compared by'))),
  levels: v.array(
    v.looseObject({
      scenario: text,
      load: v.number(),
      runs: count,
      requestsPerSecond: v.exactOptional(v.number()),
      outputTokensPerSecond: v.exactOptional(v.number()),
      meanLatencyMs: v.exactOptional(ms),
      tailLatencyMs: v.exactOptional(ms),
      saturated: v.boolean(),
      reason: v.exactOptional(text),
      slo: v.exactOptional(
        v.looseObject({
          side: v.picklist(['met', 'missed']),
          sure: v.boolean(),
          good: count,
          requests: count,
          low: v.pipe(v.number(), v.description('of the 99 % interval of the share of good requests, from 0 to 1')),
          high: v.number(),
        }),
      ),
    }),
  ),
  optimal: v.exactOptional(v.number()),
  knee: v.exactOptional(v.number()),
  pareto: v.array(v.number()),
  answer: v.exactOptional(
    v.looseObject({
      load: v.pipe(v.exactOptional(v.number()), v.description('the highest that meets the limits')),
      low: v.exactOptional(v.number()),
      high: v.exactOptional(v.number()),
      complete: v.boolean(),
    }),
  ),
})

const samplingCost = v.looseObject({
  samples: count,
  failed: v.pipe(count, v.description('readings that failed or did not come in time, and samples that were none')),
  firstFailure: v.exactOptional(text),
  everyMs: v.pipe(v.exactOptional(ms), v.description('median distance of two samples')),
  longestGapMs: v.exactOptional(ms),
  readMeanMs: ms,
  readMaxMs: ms,
})

const pluginSource = {
  plugin: text,
  auto: v.exactOptional(v.boolean()),
  source: v.exactOptional(text),
  absent: v.pipe(v.exactOptional(text), v.description('why there is nothing, or nothing more')),
  sampling: v.exactOptional(samplingCost),
}

/** `manifest.json`. */
export const manifestSchema: v.GenericSchema = v.looseObject({
  v: formatVersion,
  id: text,
  tool: v.looseObject({ name: v.literal('inferbench'), version: text, definitions: count }),
  platform: v.looseObject({ name: text, version: text, machine: v.record(text, v.union([text, v.number()])) }),
  clock: v.looseObject({
    originEpochMs: ms,
    stepMs: ms,
    threads: v.exactOptional(v.array(v.looseObject({ offsetMs: ms, uncertaintyMs: ms }))),
  }),
  adapter: text,
  target: v.looseObject({
    url: text,
    model: text,
    modelDiscovered: v.boolean(),
    endpoint: text,
    stream: v.boolean(),
    server: v.exactOptional(text),
    fingerprint: v.exactOptional(text),
  }),
  transport: v.looseObject({ name: text, connections: text, insecure: v.boolean() }),
  seed: v.number(),
  server: v.exactOptional(
    v.looseObject({
      command: text,
      probes: v.array(text),
      coldStarts: v.array(v.looseObject({ run: v.exactOptional(count), coldStartMs: ms, resolutionMs: ms })),
    }),
  ),
  sweep: v.exactOptional(sweepRules),
  scenarios: v.array(
    v.looseObject({
      name: text,
      title: text,
      arrival: text,
      requests: v.exactOptional(count),
      durationMs: v.exactOptional(ms),
      maxInFlight: v.exactOptional(count),
      load: v.exactOptional(
        v.looseObject({
          kind: text,
          streams: v.exactOptional(count),
          ratePerSecond: v.exactOptional(v.number()),
        }),
      ),
      workload: anything,
      windows: v.exactOptional(v.array(window)),
    }),
  ),
  slo: v.array(slo),
  gates: v.array(text),
  limits: v.exactOptional(
    v.record(text, v.looseObject({ suspect: v.exactOptional(v.number()), invalid: v.exactOptional(v.number()) })),
  ),
  options: anything,
  notes: v.array(text),
  calibration: v.exactOptional(calibration),
  fingerprint: v.exactOptional(fingerprint),
  plugins: v.exactOptional(
    v.array(
      v.looseObject({
        ...pluginSource,
        builtIn: v.exactOptional(v.boolean()),
        options: v.exactOptional(v.record(text, v.union([text, v.number(), v.boolean()]))),
      }),
    ),
  ),
  idle: v.exactOptional(v.array(window)),
  startedAt: text,
  endedAt: v.exactOptional(text),
})

const histogram = v.looseObject({
  bucketsPerOctave: v.literal(512),
  zeros: count,
  keys: v.array(v.pipe(v.number(), v.integer())),
  counts: v.array(count),
})

const distribution = v.looseObject({
  count,
  sum: v.number(),
  mean: v.number(),
  deviation: v.exactOptional(v.number()),
  min: v.number(),
  max: v.number(),
  quantiles: v.record(text, v.number()),
  method: v.picklist(['exact', 'histogram']),
  relativeError: v.exactOptional(v.number()),
  histogram: v.exactOptional(histogram),
})

/** One figure, of ours or of a plugin. */
export const metricResultSchema: v.GenericSchema = v.variant('kind', [
  v.looseObject({ kind: v.literal('distribution'), unit: text, distribution }),
  v.looseObject({ kind: v.literal('scalar'), unit: text, value: v.number(), count: v.exactOptional(count) }),
  v.looseObject({ kind: v.literal('absent'), unit: text, reason: text }),
])

const definition = v.looseObject({
  id: text,
  title: text,
  unit: text,
  direction: text,
  version: count,
  kind: text,
  formula: text,
  source: text,
})

const verdictReason = v.looseObject({
  code: text,
  severity: v.exactOptional(text),
  scenario: v.exactOptional(text),
  run: v.exactOptional(count),
  figure: v.exactOptional(v.number()),
  limit: v.exactOptional(v.number()),
  unit: v.exactOptional(text),
  message: v.exactOptional(text),
  remedy: text,
  follows: v.exactOptional(v.pipe(text, v.description('code of the reason whose consequence this is'))),
})

const scenarioCounts = v.looseObject({
  requests: count,
  byOutcome: counts,
  byReason: counts,
  warmupRequests: count,
  notes: counts,
})

const aggregate = v.looseObject({
  values: v.pipe(v.array(v.nullable(v.number())), v.description('one a run; null where it was not measured')),
  mean: v.number(),
  deviation: v.exactOptional(v.number()),
  low: v.pipe(v.exactOptional(v.number()), v.description('of the 95 % interval of the mean (Student)')),
  high: v.exactOptional(v.number()),
})

const tracedOperation = v.looseObject({
  name: text,
  meanUs: v.number(),
  minUs: v.number(),
  maxUs: v.number(),
  share: v.number(),
  samples: count,
})

/** `summary.json`. */
export const summarySchema: v.GenericSchema = v.looseObject({
  v: formatVersion,
  profile: v.exactOptional(text),
  scenarios: v.array(
    v.looseObject({
      scenario: text,
      title: text,
      window,
      counts: scenarioCounts,
      metrics: v.record(text, metricResultSchema),
      trace: v.exactOptional(v.array(tracedOperation)),
      tokenSources: counts,
      slo: v.exactOptional(v.array(slo)),
      steady: v.exactOptional(
        v.looseObject({ window, method: text, skipped: count, metrics: v.record(text, metricResultSchema) }),
      ),
      runs: v.exactOptional(
        v.array(
          v.looseObject({ run: count, window, counts: scenarioCounts, metrics: v.record(text, metricResultSchema) }),
        ),
      ),
      aggregate: v.exactOptional(v.record(text, v.record(text, aggregate))),
    }),
  ),
  definitions: v.exactOptional(v.record(text, definition)),
  sweep: v.exactOptional(sweepResult),
  gates: v.array(
    v.looseObject({
      gate: text,
      scenario: text,
      status: v.picklist(['met', 'missed', 'not-measured']),
      value: v.exactOptional(v.number()),
      limit: v.number(),
      unit: text,
      line: text,
    }),
  ),
  verdict: v.looseObject({
    status: text,
    reasons: v.array(verdictReason),
    notes: v.exactOptional(v.array(verdictReason)),
  }),
  plugins: v.exactOptional(
    v.array(
      v.looseObject({
        ...pluginSource,
        scenarios: v.array(
          v.looseObject({
            scenario: text,
            line: v.exactOptional(text),
            metrics: v.record(text, metricResultSchema),
            phases: v.exactOptional(v.record(text, v.record(text, metricResultSchema))),
            fault: v.exactOptional(text),
          }),
        ),
      }),
    ),
  ),
  evaluations: v.exactOptional(v.record(text, v.record(text, metricResultSchema))),
  conclusions: v.exactOptional(v.record(text, text)),
  stopped: v.exactOptional(text),
})

/** One line of `series/client.jsonl`. */
export const clientSampleSchema: v.GenericSchema = v.looseObject({
  at: ms,
  timerLateMs: ms,
  cpu: v.exactOptional(v.array(v.number())),
  spin: v.exactOptional(v.array(v.number())),
  wallDriftMs: v.exactOptional(ms),
  gcMs: v.exactOptional(ms),
  gcMaxMs: v.exactOptional(ms),
  memoryBytes: v.exactOptional(count),
  openSockets: count,
  inFlight: count,
  lateSends: count,
  undecodedBytes: count,
})

/** One line of `series/<plugin>.jsonl`: whatever the plugin read, at an instant. */
export const sampleSchema: v.GenericSchema = v.looseObject({ at: ms, edge: v.exactOptional(v.boolean()) })
