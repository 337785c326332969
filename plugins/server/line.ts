/** The most important of the figures on one line. */
import type { MetricResult } from 'inferbench'

const MOST_CHARACTERS = 76

/** What does not fit any more is left out, the least important first. undefined when there is nothing to say. */
export function writeLine(metrics: Readonly<Record<string, MetricResult>>): string | undefined {
  const parts = [
    gauge(metrics, 'server_running', 'running', ''),
    gauge(metrics, 'server_waiting', 'waiting', ''),
    gauge(metrics, 'server_kv_cache', 'KV cache', ' %'),
    scalar(metrics, 'server_preemptions', 'preempted', ''),
    scalar(metrics, 'server_prefix_hits', 'prefix hits', ' %', true),
    scalar(metrics, 'server_draft_accepted', 'drafts accepted', ' %'),
    scalar(metrics, 'ttft_outside_server', 'TTFT outside', ' ms', true),
    scalar(metrics, 'server_output_tok_s', 'output', ' tok/s', true),
  ].filter((part) => part !== undefined)
  let line = ''
  for (const part of parts) {
    const longer = line === '' ? `server ${part}` : `${line}, ${part}`
    if (longer.length <= MOST_CHARACTERS) line = longer
  }
  return line === '' ? undefined : line
}

function gauge(
  metrics: Readonly<Record<string, MetricResult>>,
  id: string,
  name: string,
  unit: string,
): string | undefined {
  const result = metrics[id]
  if (result?.kind !== 'distribution') return undefined
  const { mean, min, max } = result.distribution
  return `${name} ${write(mean)}${unit}${min === max ? '' : ` (max ${write(max)})`}`
}

/** `zero`: none of it is worth saying as well. */
function scalar(
  metrics: Readonly<Record<string, MetricResult>>,
  id: string,
  name: string,
  unit: string,
  zero = false,
): string | undefined {
  const result = metrics[id]
  if (result?.kind !== 'scalar' || (result.value === 0 && !zero)) return undefined
  return `${name} ${write(result.value)}${unit}`
}

/** Three digits are enough on a line, and no more than a tenth. */
function write(value: number): string {
  if (Math.abs(value) >= 1e6) return value.toExponential(1)
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(Math.abs(value) < 1 ? 1 : 3)))
}
