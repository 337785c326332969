import type { Limit, MetricDefinition } from 'inferbench'

function define(
  definition: Pick<MetricDefinition, 'id' | 'title' | 'unit' | 'formula' | 'source'> & Partial<MetricDefinition>,
): MetricDefinition {
  return { direction: 'lower', version: 1, kind: 'distribution', ...definition }
}

/** In the order of reports. */
export const definitions: readonly MetricDefinition[] = [
  define({
    id: 'network_connect',
    title: 'round trip',
    unit: 'ms',
    formula: 'making a TCP connection, without name resolution and TLS: one packet there, one back',
    source: 'RFC 9293, 3.5; kernels answer it, so that a busy server shows only when its queue of connections is full',
  }),
  define({
    id: 'network_answer',
    title: 'answer of an idle route',
    unit: 'ms',
    formula: 'GET sent to first byte of the answer, over a connection that is ready',
    source: 'own: a round trip, and what the loop of the server and of those before it is behind',
  }),
  define({
    id: 'network_loss',
    title: 'questions without an answer',
    unit: '%',
    kind: 'scalar',
    formula: '100 * failed / all',
    source: 'own',
  }),
  define({
    id: 'network_share',
    title: 'round trip, of TTFT',
    unit: '%',
    kind: 'scalar',
    formula: '100 * network_connect p50 / ttft p50',
    source: 'own: TTFT counts from a connection that is ready, so that it has one round trip in it',
  }),
  define({
    id: 'network_rise',
    title: 'rise of it under load',
    unit: 'ms',
    kind: 'scalar',
    formula: 'network_connect p50 in the window - the same before and after the load',
    source: 'own',
  }),
  define({
    id: 'clock_offset',
    title: "server's clock ahead",
    unit: 'ms',
    kind: 'scalar',
    direction: 'neutral',
    formula: 'middle of what all Date headers together allow',
    source: 'RFC 9110, 6.6.1: whole seconds; the moment of an answer lies between its question and its coming',
  }),
]

/** Rows that this plugin adds to the verdict's table. */
export const limits: readonly Limit[] = [
  {
    code: 'network-share',
    measures: 'round trip to the server, of the median TTFT; below 1 ms it does not count',
    unit: '%',
    bad: 'above',
    suspect: 50,
    why: 'a first token of which half is the way there and back says more about the way than about the server',
    remedy: 'measure from nearer to the server',
    explains: ['ttft-trend'],
  },
  {
    code: 'network-rise',
    measures: 'rise of the round trip under load, of the median TTFT; below 1 ms it does not count',
    unit: '%',
    bad: 'above',
    suspect: 25,
    why: 'packets or connections wait in a queue that is not the model: a quarter of TTFT moves every comparison',
    remedy: 'fewer connections, a faster link, or a longer queue of connections (somaxconn) at the server',
    explains: ['connection-wait', 'ttft-trend'],
  },
  {
    code: 'network-loss',
    measures: 'questions to an idle route of the server without an answer',
    unit: '%',
    bad: 'above',
    suspect: 5,
    why: 'a question takes the server no time; what is lost of them is lost of requests too, or comes a second later',
    remedy: 'see series/network.jsonl for the reasons',
    explains: ['errors', 'connection-wait'],
  },
]
