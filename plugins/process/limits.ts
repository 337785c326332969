import type { Limit } from 'inferbench'

/** Rows that this plugin adds to the verdict's table. */
export const limits: readonly Limit[] = [
  {
    code: 'machine-busy',
    measures:
      'time for which a thread of the client waited for a core of a machine that the server kept busy (95 % or more)',
    unit: '%',
    bad: 'above',
    suspect: 10,
    why: 'what comes is stamped when a core is free: a thread that waits a tenth of the time is late for one event in ten',
    remedy: 'leave the client a core of its own (taskset for the server), or measure from another machine',
    // A pause is measured by the clock: a collector that waits for a core seems slow.
    explains: ['gc-pause', 'timer-lateness', 'client-stall', 'send-lateness', 'buffered-stream', 'instrument-error'],
  },
  {
    code: 'server-paging',
    measures: 'page faults of the server that waited for a disk',
    unit: '1/s',
    bad: 'above',
    suspect: 100,
    why: 'each takes 0.1 ms of the fastest disk and 10 ms of a slow one: 100 a second are 1 % to all of the time of a thread',
    remedy: 'give the server the memory that it needs, or warm it up until its weights are read',
    explains: ['ttft-trend'],
  },
]
