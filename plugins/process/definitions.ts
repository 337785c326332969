import type { MetricDefinition } from 'inferbench'

const PROC = 'Linux: proc(5), stat of every process of the server; macOS: ps'

function define(
  definition: Pick<MetricDefinition, 'id' | 'title' | 'unit' | 'formula'> & Partial<MetricDefinition>,
): MetricDefinition {
  return { direction: 'lower', version: 1, kind: 'distribution', source: PROC, ...definition }
}

/** In the order of reports. */
export const definitions: readonly MetricDefinition[] = [
  define({
    id: 'server_cpu',
    title: 'CPU of the server',
    unit: '%',
    direction: 'neutral',
    formula: '100 * CPU time / time, a sample a reading, all processes together; 100 is one core',
  }),
  define({
    id: 'server_cpu_system',
    title: 'of it in the kernel',
    unit: '%',
    kind: 'scalar',
    formula: '100 * CPU time in the kernel / CPU time, over the window',
  }),
  define({
    id: 'server_memory',
    title: 'memory of the server',
    unit: 'MiB',
    formula: 'resident set, summed over its processes: what they share counts for each',
  }),
  define({
    id: 'server_memory_shared_once',
    title: 'memory, what is shared once',
    unit: 'MiB',
    formula: 'proportional set (Pss), summed over its processes; of several processes below 4 GiB',
    source: 'Linux: proc(5), smaps_rollup',
  }),
  define({
    id: 'server_memory_growth',
    title: 'growth of memory',
    unit: 'MiB',
    kind: 'scalar',
    formula: 'resident set at the end of the window - at its start; with repetitions their sum',
  }),
  define({
    id: 'server_processes',
    title: 'processes of the server',
    unit: '1',
    direction: 'neutral',
    formula: 'alive',
  }),
  define({
    id: 'server_threads',
    title: 'threads of the server',
    unit: '1',
    direction: 'neutral',
    formula: 'of all its processes',
  }),
  define({
    id: 'server_files',
    title: 'open files of the server',
    unit: '1',
    direction: 'neutral',
    formula: 'descriptors of all its processes, sockets included; every two seconds',
    source: 'Linux: proc(5), fd',
  }),
  define({
    id: 'server_major_faults',
    title: 'page faults to disk',
    unit: '1/s',
    kind: 'scalar',
    formula: 'major page faults of the server / seconds',
  }),
  define({
    id: 'client_cpu',
    title: 'CPU of the client',
    unit: '%',
    formula: '100 * CPU time / time, all threads of its process, spinning for punctual sends included; 100 is one core',
  }),
  define({
    id: 'client_cpu_wait',
    title: 'client waiting for a core',
    unit: '%',
    formula: '100 * time ready to run without a core / time, of the thread that waited longest; every two seconds',
    source: 'Linux: schedstat of every thread (Documentation/scheduler/sched-stats)',
  }),
  define({ id: 'client_memory', title: 'memory of the client', unit: 'MiB', formula: 'resident set' }),
  define({
    id: 'client_threads',
    title: 'threads of the client',
    unit: '1',
    direction: 'neutral',
    formula: 'of its process',
  }),
  define({
    id: 'client_files',
    title: 'open files of the client',
    unit: '1',
    direction: 'neutral',
    formula: 'descriptors, sockets included; every two seconds',
    source: 'Linux: proc(5), fd',
  }),
  define({
    id: 'machine_busy',
    title: 'the machine busy',
    unit: '%',
    direction: 'neutral',
    kind: 'scalar',
    formula: '100 * time of all cores that was not idle / time of all cores',
    source: 'Linux: proc(5), /proc/stat; waiting for a disk is idle, time stolen by other guests is not',
  }),
]
