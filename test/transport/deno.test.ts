import { describe } from 'vitest'
import { detectRuntime } from '../../src/platform/load.ts'
import { createDenoTransport } from '../../src/platform/transport/deno.ts'
import { testTransport } from '../conformance/transport.ts'
import { certificates } from '../support/certificates.ts'

// Everywhere else there is no `Deno.connect`.
describe.skipIf(detectRuntime() !== 'deno')('on Deno', () => {
  testTransport('deno', createDenoTransport, { certificates })
})
