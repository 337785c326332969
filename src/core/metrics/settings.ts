/** What a user may set about metrics; read from the options that the manifest keeps, so that a report comes to the same. */

export interface MetricSettings {
  /** A TPOT above so many times the median is a spike. */
  readonly spikeThreshold: number
  /** Layers of the model; absent: no time for each. */
  readonly layers?: number
}

export const defaultSettings: MetricSettings = { spikeThreshold: 5 }

/** `options`: as in the manifest. What is not there, or no number, is as if it had not been given. */
export function readMetricSettings(options: Readonly<Record<string, unknown>>): MetricSettings {
  const { spikeThreshold, numLayers } = options
  return {
    spikeThreshold: typeof spikeThreshold === 'number' ? spikeThreshold : defaultSettings.spikeThreshold,
    ...(typeof numLayers === 'number' ? { layers: numLayers } : {}),
  }
}
