/** Whom to trust. The runtime's own authorities, the system's, and what the user adds: added, never instead. */
import { existsSync, readFileSync } from 'node:fs'
import * as tls from 'node:tls'
import { BenchError } from '../../core/errors.ts'
import type { TransportOptions } from '../../core/platform.ts'
import { readEnv } from '../probes.ts'

export type TlsContext = Pick<tls.ConnectionOptions, 'ca' | 'secureContext' | 'rejectUnauthorized' | 'ALPNProtocols'>

/** Where distributions keep the system's authorities; read where the runtime cannot ask the system itself. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Made once for a transport: parsing hundreds of certificates takes longer than a handshake. */
export function createTlsContext(options: TransportOptions): TlsContext {
  const rejectUnauthorized = !options.insecure
  if (options.insecure) return { rejectUnauthorized, ALPNProtocols: ['http/1.1'] }
  const secureContext = tls.createSecureContext({ ca: [...listAuthorities(options.ca)] })
  return { secureContext, rejectUnauthorized, ALPNProtocols: ['http/1.1'] }
}

/** PEM texts, each once. */
export function listAuthorities(extra: string | undefined): ReadonlySet<string> {
  const authorities = new Set<string>(tls.rootCertificates)
  // Node 22.15 and later; elsewhere what the system and the user's environment name.
  const getCertificates = (tls as { getCACertificates?: (type: string) => readonly string[] }).getCACertificates
  if (getCertificates !== undefined) {
    for (const type of ['default', 'system']) for (const pem of getCertificates(type)) authorities.add(pem)
  } else {
    const system = readEnv('SSL_CERT_FILE') ?? SYSTEM_BUNDLES.find((path) => existsSync(path))
    for (const path of [system, readEnv('NODE_EXTRA_CA_CERTS')]) {
      if (path !== undefined) for (const pem of readBundle(path)) authorities.add(pem)
    }
  }
  if (extra !== undefined) authorities.add(extra)
  return authorities
}

/** TLS libraries pass over text that holds no certificate, and then fail at every connection. */
export function requireCertificates(ca: string | undefined): void {
  if (ca === undefined || ca.match(CERTIFICATE) !== null) return
  throw new BenchError('usage', 'the certificate authority holds no certificate; give a file in PEM form')
}

/** What cannot be read is not there: nobody asked for it by name. */
function readBundle(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').match(CERTIFICATE) ?? []
  } catch {
    return []
  }
}
