import type { MetricDefinition } from 'inferbench'

function define(
  id: string,
  title: string,
  unit: string,
  formula: string,
  rest: Partial<Pick<MetricDefinition, 'direction' | 'source'>> = {},
): MetricDefinition {
  const source = 'counters of NVML (through DCGM), AMD and RAPL; else the integral of power, as Zeus and InferenceX do'
  return { id, title, unit, direction: 'lower', version: 1, kind: 'scalar', formula, source, ...rest }
}

const GOOD = 'answers within every --slo limit'
const PER_TOKEN = 'gross energy / output tokens of the window'

/** Gross unless named net. */
export const definitions: readonly MetricDefinition[] = [
  define('energy', 'energy', 'J', 'of all that is metered: GPUs of the server, processor packages, their memory', {
    direction: 'neutral',
  }),
  define('energy_gpu', 'GPU energy', 'J', 'of the GPUs of the server', { direction: 'neutral' }),
  define(
    'energy_cpu',
    'CPU energy',
    'J',
    'of all processor packages of the machine, whoever used them: the client too where it runs there',
    {
      direction: 'neutral',
      source: 'RAPL, /sys/class/powercap',
    },
  ),
  define('energy_dram', 'DRAM energy', 'J', 'of the memory of the machine', {
    direction: 'neutral',
    source: 'RAPL, /sys/class/powercap',
  }),
  define(
    'energy_uncertainty',
    'energy uncertain by',
    '%',
    'counter: the rise around each edge that may lie beyond it; power: half of step times change, summed (monotone between readings); / energy. The error of the meter comes on top',
    { source: 'bounds of the trapezoidal rule; NVIDIA names 5 W as the error of its power' },
  ),
  define('power', 'power', 'W', 'gross energy / seconds', { direction: 'neutral' }),
  define(
    'power_idle',
    'idle power',
    'W',
    'energy / seconds before the load, else after it: the server is ready and idle',
  ),
  define('energy_net', 'energy above idle', 'J', 'gross energy - idle power * seconds', { direction: 'neutral' }),
  define('energy_per_token', 'energy per token', 'J', PER_TOKEN),
  define('energy_net_per_token', 'net energy per token', 'J', 'energy above idle / output tokens of the window'),
  define('energy_per_request', 'energy per request', 'J', 'gross energy / whole answers'),
  define('energy_net_per_request', 'net energy per request', 'J', 'energy above idle / whole answers'),
  define('energy_per_good_request', 'energy per good request', 'J', `gross energy / ${GOOD}`),
  define('tokens_per_joule', 'tok/s per watt', 'tok/J', 'output tokens / gross energy: tokens a second and watt', {
    direction: 'higher',
    source: 'AIPerf output_tokens_per_joule; MLPerf Power',
  }),
  define('energy_delay', 'energy-delay product', 'J s', 'gross energy per whole answer * mean end-to-end seconds', {
    source: 'Gonzalez and Horowitz 1996, for one request',
  }),
  define(
    'cost_per_mtok',
    'cost of 1M tokens',
    'money/Mtok',
    'output tokens only: GPUs * hours * --price-gpu-hour + gross kWh * --price-kwh, of what is given',
    {
      source: 'in the money of the prices',
    },
  ),
  define('co2_per_mtok', 'CO2 of 1M tokens', 'g/Mtok', 'output tokens only: gross kWh * --gco2-kwh'),
]
