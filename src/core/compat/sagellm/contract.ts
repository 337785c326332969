/** The contracts and the regression classes of sagellm-benchmark. */

/** What a contract looks at; names of its metrics files. */
export type SagellmFigures = Readonly<Record<string, number | undefined>>

interface Limit {
  readonly check: string
  readonly field: string
  readonly better: 'lower' | 'higher'
  readonly limit: number
}

const FIELDS: readonly Omit<Limit, 'limit'>[] = [
  { check: 'ttft_ms', field: 'avg_ttft_ms', better: 'lower' },
  { check: 'tbt_ms', field: 'avg_tbt_ms', better: 'lower' },
  { check: 'tpot_ms', field: 'avg_tpot_ms', better: 'lower' },
  { check: 'throughput_tps', field: 'avg_throughput_tps', better: 'higher' },
  { check: 'error_rate', field: 'error_rate', better: 'lower' },
  { check: 'peak_mem_mb', field: 'peak_mem_mb', better: 'lower' },
  { check: 'prefix_hit_rate', field: 'avg_prefix_hit_rate', better: 'higher' },
  { check: 'spec_accept_rate', field: 'avg_spec_accept_rate', better: 'higher' },
]

const LIMITS = {
  year1: [100, 20, 20, 50, 0.05, 32768],
  year2: [50, 10, 10, 100, 0.02, 24576, 0.7],
  year3: [30, 5, 5, 200, 0.01, 16384, 0.85, 0.6],
} as const

export type SagellmContract = keyof typeof LIMITS

export const SAGELLM_CONTRACTS: readonly SagellmContract[] = Object.keys(LIMITS) as SagellmContract[]

export function limitsOf(contract: SagellmContract): Limit[] {
  return LIMITS[contract].map((limit, index) => ({ ...FIELDS[index]!, limit }))
}

export interface ContractVerdict {
  readonly passed: boolean
  readonly checks: Readonly<Record<string, boolean>>
}

/** A figure that was not measured counts as 0, as there: a latency of 0 passes. */
export function checkSagellmContract(contract: SagellmContract, figures: SagellmFigures): ContractVerdict {
  const checks = Object.fromEntries(
    limitsOf(contract).map(({ check, field, better, limit }) => {
      const value = figures[field] ?? 0
      return [check, better === 'lower' ? value <= limit : value >= limit]
    }),
  )
  return { passed: Object.values(checks).every(Boolean), checks }
}

export type RegressionClass = 'acceptable' | 'warning' | 'critical' | 'expected-change'

export interface SagellmRegression {
  readonly overall_status: Exclude<RegressionClass, 'expected-change'>
  readonly metrics: Readonly<Record<string, { readonly regression_pct: number; readonly status: RegressionClass }>>
}

/** 1: a rise is worse. */
const WATCHED = { avg_ttft_ms: 1, avg_tbt_ms: 1, avg_throughput_tps: -1 } as const

export function classifySagellmRegression(
  current: SagellmFigures,
  baseline: SagellmFigures,
  expectedChanges: readonly string[],
): SagellmRegression {
  const metrics = Object.fromEntries(
    Object.entries(WATCHED).map(([name, sign]) => {
      const before = baseline[name] ?? 0
      const now = current[name] ?? 0
      const worse = before === 0 ? 0 : ((sign > 0 ? now - before : before - now) / before) * 100
      return [
        name,
        { regression_pct: worse, status: expectedChanges.includes(name) ? 'expected-change' : classOf(worse) },
      ]
    }),
  ) as SagellmRegression['metrics']
  const statuses = Object.values(metrics).map(({ status }) => status)
  const worst = (['critical', 'warning'] as const).find((status) => statuses.includes(status))
  return { overall_status: worst ?? 'acceptable', metrics }
}

function classOf(worsePct: number): Exclude<RegressionClass, 'expected-change'> {
  if (worsePct > 10) return 'critical'
  return worsePct > 5 ? 'warning' : 'acceptable'
}
