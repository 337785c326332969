/**
 * The promises of a `Transport`, tried against servers that send exact bytes over real sockets. A transport that cannot
 * keep one names the test and the reason in `skip`; both are shown.
 */
import type { TransportFactory } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { checkConnections } from './transport-connections.ts'
import { checkFaults } from './transport-faults.ts'
import { checkFraming } from './transport-framing.ts'
import { createLab, type Lab, type TestCertificates } from './transport-lab.ts'
import { checkRequests } from './transport-requests.ts'
import { checkTls } from './transport-tls.ts'

export type { TestCertificates } from './transport-lab.ts'

/** Registers one test. */
export type Check = (name: string, run: (lab: Lab) => Promise<void>) => void

export interface TransportTestOptions {
  /** Tests that this transport cannot pass, and why. */
  readonly skip?: Readonly<Record<string, string>>
  /** Without them the tests of TLS are skipped. */
  readonly certificates?: TestCertificates
}

export function testTransport(name: string, makeTransport: TransportFactory, options: TransportTestOptions = {}): void {
  const { skip = {}, certificates } = options
  describe(`transport ${name}`, () => {
    const names = new Set<string>()
    const check: Check = (title, run) => {
      names.add(title)
      const reason = skip[title]
      if (reason !== undefined) {
        it.skip(`${title} (skipped: ${reason})`, () => {})
        return
      }
      it(title, async (context) => {
        const lab = createLab(makeTransport, certificates, (reason) => context.skip(reason))
        try {
          await run(lab)
        } finally {
          await lab.close()
        }
      })
    }
    describe('framing', () => checkFraming(check))
    describe('faults', () => checkFaults(check))
    describe('requests', () => checkRequests(check))
    describe('connections', () => checkConnections(check))
    if (certificates === undefined) it.skip('TLS (skipped: no certificates were given)', () => {})
    else describe('TLS', () => checkTls(check))

    it('skips only tests that exist', () => {
      const unknown = Object.keys(skip).filter((title) => !names.has(title))
      expect(certificates === undefined ? [] : unknown).toEqual([])
    })
  })
}
