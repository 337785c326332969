import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  normalizeAddress,
  readListeners,
  readMachine,
  readOwnAddresses,
  readPageBytes,
  readProportionalBytes,
  readQueuedMs,
  readStat,
  TICK_MS,
} from '../../plugins/process/proc-text.ts'
import { readPsRow } from '../../plugins/process/ps.ts'

/** A line as the kernel writes it. */
function statLine(pid: number, name: string, state = 'S'): string {
  return `${pid} (${name}) ${state} 11 22 33 0 -1 4194304 100 200 7 9 150 50 30 20 20 0 12 0 98765 1048576000 2560 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n`
}

describe('stat', () => {
  it('has pid, parent, group, times, faults, threads, birth and memory', () => {
    expect(readStat(statLine(42, 'vllm'), 4096)).toEqual({
      pid: 42,
      birth: '98765',
      command: 'vllm',
      zombie: false,
      parent: 11,
      group: 22,
      own: { userMs: 1500, systemMs: 500, majorFaults: 7 },
      children: { userMs: 300, systemMs: 200, majorFaults: 9 },
      threads: 12,
      memoryBytes: 2560 * 4096,
    })
  })

  it.each(['a b', 'a) R 1 (b', ')', '((', 'tmux: server', 'x) S 1 2 3', ''])('takes the name %j whole', (name) => {
    expect(readStat(statLine(42, name), 4096)).toMatchObject({ pid: 42, command: name, parent: 11, threads: 12 })
  })

  it('knows a zombie', () => {
    expect(readStat(statLine(42, 'gone', 'Z'), 4096)?.zombie).toBe(true)
  })

  it('takes any name, and survives a cut anywhere', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(400), (name, cut) => {
        const line = statLine(42, name)
        expect(readStat(line, 4096)?.command).toBe(name)
        const part = readStat(line.slice(0, cut), 4096)
        if (part !== undefined) expect(Number.isFinite(part.own.userMs + part.memoryBytes)).toBe(true)
      }),
    )
  })
})

describe('other texts', () => {
  it('never throw, and give finite numbers or nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        readStat(one, 4096)
        readListeners(one)
        readOwnAddresses(one, other)
        readPsRow(one)
        normalizeAddress(one)
        for (const value of [
          readPageBytes(one, other),
          readQueuedMs(one),
          readProportionalBytes(one),
          readMachine(one)?.busyMs,
        ]) {
          if (value !== undefined) expect(Number.isFinite(value)).toBe(true)
        }
      }),
    )
  })

  it('the size of a page follows from two readings of one size, though something was mapped between them', () => {
    const stat = statLine(1, 'x')
    expect(readPageBytes(stat, '256000 1 1 1 0 1 0')).toBe(4096)
    expect(readPageBytes(stat, '16100 1 1 1 0 1 0')).toBe(65_536)
    expect(readPageBytes(stat, '64010 1 1 1 0 1 0')).toBe(16_384)
    expect(readPageBytes(stat, '')).toBeUndefined()
  })

  it('the machine is busy but for idle time and waiting for disks; guests are counted once', () => {
    const text =
      'cpu  100 10 40 800 50 5 15 30 90 9\ncpu0 50 5 20 400 25 2 7 15 45 4\ncpu1 50 5 20 400 25 3 8 15 45 5\nintr 1\n'
    expect(readMachine(text)).toEqual({ cores: 2, busyMs: 2000, idleMs: 8500 })
  })

  it('sockets that listen, by address and port', () => {
    const text = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 3958179 1 000000009edfdcaa 100 0 0 10 0',
      '   1: 0100007F:80C6 0100007F:1F90 01 00000000:00000000 03:00000C36 00000000     0        0 77 3 00000000796e3d94',
      '   2: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0',
      '   3: 0000000000000000FFFF0000017AA8C0:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0',
    ].join('\n')
    expect(readListeners(text)).toEqual([
      { address: '127.0.0.1', port: 8080, inode: '3958179', user: 1000 },
      { address: '0000:0000:0000:0000:0000:0000:0000:0001', port: 8081, inode: '12', user: 0 },
      { address: '192.168.122.1', port: 80, inode: '13', user: 0 },
    ])
  })

  it('addresses of URLs take the form of the kernel’s', () => {
    expect(normalizeAddress('127.0.0.1')).toBe('127.0.0.1')
    expect(normalizeAddress('[::1]')).toBe('0000:0000:0000:0000:0000:0000:0000:0001')
    expect(normalizeAddress('[fe80::fc00:ff]')).toBe('fe80:0000:0000:0000:0000:0000:fc00:00ff')
    expect(normalizeAddress('[::ffff:7f00:1]')).toBe('127.0.0.1')
    expect(normalizeAddress('host.example')).toBeUndefined()
  })

  it('own addresses are those that the kernel calls local', () => {
    const fib = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
`
    const six = 'fd000000000000000000000000000002 04 40 00 82     eth0\n'
    expect([...readOwnAddresses(fib, six)]).toEqual(['192.0.2.2', 'fd00:0000:0000:0000:0000:0000:0000:0002'])
  })

  it('rows of ps, of macOS and of Linux', () => {
    const mac =
      '  501     1   501  20480   1:02.34 Ss   Tue Nov 24 04:21:30 2026     /Applications/My App.app/Contents/llama-server'
    expect(readPsRow(mac)).toMatchObject({
      pid: 501,
      parent: 1,
      group: 501,
      memoryBytes: 20480 * 1024,
      own: { userMs: 62_340, systemMs: 0 },
      birth: 'Tue Nov 24 04:21:30 2026',
      command: 'llama-server',
      zombie: false,
    })
    const linux = '   77    11    22   1024 1-02:03:04 Z    Sat Feb  7 23:59:59 2026 python3 <defunct>'
    expect(readPsRow(linux)).toMatchObject({ pid: 77, zombie: true, own: { userMs: 93_784_000 } })
  })
})

describe.skipIf(!existsSync('/proc/self/stat'))('this kernel', () => {
  it('has the ticks that its interface promises', () => {
    expect(Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))).toBe(1000 / TICK_MS)
  })

  it('has pages of the size that follows from its texts', () => {
    const read = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8')
    expect(readPageBytes(read('stat'), read('statm'))).toBe(
      Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })),
    )
  })
})
