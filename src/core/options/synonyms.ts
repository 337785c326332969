/** What other load-test tools call our options: who comes from one of them is told our word, in flags and config files. */
import { nearestName } from '../nearest.ts'
import type { OptionName } from './options.ts'
import { optionNames } from './schema.ts'

const synonyms: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  url: ['baseUrl', 'target', 'host', 'endpointUrl', 'server'],
  adapter: ['backend', 'engine', 'backendType', 'serviceKind'],
  model: ['models', 'modelNames', 'modelId', 'servedModelName'],
  endpoint: ['endpointType', 'requestFormat', 'requestType', 'api'],
  stream: ['streaming'],
  headers: ['header'],
  body: ['extraBody', 'extraInputs', 'extraArgs'],
  readyTimeout: ['readyCheckTimeoutSec', 'waitForModelTimeout'],
  concurrency: ['maxConcurrency', 'streams', 'users', 'vu', 'vus', 'connectionsCount'],
  rate: ['requestRate', 'rps', 'qps', 'arrivalRate'],
  arrival: ['arrivalPattern', 'requestRateMode', 'rateType', 'profile'],
  burstiness: ['arrivalSmoothness', 'vllmBurstiness'],
  requests: ['numPrompts', 'numRequests', 'requestCount', 'maxRequests'],
  duration: ['benchmarkDuration', 'maxSeconds', 'maxDuration', 'time'],
  warmup: ['numWarmups', 'warmupRequestCount', 'warmupDuration', 'warmupPercent'],
  drain: ['benchmarkGracePeriod', 'gracePeriod'],
  seed: ['randomSeed'],
  promptTokens: ['isl', 'inputLen', 'randomInputLen', 'inputTokens', 'promptInputTokensMean'],
  outputTokens: ['osl', 'outputLen', 'randomOutputLen', 'maxTokens', 'maxNewTokens', 'maxTokensDistribution'],
  sharedPrefix: ['randomPrefixLen', 'prefixLen', 'sharedSystemPromptLength', 'prefixLength'],
  dataset: ['datasetPath', 'data', 'inputFile', 'datasetName'],
  workload: ['scenario', 'scenarios', 'workloadName', 'preset'],
  timeout: ['requestTimeoutSeconds', 'requestTimeout'],
  slo: ['goodput', 'slos'],
  out: ['resultDir', 'outputDir', 'outputArtifactDir', 'artifactDir', 'outputPath', 'saveResult'],
  saveText: ['saveDetailed', 'exportOutputsJson'],
}

const names: ReadonlyMap<string, OptionName> = new Map(
  Object.entries(synonyms).flatMap(([name, others]) =>
    others.map((other) => [plain(other), name as OptionName] as const),
  ),
)

/** The option that was meant: by another tool's word for it, else by the nearest spelling. */
export function findMeantOption(written: string): OptionName | undefined {
  return names.get(plain(written)) ?? (nearestName(written, optionNames) as OptionName | undefined)
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '')
}
