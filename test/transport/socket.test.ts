import { createSocketTransport } from '../../src/platform/transport/socket.ts'
import { testTransport } from '../conformance/transport.ts'
import { certificates } from '../support/certificates.ts'

testTransport('socket', createSocketTransport, { certificates })
