/** How far this client's stamps were from the truth under a known load: what `bench calibrate` measures and each run quotes. */

/** Quantiles of an error, ms. */
export interface ErrorQuantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** What a calibration holds for: another client errs otherwise. */
export interface CalibrationKey {
  /** Processor, number of cores and system, for people: `Intel Xeon, 2 cores, Linux x64`. */
  readonly machine: string
  /** Name and major version: `node 24`. */
  readonly runtime: string
  readonly transport: string
  readonly connections: string
  /** As asked for: `auto` takes as many as a load is thought to need. */
  readonly threads: number | 'auto'
}

/** How much a client has to do. */
export interface CalibrationLoad {
  /** Most requests in flight at a time. */
  readonly streams: number
  /** Events of answers that arrive, over a second in which all streams run. */
  readonly eventsPerSecond: number
}

/** One step of the ladder: a load, and what it did to the stamps. */
export interface CalibrationRow extends CalibrationLoad {
  /** Between the events of a stream, as the server was asked to send them, ms. */
  readonly gapMs: number
  readonly requests: number
  /** The client's stamp of each answer's first event less the server's. */
  readonly firstEvent: ErrorQuantiles
  /** Absolute error of the gaps between events. */
  readonly gaps: ErrorQuantiles
  /** From the instant at which a request was due to its first byte. */
  readonly sendLateness: ErrorQuantiles
  /** CPU that the client used, as a share of one core; absent where the runtime does not tell. */
  readonly cpu?: number
  /** The server could not keep its own schedule: the load may have been lower, or burstier, than was asked for. */
  readonly serverLimited?: true
}

/** What one client was found to be worth, as it is kept. */
export interface Calibration {
  /** Format version. */
  readonly v: 1
  /** Version of inferbench that measured. */
  readonly tool: string
  readonly key: CalibrationKey
  /** ISO 8601. */
  readonly madeAt: string
  /** In the order of the ladder. */
  readonly rows: readonly CalibrationRow[]
}

/** What a calibration says about one scenario's load. */
export type CalibrationQuote =
  | {
      /** The smallest row whose load is at least this one's. */
      readonly covered: true
      readonly load: CalibrationLoad
      readonly row: CalibrationRow
    }
  | {
      readonly covered: false
      readonly load: CalibrationLoad
      /** `none`: this client was never calibrated here. `beyond`: the load is above every row. */
      readonly reason: 'none' | 'beyond'
    }

/** `manifest.calibration`: what is known about the instrument's error at the loads of this run. */
export interface RunCalibration {
  readonly key: CalibrationKey
  /** When the rows were measured, ISO 8601; absent when there are none. */
  readonly madeAt?: string
  /** By the scenario's name. */
  readonly scenarios: Readonly<Record<string, CalibrationQuote>>
}
