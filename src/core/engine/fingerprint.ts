/** Makes fingerprints and compares them. Pure; a run is described to it by facts, so that nothing else can get in. */
import type { Fingerprint, FingerprintDifference, FingerprintPart, FingerprintPartName } from '../fingerprint.ts'
import { hashText } from '../workload/hash.ts'

type Members = Readonly<Record<string, unknown>>

/** Everything that a fingerprint is made of. Members that are undefined count as missing. */
export interface FingerprintFacts {
  readonly server: { readonly adapter: string; readonly version?: string }
  readonly model: string
  readonly endpoint: { readonly kind: string; readonly stream: boolean }
  /** How each request is made: names of headers, body members with their strings hidden, limits of time. */
  readonly request: Members
  readonly scenarios: readonly { readonly name: string; readonly workload: Members; readonly schedule: Members }[]
  readonly seed: number
  /** Versions of metric definitions, by their origin. */
  readonly definitions: Readonly<Record<string, number | string>>
  /** The limits that a good request meets. */
  readonly limits: readonly string[]
  readonly machine: Members
  readonly runtime: { readonly name: string; readonly version: string }
  readonly transport: Members
  /** That carry the load; 0: the main thread does. */
  readonly threads: number
}

/** What only the answers tell. */
export interface FoundFacts {
  /** Who counted tokens: `server`, `tokenizer 1a2b`, `chunks`. */
  readonly tokens: readonly string[]
  /** The server's `system_fingerprint`. */
  readonly build?: string
}

interface PartFacts {
  readonly title: string
  readonly about: FingerprintDifference['about']
}

/** Every part, in the order in which differences are told. */
export const FINGERPRINT_PARTS: Readonly<Record<FingerprintPartName, PartFacts>> = {
  server: { title: 'server', about: 'what is measured' },
  build: { title: 'server build', about: 'what is measured' },
  model: { title: 'model', about: 'what is measured' },
  endpoint: { title: 'endpoint', about: 'what is asked' },
  request: { title: 'request', about: 'what is asked' },
  workload: { title: 'workload', about: 'what is asked' },
  seed: { title: 'seed', about: 'what is asked' },
  schedule: { title: 'schedule', about: 'what is asked' },
  definitions: { title: 'metric definitions', about: 'what numbers mean' },
  tokens: { title: 'token counter', about: 'what numbers mean' },
  limits: { title: 'limits of a good request', about: 'what numbers mean' },
  machine: { title: 'client machine', about: 'who measures' },
  runtime: { title: 'client runtime', about: 'who measures' },
  transport: { title: 'transport', about: 'who measures' },
  threads: { title: 'client threads', about: 'who measures' },
}

const PART_NAMES = Object.keys(FINGERPRINT_PARTS) as FingerprintPartName[]

/** Before the first request; {@link completeFingerprint} adds what the answers tell. */
export function makeFingerprint(facts: FingerprintFacts): Fingerprint {
  const { server, endpoint, runtime } = facts
  const scenarios = facts.scenarios.map(({ name, workload, schedule }) => ({
    name,
    workload: makePart(workload),
    schedule: makePart(schedule),
  }))
  const parts: Fingerprint['parts'] = {
    server: makePart(server, [server.adapter, server.version].filter(Boolean).join(' ')),
    model: makePart(facts.model),
    endpoint: makePart(endpoint, `${endpoint.kind}, ${endpoint.stream ? 'streamed' : 'not streamed'}`),
    request: makePart(facts.request),
    workload: joinParts(scenarios, 'workload'),
    seed: makePart(facts.seed),
    schedule: joinParts(scenarios, 'schedule'),
    definitions: makePart(facts.definitions),
    limits: makePart(facts.limits, facts.limits.join(', ') || 'none'),
    machine: makePart(facts.machine),
    runtime: makePart(runtime, `${runtime.name} ${runtime.version}`),
    transport: makePart(facts.transport),
    threads: makePart(facts.threads, facts.threads === 0 ? 'the main one' : `${facts.threads}`),
  }
  return {
    hash: hashParts(parts),
    parts,
    scenarios: Object.fromEntries(scenarios.map(({ name, ...own }) => [name, own])),
  }
}

export function completeFingerprint(fingerprint: Fingerprint, { tokens, build }: FoundFacts): Fingerprint {
  const counters = [...new Set(tokens)].sort()
  const parts = {
    ...fingerprint.parts,
    tokens: makePart(counters, counters.join(' and ') || 'nobody'),
    ...(build !== undefined && { build: makePart(build) }),
  }
  return { ...fingerprint, hash: hashParts(parts), parts }
}

/** The fingerprint of one scenario: as if the run had held no other. undefined when the run has no such scenario. */
export function narrowFingerprint(fingerprint: Fingerprint, scenario: string): Fingerprint | undefined {
  if (!Object.hasOwn(fingerprint.scenarios, scenario)) return undefined
  const own = fingerprint.scenarios[scenario]!
  const parts = { ...fingerprint.parts, ...own }
  return { hash: hashParts(parts), parts, scenarios: { [scenario]: own } }
}

/**
 * The parts in which two runs differ, in the order of {@link FINGERPRINT_PARTS}; empty when they may be compared. A run
 * from before there were fingerprints (undefined), or one that does not know a part, differs there from any that does.
 */
export function compareFingerprints(
  ours: Fingerprint | undefined,
  theirs: Fingerprint | undefined,
): FingerprintDifference[] {
  return PART_NAMES.flatMap((name) => {
    const our = ours?.parts[name]
    const their = theirs?.parts[name]
    return our?.hash === their?.hash ? [] : [describeDifference(name, our, their)]
  })
}

function describeDifference(
  name: FingerprintPartName,
  ours: FingerprintPart | undefined,
  theirs: FingerprintPart | undefined,
): FingerprintDifference {
  const { title, about } = FINGERPRINT_PARTS[name]
  const alike = ours?.text === theirs?.text
  const [our, their] = leaveShared(ours?.text ?? '', theirs?.text ?? '')
  const say = (part: FingerprintPart | undefined, own: string): string =>
    part === undefined ? 'not known' : alike ? `${part.text} (${part.hash})` : own
  return {
    name,
    title,
    about,
    ...(ours && { ours: ours.text }),
    ...(theirs && { theirs: theirs.text }),
    line: `${title}: ${say(ours, our)}, against ${say(theirs, their)}`,
  }
}

/** Without the members at both ends that two texts of one scenario share: what differs stands out. */
function leaveShared(ours: string, theirs: string): readonly [string, string] {
  const [a, b] = [ours.split(', '), theirs.split(', ')]
  if (ours === '' || theirs === '' || `${ours}${theirs}`.includes('; ')) return [ours, theirs]
  const shorter = Math.min(a.length, b.length)
  let start = 0
  while (start < shorter && a[start] === b[start]) start++
  let end = 0
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const own = (members: readonly string[]): string => members.slice(start, members.length - end).join(', ') || 'nothing'
  return [own(a), own(b)]
}

function makePart(value: unknown, text: string = describeValue(value)): FingerprintPart {
  return { hash: hashText(writeCanonical(value)), text }
}

function hashParts(parts: Fingerprint['parts']): string {
  return hashText(writeCanonical(Object.fromEntries(PART_NAMES.map((name) => [name, parts[name]?.hash]))))
}

/** JSON with the members of every object in the order of their names, and without those that are undefined. */
export function writeCanonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** `kind synthetic, inputTokens 128±32` */
function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  if (members.length === 0) return 'nothing'
  const show = (member: unknown): string => (typeof member === 'string' ? member : writeCanonical(member))
  return members.map(([name, member]) => `${name} ${show(member)}`).join(', ')
}

/** A run of one scenario has that scenario's part. The text stands once where all scenarios share it. */
function joinParts(
  scenarios: readonly ({ readonly name: string } & Fingerprint['scenarios'][string])[],
  part: 'workload' | 'schedule',
): FingerprintPart {
  if (scenarios.length === 1) return scenarios[0]![part]
  const texts = new Set(scenarios.map((scenario) => scenario[part].text))
  const text =
    texts.size === 1
      ? [...texts][0]!
      : scenarios.map((scenario) => `${scenario.name}: ${scenario[part].text}`).join('; ')
  return makePart(
    scenarios.map((scenario) => [scenario.name, scenario[part].hash]),
    text,
  )
}
