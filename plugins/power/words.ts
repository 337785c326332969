/** Energy on one line of at most 76 characters. */
import type { MetricResult } from 'inferbench'

const WIDTH = 76

/** What of it fits, the most important first; undefined: nothing was measured. */
export function describePower(metrics: Readonly<Record<string, MetricResult>>): string | undefined {
  const scalar = (id: string): number | undefined => {
    const result = metrics[id]
    return result?.kind === 'scalar' ? result.value : undefined
  }
  const [power, uncertain, idle, cost] = [
    scalar('power'),
    scalar('energy_uncertainty'),
    scalar('power_idle'),
    scalar('cost_per_mtok'),
  ]
  if (power === undefined) return undefined
  const [token, net, request] = [
    scalar('energy_per_token'),
    scalar('energy_net_per_token'),
    scalar('energy_per_request'),
  ]
  const parts = [
    token !== undefined && `${joules(token)}/token${net === undefined ? '' : ` (${joules(net)} above idle)`}`,
    request !== undefined && `${joules(request)}/request`,
    `${round(power)} W${idle === undefined ? '' : ` (idle ${round(idle)})`}`,
    cost !== undefined && `${round(cost)} per Mtok`,
    uncertain !== undefined && uncertain >= 1 && `±${round(uncertain)} %`,
  ].filter((part) => part !== false)
  return parts.reduce((line, part) => {
    const longer = line === '' ? part : `${line}, ${part}`
    return longer.length <= WIDTH ? longer : line
  }, '')
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function joules(value: number): string {
  return Math.abs(value) < 0.1 ? `${round(value * 1000)} mJ` : `${round(value)} J`
}
