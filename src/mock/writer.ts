/** Turns events into bytes, and breaks them where a fault says so. */
import type { Faults } from './faults.ts'

/** What became of a write: go on, end the body, break the connection, or say nothing more. */
export type Written = 'open' | 'truncate' | 'cut' | 'stall'

export interface EventWriter {
  /** Events that belong together leave in one write. */
  events(list: readonly object[]): Written
  done(): Written
  flush(): void
}

const encoder = new TextEncoder()

export function createEventWriter(
  push: (bytes: Uint8Array) => void,
  faults: Faults,
  options: {
    readonly stamp?: (() => string) | undefined
    readonly errorEvent: (message: string) => object
    /** Lines have no comments, so neither stamps nor the fault that adds comments. */
    readonly framing?: 'ndjson' | undefined
  },
): EventWriter {
  const lines = options.framing === 'ndjson'
  const lineEnd = faults.has('crlf') ? '\r\n' : faults.has('cr') ? '\r' : '\n'
  const size = faults.find('slices')
  const bursts = faults.find('bursts')
  let sent = 0
  let held = faults.has('bom') ? '\ufeff' : ''
  let heldEvents = 0

  const flush = (): void => {
    if (held === '') return
    const bytes = encoder.encode(held)
    held = ''
    heldEvents = 0
    const parts = size?.kind === 'slices' ? Math.min(size.size, bytes.length) : 1
    for (let part = 0; part < parts; part++) {
      push(bytes.slice(Math.floor((part * bytes.length) / parts), Math.floor(((part + 1) * bytes.length) / parts)))
    }
  }

  const one = (data: string): Written => {
    const stop = stopsAt(faults, sent)
    if (stop !== undefined) return stop
    const failure = faults.find('error-event')
    if (failure?.kind === 'error-event' && sent === failure.after) {
      const text = JSON.stringify(options.errorEvent(failure.message ?? 'the engine has failed'))
      held += lines ? `${text}${lineEnd}` : `data: ${text}${lineEnd}${lineEnd}data: [DONE]${lineEnd}${lineEnd}`
      return 'truncate'
    }
    const broken = faults.find('malformed')
    const payload = broken?.kind === 'malformed' && broken.at === sent ? data.slice(0, data.length >> 1) : data
    if (lines) held += `${payload}${lineEnd}`
    else holdEvent(payload)
    sent++
    heldEvents++
    if (bursts?.kind === 'bursts' && heldEvents >= bursts.size) flush()
    return 'open'
  }

  const holdEvent = (payload: string): void => {
    if (faults.has('comments')) held += `: still here${lineEnd}${lineEnd}`
    if (options.stamp !== undefined) held += `: sent ${options.stamp()}${lineEnd}`
    held += `data: ${payload}${lineEnd}${lineEnd}`
  }

  const all = (list: readonly string[]): Written => {
    for (const data of list) {
      const written = one(data)
      if (written !== 'open') {
        flush()
        return written
      }
    }
    if (bursts === undefined) flush()
    return 'open'
  }

  return {
    events: (list) => all(list.map((event) => JSON.stringify(distort(event, faults)))),
    done() {
      if (lines || faults.has('missing-done')) return 'open'
      return all(faults.has('double-done') ? ['[DONE]', '[DONE]'] : ['[DONE]'])
    },
    flush,
  }
}

function stopsAt(faults: Faults, sent: number): Exclude<Written, 'open'> | undefined {
  for (const kind of ['stall', 'cut', 'truncate'] as const) {
    const fault = faults.find(kind)
    if (fault !== undefined && 'after' in fault && fault.after === sent) return kind
  }
  return undefined
}

/** Faults that change what an event, or a body that is not streamed, says. */
export function distort(event: object, faults: Faults): object {
  let said = event as Record<string, unknown>
  if (faults.has('no-finish') && Array.isArray(said.choices)) {
    said = { ...said, choices: said.choices.map((choice: object) => ({ ...choice, finish_reason: null })) }
  }
  if (said.usage === undefined || said.usage === null) return said
  if (faults.has('no-usage')) {
    const { usage: _, ...rest } = said
    return rest
  }
  const fault = faults.find('usage')
  return fault?.kind === 'usage' ? { ...said, usage: unbelievable(said.usage as object, fault.mode) } : said
}

function unbelievable(usage: object, mode: 'zeros' | 'negative' | 'text'): object {
  const change = (value: unknown): unknown =>
    typeof value !== 'number' ? value : mode === 'zeros' ? 0 : mode === 'negative' ? -value : String(value)
  return Object.fromEntries(Object.entries(usage).map(([name, value]) => [name, change(value)]))
}
