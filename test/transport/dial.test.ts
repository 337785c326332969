import { describe, expect, it } from 'vitest'
import type { ConnectionOpened, TransportError } from '../../src/core/platform.ts'
import { Dial, type Route } from '../../src/platform/transport/dial.ts'
import type { Link, LinkOwner, Network } from '../../src/platform/transport/link.ts'

interface FakeLink extends Link {
  readonly address: string
  destroyed: boolean
}

type Result = { opened: ConnectionOpened; link: Link } | { error: TransportError }

/** A network whose addresses do only what the test says, by hand. */
function makeNetwork(addresses: readonly string[] | Promise<readonly string[]>): {
  network: Network
  links: FakeLink[]
  /** Resolves when so many links were opened in all. */
  whenOpen(count: number): Promise<void>
} {
  const links: FakeLink[] = []
  const waiting: (() => void)[] = []
  const open = (address: string, _origin: unknown, owner: LinkOwner): Link => {
    const link: FakeLink = {
      address,
      owner,
      destroyed: false,
      write: () => {},
      isSending: () => false,
      destroy() {
        this.destroyed = true
      },
    }
    links.push(link)
    for (const check of waiting) check()
    return link
  }
  const whenOpen = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (links.length >= count) resolve()
      }
      waiting.push(check)
      check()
    })
  return { network: { prepare: () => {}, resolve: async () => addresses, open }, links, whenOpen }
}

function dial(
  route: Route,
  network: Network,
  timeoutMs = 10_000,
): { dial: Dial; results: Result[]; done: Promise<Result> } {
  const results: Result[] = []
  let settle = (_result: Result): void => {}
  const done = new Promise<Result>((resolve) => {
    settle = resolve
  })
  const finish = (result: Result): void => {
    results.push(result)
    settle(result)
  }
  const clock = { now: () => performance.now(), epoch: () => Date.now(), stepMs: 0 }
  const made = new Dial(
    route,
    { network, clock, timeoutMs },
    {
      dialed: (link, opened) => finish({ link, opened }),
      notDialed: (_at, error) => finish({ error }),
    },
  )
  return { dial: made, results, done }
}

const routeTo = (hostname: string, secure = false): Route => ({
  habits: new Map(),
  origin: { secure, hostname, port: 1 },
})
const refused = { code: 'ECONNREFUSED', message: 'refused' }

describe('dial', () => {
  it('takes the next address at once when one refuses, and remembers the one that answered', async () => {
    const { network, links, whenOpen } = makeNetwork(['10.0.0.1', '10.0.0.2'])
    const route = routeTo('server.test')
    const first = dial(route, network)
    await whenOpen(1)
    links[0]!.owner.linkFailed(links[0]!, 1, refused)
    expect(links.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2'])
    links[1]!.owner.linkConnected(links[1]!, 2)
    links[1]!.owner.linkReady(links[1]!, 2)
    expect(await first.done).toMatchObject({ link: links[1], opened: { address: '10.0.0.2' } })

    const second = dial(route, network)
    expect(links[2]!.address).toBe('10.0.0.2')
    links[2]!.owner.linkConnected(links[2]!, 3)
    links[2]!.owner.linkReady(links[2]!, 3)
    const result = await second.done
    expect(result).toMatchObject({ opened: { address: '10.0.0.2' } })
    // The name was resolved for the first one.
    expect(result).not.toHaveProperty('opened.dnsMs')
  })

  it('does not wait for ever for an address that says nothing, and drops the slower one', async () => {
    const { network, links, whenOpen } = makeNetwork(['10.0.0.1', '10.0.0.2'])
    const { done } = dial(routeTo('server.test'), network)
    await whenOpen(2)
    expect(links[0]!.destroyed).toBe(false)
    links[1]!.owner.linkConnected(links[1]!, 1)
    expect(links[0]!.destroyed).toBe(true)
    links[1]!.owner.linkReady(links[1]!, 1)
    expect(await done).toMatchObject({ opened: { address: '10.0.0.2' } })
  })

  it('fails with what the first address said when all fail', async () => {
    const { network, links, whenOpen } = makeNetwork(['10.0.0.1', '10.0.0.2'])
    const { done, results } = dial(routeTo('server.test'), network)
    await whenOpen(1)
    links[0]!.owner.linkFailed(links[0]!, 1, refused)
    links[1]!.owner.linkFailed(links[1]!, 2, { code: 'ENETUNREACH', message: 'unreachable' })
    expect(await done).toEqual({
      error: { stage: 'connect', code: 'ECONNREFUSED', message: 'refused at server.test port 1' },
    })
    expect(results).toHaveLength(1)
  })

  it('says what to do when the process has no more files', async () => {
    const { network, links, whenOpen } = makeNetwork([])
    const { done } = dial(routeTo('10.0.0.1'), network)
    await whenOpen(1)
    links[0]!.owner.linkFailed(links[0]!, 1, { code: 'EMFILE', message: 'connect EMFILE' })
    const result = await done
    expect(result).toMatchObject({ error: { stage: 'connect', code: 'EMFILE' } })
    expect(result).toHaveProperty('error.message', expect.stringContaining('ulimit -n'))
  })

  it.each([
    ['dns', new Promise<readonly string[]>(() => {}), false],
    ['connect', ['10.0.0.1'], false],
    ['tls', ['10.0.0.1'], true],
  ] as const)('gives up in time, and says where it was: %s', async (stage, addresses, connects) => {
    const { network, links, whenOpen } = makeNetwork(addresses)
    const { done } = dial(routeTo('server.test', true), network, 30)
    if (connects) {
      await whenOpen(1)
      links[0]!.owner.linkConnected(links[0]!, 1)
    }
    expect(await done).toMatchObject({ error: { stage, code: 'CONNECT_TIMEOUT' } })
    for (const link of links) expect(link.destroyed).toBe(true)
  })

  it('reports a failed handshake as such', async () => {
    const { network, links, whenOpen } = makeNetwork([])
    const { done } = dial(routeTo('10.0.0.1', true), network)
    await whenOpen(1)
    links[0]!.owner.linkConnected(links[0]!, 1)
    links[0]!.owner.linkFailed(links[0]!, 2, { code: 'CERT_HAS_EXPIRED', message: 'expired' })
    expect(await done).toEqual({ error: { stage: 'tls', code: 'CERT_HAS_EXPIRED', message: 'expired' } })
  })

  it('asks the resolver again after it failed', async () => {
    let asked = 0
    const { network } = makeNetwork([])
    const failing: Network = {
      ...network,
      resolve: async () => {
        asked++
        throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
      },
    }
    const route = routeTo('server.test')
    for (const times of [1, 2]) {
      expect(await dial(route, failing).done).toMatchObject({ error: { stage: 'dns', code: 'ENOTFOUND' } })
      expect(asked).toBe(times)
    }
  })

  it('says nothing more once it was cancelled', async () => {
    const { network, links, whenOpen } = makeNetwork([])
    const cancelled = dial(routeTo('10.0.0.1'), network)
    await whenOpen(1)
    cancelled.dial.cancel()
    expect(links[0]!.destroyed).toBe(true)
    expect(cancelled.results).toEqual([])
  })
})
