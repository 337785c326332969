import * as fc from 'fast-check'
import type { RunPlan } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import { closedLoop, constant, poisson, replay } from '../../src/core/arrival/mod.ts'
import {
  compareFingerprints,
  completeFingerprint,
  FINGERPRINT_PARTS,
  type FingerprintFacts,
  makeFingerprint,
  narrowFingerprint,
  writeCanonical,
} from '../../src/core/engine/fingerprint.ts'
import { type FingerprintSetting, gatherFacts } from '../../src/core/engine/fingerprint-facts.ts'
import type { Fingerprint, FingerprintPartName } from '../../src/core/fingerprint.ts'
import type { Platform } from '../../src/core/platform.ts'
import { loadTestPlatform, makePlan, makeScenario } from '../support/plan.ts'

const facts: FingerprintFacts = {
  server: { adapter: 'vllm', version: '0.11.0' },
  model: 'm',
  endpoint: { kind: 'chat', stream: true },
  request: { temperature: 0, forceLength: true, headers: ['x-team'], timeouts: { connectMs: 10 } },
  scenarios: [
    { name: 'c1', workload: { kind: 'synthetic', inputTokens: '128' }, schedule: { arrival: 'closed loop, 1 slot' } },
    { name: 'c2', workload: { kind: 'synthetic', inputTokens: '128' }, schedule: { arrival: 'closed loop, 2 slots' } },
  ],
  seed: 42,
  definitions: { inferbench: 1 },
  limits: ['ttft<=200ms'],
  machine: { cpu: 'some cpu', cores: 8 },
  runtime: { name: 'node', version: '24.0.0' },
  transport: { name: 'socket', connections: 'reuse' },
  threads: 1,
}

const fingerprint = completeFingerprint(makeFingerprint(facts), { tokens: ['server'] })

function differing(ours: Fingerprint, theirs: Fingerprint): FingerprintPartName[] {
  return compareFingerprints(ours, theirs).map(({ name }) => name)
}

/** The same value with the members of every object in another order. */
function reorder(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((part) => reorder(part, random))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, part]) => ({ name, part, at: random() }))
  members.sort((a, b) => a.at - b.at)
  return Object.fromEntries(members.map(({ name, part }) => [name, reorder(part, random)]))
}

describe('writeCanonical', () => {
  it('gives one text to values that differ in the order of members alone, and others to others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.infiniteStream(fc.double({ noNaN: true })), (a, b, stream) => {
        const random = (): number => stream.next().value!
        expect(writeCanonical(reorder(a, random))).toBe(writeCanonical(a))
        expect(JSON.parse(writeCanonical(a))).toEqual(JSON.parse(JSON.stringify(a)))
        if (writeCanonical(a) === writeCanonical(b)) {
          expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)))
        }
      }),
    )
  })

  it('leaves out what is undefined', () => {
    expect(writeCanonical({ b: undefined, a: [1, { d: 'x', c: null }] })).toBe('{"a":[1,{"c":null,"d":"x"}]}')
  })
})

describe('fingerprint', () => {
  it('does not hang on the order of members', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ noNaN: true })), (stream) => {
        const other = makeFingerprint(reorder(facts, () => stream.next().value!) as FingerprintFacts)
        expect(other.hash).toBe(makeFingerprint(facts).hash)
        expect(compareFingerprints(makeFingerprint(facts), other)).toEqual([])
      }),
    )
  })

  it('is the same on every runtime and in every later version', () => {
    expect(fingerprint.hash).toBe('0nd9imedh6h')
  })

  const [c1, c2] = facts.scenarios as [FingerprintFacts['scenarios'][0], FingerprintFacts['scenarios'][0]]
  const changes: readonly (readonly [FingerprintPartName, Partial<FingerprintFacts>])[] = [
    ['server', { server: { adapter: 'sglang', version: '0.11.0' } }],
    ['server', { server: { adapter: 'vllm', version: '0.11.1' } }],
    ['server', { server: { adapter: 'vllm' } }],
    ['model', { model: 'n' }],
    ['endpoint', { endpoint: { kind: 'completions', stream: true } }],
    ['endpoint', { endpoint: { kind: 'chat', stream: false } }],
    ['request', { request: { ...facts.request, temperature: 0.7 } }],
    ['workload', { scenarios: [{ ...c1, workload: { kind: 'synthetic', inputTokens: '129' } }, c2] }],
    ['seed', { seed: 43 }],
    ['schedule', { scenarios: [{ ...c1, schedule: { arrival: 'closed loop, 3 slots' } }, c2] }],
    ['definitions', { definitions: { inferbench: 2 } }],
    ['limits', { limits: [] }],
    ['machine', { machine: { cpu: 'some cpu', cores: 9 } }],
    ['runtime', { runtime: { name: 'node', version: '24.0.1' } }],
    ['transport', { transport: { name: 'socket', connections: 'fresh' } }],
    ['threads', { threads: 2 }],
  ]
  it.each(changes)('a change of %s changes that part and the whole (%j)', (name, change) => {
    const other = completeFingerprint(makeFingerprint({ ...facts, ...change }), { tokens: ['server'] })
    expect(differing(fingerprint, other)).toEqual([name])
    expect(other.hash).not.toBe(fingerprint.hash)
  })

  it('differs in the counter of tokens and in the build of the server, once they are known', () => {
    const start = makeFingerprint(facts)
    expect(start.parts.tokens).toBeUndefined()
    expect(differing(start, fingerprint)).toEqual(['tokens'])
    const chunks = completeFingerprint(start, { tokens: ['chunks', 'server', 'chunks'] })
    expect(chunks.parts.tokens?.text).toBe('chunks and server')
    expect(differing(fingerprint, chunks)).toEqual(['tokens'])
    expect(differing(fingerprint, completeFingerprint(start, { tokens: ['server'], build: 'b1' }))).toEqual(['build'])
  })

  it('names every part in each difference', () => {
    expect(Object.keys(fingerprint.parts).sort()).toEqual(
      Object.keys(FINGERPRINT_PARTS)
        .filter((name) => name !== 'build')
        .sort(),
    )
  })
})

describe('compareFingerprints', () => {
  it('says both sides on one line', () => {
    const other = completeFingerprint(makeFingerprint({ ...facts, seed: 7 }), { tokens: ['server'] })
    expect(compareFingerprints(fingerprint, other)).toEqual([
      { name: 'seed', title: 'seed', about: 'what is asked', ours: '42', theirs: '7', line: 'seed: 42, against 7' },
    ])
  })

  it('leaves out what both sides of a part share', () => {
    const lineOf = (machine: Readonly<Record<string, unknown>>): string | undefined => {
      const other = completeFingerprint(makeFingerprint({ ...facts, machine }), { tokens: ['server'] })
      return compareFingerprints(fingerprint, other).find(({ name }) => name === 'machine')?.line
    }
    expect(lineOf({ cpu: 'some cpu', cores: 4 })).toBe('client machine: cores 8, against cores 4')
    expect(lineOf({ cpu: 'another', cores: 8 })).toBe('client machine: cpu some cpu, against cpu another')
    expect(lineOf({ cpu: 'some cpu', cores: 8, memory: 1 })).toBe('client machine: nothing, against memory 1')
    expect(lineOf({})).toBe('client machine: cpu some cpu, cores 8, against nothing')
  })

  it('takes a run without a fingerprint for unlike in every part that the other knows', () => {
    const differences = compareFingerprints(undefined, fingerprint)
    expect(differences.map(({ name }) => name)).toEqual(
      Object.keys(FINGERPRINT_PARTS).filter((name) => name !== 'build'),
    )
    expect(differences.find(({ name }) => name === 'model')).toEqual({
      name: 'model',
      title: 'model',
      about: 'what is measured',
      theirs: 'm',
      line: 'model: not known, against m',
    })
    expect(compareFingerprints(undefined, undefined)).toEqual([])
  })

  it('adds the hashes where the words are the same', () => {
    const odd: Fingerprint = { ...fingerprint, parts: { ...fingerprint.parts, model: { hash: 'zzz', text: 'm' } } }
    expect(compareFingerprints(fingerprint, odd)[0]?.line).toMatch(/^model: m \([0-9a-z]{11}\), against m \(zzz\)$/)
  })
})

describe('narrowFingerprint', () => {
  it('gives what a run of that scenario alone would have', () => {
    const alone = makeFingerprint({ ...facts, scenarios: [{ ...facts.scenarios[1]!, name: 'another name' }] })
    const narrowed = narrowFingerprint(fingerprint, 'c2')!
    expect(differing(narrowed, completeFingerprint(alone, { tokens: ['server'] }))).toEqual([])
    expect(narrowed.hash).toBe(completeFingerprint(alone, { tokens: ['server'] }).hash)
    expect(differing(narrowed, fingerprint)).toEqual(['workload', 'schedule'])
    expect(narrowFingerprint(fingerprint, 'c3')).toBeUndefined()
    expect(narrowFingerprint(fingerprint, 'toString')).toBeUndefined()
  })
})

describe('what of a run goes in', () => {
  let platform: Platform
  beforeAll(async () => {
    platform = await loadTestPlatform()
  })

  function fingerprintOf(changes: Partial<RunPlan>, setting: Partial<FingerprintSetting> = {}): Fingerprint {
    const plan = makePlan('http://localhost:1', changes)
    const { adapter, endpoint, ...target } = plan.target as typeof plan.target & { adapter?: never }
    return makeFingerprint(
      gatherFacts({
        plan,
        platform,
        discovery: {
          target: { ...target, endpoint, model: 'm' },
          modelDiscovered: true,
          facts: { version: '1.0' },
          notes: [],
        },
        workloads: [],
        transport: 'socket',
        threads: 1,
        ...setting,
      }),
    )
  }
  const withArrival = (arrival: ReturnType<typeof poisson>, seed = 1): Fingerprint =>
    fingerprintOf({ scenarios: [makeScenario({ arrival })], seed })

  it('the seed stands in its own part alone', () => {
    expect(differing(withArrival(poisson(5, 1), 1), withArrival(poisson(5, 2), 2))).toEqual(['seed'])
  })

  it('schedules that their names do not tell apart differ', () => {
    expect(differing(withArrival(replay([0, 1, 2])), withArrival(replay([0, 1, 3])))).toEqual(['schedule'])
    expect(differing(withArrival(replay([0, 1, 2])), withArrival(replay([0, 1, 2])))).toEqual([])
    expect(differing(withArrival(constant(5)), withArrival(constant(6)))).toEqual(['schedule'])
  })

  it('warm-up, limits of time, connections, proxy and threads each in their part', () => {
    const base = fingerprintOf({})
    const warm = makeScenario({ warmup: { kind: 'requests', requests: 1 } })
    const slow = makeScenario({ arrival: closedLoop(1), maxInFlight: 3 })
    expect(differing(base, fingerprintOf({ scenarios: [warm] }))).toEqual(['schedule'])
    expect(differing(base, fingerprintOf({ scenarios: [slow] }))).toEqual(['schedule'])
    expect(differing(base, fingerprintOf({ timeouts: { connectMs: 1 } }))).toEqual(['request'])
    expect(differing(base, fingerprintOf({ slo: [{ metric: 'ttft', limitMs: 5 }] }))).toEqual(['limits'])
    expect(differing(base, fingerprintOf({}, { threads: 4 }))).toEqual(['threads'])
    const proxy = { connections: 'reuse', connectTimeoutMs: 2000, insecure: false, proxy: 'http://u:p@proxy' } as const
    expect(differing(base, fingerprintOf({ transportOptions: proxy }))).toEqual(['transport'])
  })

  it('the name of a header and the shape of the body count; their texts neither count nor show', () => {
    const secret = 'canary-secret-value'
    const asking = (value: string): Fingerprint =>
      fingerprintOf({
        target: {
          ...makePlan('http://localhost:1').target,
          apiKey: value,
          headers: [['X-Team', value]],
          body: { top_k: 5, user: { token: value } },
        },
        transportOptions: { connections: 'reuse', connectTimeoutMs: 1, insecure: false, proxy: `http://u:${value}@p` },
        options: { apiKey: value },
        secrets: [value],
      })
    expect(asking(secret)).toEqual(asking('another-secret'))
    expect(JSON.stringify(asking(secret))).not.toContain(secret)
    expect(asking(secret).parts.request?.text).toContain(
      'headers ["x-team"], body {"top_k":5,"user":{"token":"[hidden]"}}',
    )
    expect(differing(asking(secret), fingerprintOf({}))).toEqual(['request', 'transport'])
  })
})
