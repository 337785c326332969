/** Whom to trust. The runtime's own authorities, the system's, and what the user adds: added, never instead. */
import { existsSync, readFileSync } from 'node:fs'
import * as tls from 'node:tls'
import type { TransportOptions } from '../../core/platform.ts'

export type TlsContext = Pick<tls.ConnectionOptions, 'ca' | 'secureContext' | 'rejectUnauthorized' | 'ALPNProtocols'>

/** Where distributions keep the system's authorities; read where the runtime cannot ask the system itself. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

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
  // Node 22.15 and later; elsewhere the bundle that the system keeps.
  const getCertificates = (tls as { getCACertificates?: (type: string) => readonly string[] }).getCACertificates
  if (getCertificates === undefined) for (const pem of readSystemBundle()) authorities.add(pem)
  else for (const type of ['default', 'system']) for (const pem of getCertificates(type)) authorities.add(pem)
  if (extra !== undefined) authorities.add(extra)
  return authorities
}

function readSystemBundle(): readonly string[] {
  const path = SYSTEM_BUNDLES.find((candidate) => existsSync(candidate))
  if (path === undefined) return []
  return readFileSync(path, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}
