/** The only file that names JavaScript runtimes: everything else gets a {@link Platform} as a value. */
import type { Platform } from '../core/platform.ts'

interface Globals {
  readonly Deno?: { readonly version?: { readonly deno?: string } }
  readonly Bun?: { readonly version?: string }
  readonly process?: { readonly versions?: { readonly node?: string } }
  readonly navigator?: { readonly userAgent?: string }
}

/**
 * Which runtime this is. Never throws; whatever is not known to be one of the three is `web`. Deno and Bun are asked for
 * first, since both also pretend to be Node; edge runtimes that do the same say who they are in `navigator.userAgent`.
 */
export function detectRuntime(globals: object = globalThis): Platform['name'] {
  try {
    const { Deno, Bun, process, navigator } = globals as Globals
    if (Deno?.version?.deno) return 'deno'
    if (Bun?.version) return 'bun'
    const agent = navigator?.userAgent
    // Node 20 has no `navigator`; later ones say `Node.js/24`.
    const claimsNode = agent === undefined || agent.startsWith('Node.js')
    return claimsNode && process?.versions?.node ? 'node' : 'web'
  } catch {
    return 'web'
  }
}

/** The platform of the runtime that this runs on. Reads nothing that a sandbox may forbid; what is denied is absent. */
export async function loadPlatform(): Promise<Platform> {
  switch (detectRuntime()) {
    case 'node':
      return (await import('./node.ts')).createNodePlatform()
    case 'bun':
      return (await import('./bun.ts')).createBunPlatform()
    case 'deno':
      return (await import('./deno.ts')).createDenoPlatform()
    case 'web':
      return (await import('./web.ts')).createWebPlatform()
  }
}
