import type { Limit, MetricDefinition } from 'inferbench'

const NVIDIA = 'nvidia-smi, NVML and DCGM; amd-smi; powermetrics: see the source that the run names'

function define(
  id: string,
  title: string,
  unit: string,
  kind: MetricDefinition['kind'],
  formula: string,
  rest: Partial<Pick<MetricDefinition, 'direction' | 'source'>> = {},
): MetricDefinition {
  return { id, title, unit, direction: 'neutral', version: 1, kind, formula, source: NVIDIA, ...rest }
}

const EACH = 'each reading of each GPU of the server'

/** Of the GPUs that the server uses. */
export const definitions: readonly MetricDefinition[] = [
  define('gpu_count', 'GPUs', 'GPUs', 'scalar', 'GPUs of the server that were read'),
  define(
    'gpu_busy',
    'GPU busy',
    '%',
    'distribution',
    `share of time in which a kernel ran, ${EACH}; not how full it was`,
  ),
  define('gpu_sm_clock', 'SM clock', 'MHz', 'distribution', EACH),
  define('gpu_memory_clock', 'memory clock', 'MHz', 'distribution', EACH),
  define('gpu_memory_used', 'GPU memory', 'MiB', 'distribution', 'each reading, all GPUs of the server together'),
  define('gpu_memory_total', 'GPU memory there is', 'MiB', 'scalar', 'all GPUs of the server together'),
  define('gpu_temperature', 'GPU temperature', '°C', 'distribution', EACH),
  define('gpu_power', 'GPU power', 'W', 'distribution', 'each reading, all GPUs of the server together'),
  define(
    'gpu_power_limit',
    'GPU power limit',
    'W',
    'scalar',
    'mean of what is enforced, all GPUs of the server together',
  ),
  define(
    'gpu_throttled',
    'throttled',
    '%',
    'scalar',
    'readings with a slowdown of hardware, a thermal one, or a power brake / readings of all GPUs of the server',
    { direction: 'lower', source: 'nvmlClocksEventReasons, bits 0x8 0x20 0x40 0x80; amd-smi throttle' },
  ),
  define(
    'gpu_power_capped',
    'at its power limit',
    '%',
    'scalar',
    'readings in which software keeps to the power limit / readings of all GPUs of the server',
    { source: 'nvmlClocksEventReasons, bit 0x4; amd-smi ppt' },
  ),
  define('gpu_ecc_errors', 'ECC errors', 'errors', 'scalar', 'uncorrected volatile errors at the end - at the start', {
    direction: 'lower',
    source: 'ecc.errors.uncorrected.volatile.total; DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
  }),
  define('gpu_xid_errors', 'XID errors', 'errors', 'scalar', 'how often the last error of the driver was another one', {
    direction: 'lower',
    source: 'DCGM_FI_DEV_XID_ERRORS; nvidia-smi does not tell it',
  }),
]

export const limits: readonly Limit[] = [
  {
    code: 'gpu-throttled',
    measures: 'readings in which a GPU of the server was slowed down by heat, by hardware or by a power brake',
    unit: '%',
    bad: 'above',
    suspect: 1,
    why: 'the clocks fall to half or less meanwhile; a change of clocks by itself can show in a reading or two',
    remedy: 'cool it, check its power supply, or lock its clocks where it can hold them',
    explains: [],
  },
  {
    code: 'gpu-shared',
    measures: 'processes other than the server that hold memory of its GPUs',
    unit: 'processes',
    bad: 'above',
    suspect: 0,
    why: 'what they compute meanwhile is missing to the server',
    remedy: 'end them, or give the server GPUs of its own',
    explains: [],
  },
  {
    code: 'gpu-busy-idle',
    measures: 'median utilisation of a GPU of the server while no request was sent',
    unit: '%',
    bad: 'above',
    suspect: 20,
    why: 'a server without requests computes nothing; what does is somebody else, or its own start that goes on',
    remedy: 'look who computes there (nvidia-smi), or wait until it is idle',
    explains: [],
  },
  {
    code: 'gpu-errors',
    measures: 'uncorrected errors of memory, and errors of the driver (XID), on a GPU of the server',
    unit: 'errors',
    bad: 'above',
    suspect: 0,
    why: 'answers may be wrong, and pages are taken out of use',
    remedy: "look for the XID in NVIDIA's table and in the system's log; reset or replace the GPU",
    explains: [],
  },
  {
    code: 'gpu-lost',
    measures: 'GPUs of the server that ceased to answer',
    unit: 'GPUs',
    bad: 'above',
    suspect: 0,
    why: 'nothing is known of it from then on, and mostly it does not compute any more',
    remedy: 'look at the system log; the machine may have to be started again',
    explains: [],
  },
]
