/**
 * What every platform must do: members that a runtime has work, members that it lacks are undefined. The one suite that
 * opens sockets, writes files and starts processes.
 */
import type { Inflater, Platform, Served } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CODED_BODIES, type CodedBody } from './platform-bodies.ts'
import { createPlatformServer, type PlatformServer, sendFrom } from './platform-server.ts'

export interface PlatformTestOptions {
  /** An empty folder that may be written into; needed where the platform has files. */
  readonly folder?: string
  /** Titles of tests that this runtime cannot pass, and why. */
  readonly skip?: Readonly<Record<string, string>>
  /** How a handler is served for this platform's transports, where the platform itself cannot. */
  readonly serve?: NonNullable<Platform['serve']>
}

/** Adapts `it` to a member: skipped by name where the runtime lacks it. */
function checkMember(
  platform: () => Platform,
  member: keyof Platform,
): (title: string, body: () => Promise<void>) => void {
  return (title, body) => {
    it(title, async (context) => {
      if (platform()[member] === undefined) context.skip(`${member}: not on this runtime`)
      await body()
    })
  }
}

/** `load` is called once. */
export function testPlatform(name: string, load: () => Promise<Platform>, options: PlatformTestOptions = {}): void {
  describe(`platform ${name}`, () => {
    let platform: Platform
    beforeAll(async () => {
      platform = await load()
    })
    const current = (): Platform => platform

    describe('basics', () => checkBasics(current))
    describe('inflate', () => checkInflate(current, options.skip ?? {}))
    describe('files', () => checkFiles(current, options.folder))
    describe('processes', () => checkProcesses(current))
    describe('modules', () => checkModules(current, options.folder))
    describe('server', () => checkServer(current))
    describe('transports', () => checkTransports(current, options))
  })
}

function checkBasics(current: () => Platform): void {
  it('says what it is', () => {
    const { name, version, machine } = current()
    expect(['node', 'bun', 'deno', 'web']).toContain(name)
    expect(version).not.toBe('')
    for (const fact of Object.values(machine)) {
      expect(typeof fact === 'string' ? fact !== '' : Number.isFinite(fact)).toBe(true)
    }
  })

  it('has a clock that never goes back, and whose step was measured', () => {
    const { clock } = current()
    let before = clock.now()
    for (let reading = 0; reading < 10_000; reading++) {
      const now = clock.now()
      if (now < before) expect.fail(`${now} after ${before}`)
      before = now
    }
    expect(clock.stepMs).toBeGreaterThan(0)
    expect(clock.stepMs).toBeLessThan(100)
  })

  it('agrees with the wall clock to the millisecond', () => {
    const { clock } = current()
    const before = Date.now()
    const epoch = clock.epoch()
    expect(epoch).toBeGreaterThanOrEqual(before)
    expect(epoch).toBeLessThanOrEqual(Date.now() + 1)
  })

  it('makes ids that differ and are safe in URLs, headers and file names', () => {
    const ids = Array.from({ length: 1000 }, () => current().randomId())
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{8,32}$/)
  })

  it('answers undefined for a variable that is not set', () => {
    expect(current().env('INFERBENCH_NO_SUCH_VARIABLE')).toBeUndefined()
  })

  it('runs tasks in later turns, in order', async () => {
    const order: string[] = []
    const last = new Promise<void>((resolve) => {
      current().nextTurn(() => order.push('first'))
      current().nextTurn(() => {
        order.push('second')
        resolve()
      })
    })
    order.push('now')
    await Promise.resolve()
    expect(order).toEqual(['now'])
    await last
    expect(order).toEqual(['now', 'first', 'second'])
  })

  checkMember(current, 'usage')('counts CPU time that grows with work', async () => {
    const { usage } = current()
    const read = (): number => usage!().cpuMs ?? Number.NaN
    const before = read()
    let after = before
    // Work until it shows: the step is 10 ms on some systems. The test's own limit ends a probe that stands still.
    for (let sum = 0; after <= before; after = read()) {
      for (let i = 0; i < 100_000; i++) sum += Math.sqrt(i)
      expect(sum).toBeGreaterThan(0)
    }
    expect(after).toBeGreaterThan(before)
    const { memoryBytes } = usage!()
    if (memoryBytes !== undefined) expect(memoryBytes).toBeGreaterThan(1_000_000)
  })

  checkMember(current, 'onInterrupt')('listens to interrupts, and stops', async () => {
    const stop = current().onInterrupt!(() => {})
    stop()
    stop()
  })
}

function checkInflate(current: () => Platform, skip: Readonly<Record<string, string>>): void {
  const check: ReturnType<typeof checkMember> = (title, body) => {
    if (skip[title] === undefined) checkMember(current, 'inflate')(title, body)
    else it.skip(`${title} (skipped: ${skip[title]})`, () => {})
  }

  /** undefined where this runtime lacks the coding, and says so. */
  const open = ({ coding, optional }: CodedBody): Inflater | undefined => {
    try {
      return current().inflate!(coding)
    } catch (thrown) {
      if (!optional) throw thrown
      expect(thrown).toMatchObject({ name: 'BenchError', code: 'unsupported' })
      return undefined
    }
  }
  for (const body of CODED_BODIES) {
    check(`${body.name}: each chunk gives its own output`, async () => {
      const inflater = open(body)
      if (!inflater) return
      const decoder = new TextDecoder()
      for (const [index, chunk] of body.chunks.entries()) {
        expect(decoder.decode(await inflater.push(chunk))).toBe(body.texts[index])
      }
      expect((await inflater.finish()).length).toBe(0)
    })

    check(`${body.name}: bytes one by one give the same text`, async () => {
      const inflater = open(body)
      if (!inflater) return
      const decoder = new TextDecoder()
      let text = ''
      for (const chunk of body.chunks) {
        for (const byte of chunk) text += decoder.decode(await inflater.push(Uint8Array.of(byte)), { stream: true })
      }
      text += decoder.decode(await inflater.finish())
      expect(text).toBe(body.texts.join(''))
    })

    check(`${body.name}: a body that is cut rejects`, async () => {
      const inflater = open(body)
      if (!inflater) return
      await inflater.push(body.chunks[0]!)
      await expect(inflater.finish()).rejects.toMatchObject({ code: 'CODING_CUT' })
    })
  }

  check('bytes that are not coded at all reject', async () => {
    const inflater = current().inflate!('gzip')
    const decode = async (): Promise<void> => {
      await inflater.push(new TextEncoder().encode('data: 1\n\n'))
      // A decompressor may notice at the next chunk only.
      await inflater.push(new TextEncoder().encode('data: 2\n\n'))
      await inflater.finish()
    }
    await expect(decode()).rejects.toMatchObject({ code: 'BAD_CODING' })
  })

  check('a coding that nobody knows is unsupported', async () => {
    expect(() => current().inflate!('rot13')).toThrow(/rot13/)
  })
}

function checkFiles(current: () => Platform, folder: string | undefined): void {
  const check = checkMember(current, 'files')
  const place = (name: string): string => {
    if (folder === undefined) throw new Error('testPlatform: this platform has files; give it a folder')
    return current().files!.join(folder, name)
  }

  check('writes, replaces and reads a text', async () => {
    const files = current().files!
    const path = place('text')
    await files.writeText(path, 'one, ä')
    await files.writeText(path, 'two')
    expect(await files.readText(path)).toBe('two')
    expect(await files.list(folder!)).toEqual(['text'])
  })

  check('writes a text into folders that are not there yet', async () => {
    const files = current().files!
    await files.writeText(place('new/er/text'), 'one')
    expect(await files.list(place('new/er'))).toEqual(['text'])
  })

  check('makes folders, those above them included, and lists them', async () => {
    const files = current().files!
    await files.makeFolder(place('a/b'))
    await files.makeFolder(place('a/b'))
    expect(await files.list(place('a'))).toEqual(['b'])
    expect(await files.list(place('no-such-folder'))).toBeUndefined()
  })

  check('appends what was flushed, in order', async () => {
    const files = current().files!
    const path = place('lines')
    const file = await files.appendTo(path)
    file.append('one\n')
    file.append('two\n')
    await file.flush()
    expect(await files.readText(path)).toBe('one\ntwo\n')
    file.append('three ä\n')
    await Promise.all([file.flush(), file.flush()])
    file.append('four\n')
    await file.close()
    const again = await files.appendTo(path)
    again.append('five\n')
    await again.close()
    expect(await files.readText(path)).toBe('one\ntwo\nthree ä\nfour\nfive\n')
  })

  check('reads a file in pieces, cut between characters', async () => {
    const files = current().files!
    const path = place('pieces')
    const text = 'ä€😀\n'.repeat(400_000)
    await files.writeText(path, text)
    let joined = ''
    let pieces = 0
    for await (const piece of files.readPieces(path)) {
      joined += piece
      pieces++
    }
    expect(joined === text).toBe(true)
    expect(pieces).toBeGreaterThan(1)
    const missing = files.readPieces(place('no-such'))[Symbol.asyncIterator]()
    await expect(missing.next()).rejects.toMatchObject({ code: 'usage' })
  })

  check('says in one line what it could not read or write', async () => {
    const files = current().files!
    const oneLine = /^[^\n]*no-such[^\n]*$/
    await expect(files.readText(place('no-such'))).rejects.toMatchObject({ code: 'usage', message: oneLine })
    await files.writeText(place('no-such-folder'), '')
    await expect(files.writeText(place('no-such-folder/x'), '')).rejects.toMatchObject({
      code: 'storage',
      message: oneLine,
    })
    await expect(files.appendTo(place('no-such/x'))).rejects.toMatchObject({ code: 'storage', message: oneLine })
  })
}

function checkProcesses(current: () => Platform): void {
  const check = checkMember(current, 'spawn')
  const collect = async (lines: AsyncIterable<string>): Promise<string[]> => {
    const all: string[] = []
    for await (const line of lines) all.push(line)
    return all
  }

  check('gives the lines of both outputs, and how it ended', async () => {
    const child = current().spawn!('sh', ['-c', 'echo "$GREETING"; echo two >&2; printf three; exit 5'], {
      env: { GREETING: 'one ä' },
    })
    expect((await collect(child.lines)).sort()).toEqual(['one ä', 'three', 'two'])
    expect(await child.exited).toEqual({ code: 5, signal: null })
  })

  check('kills the whole group', async () => {
    const child = current().spawn!('sh', ['-c', 'sleep 600 & echo started; wait'])
    const lines = child.lines[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('started')
    child.kill('SIGKILL')
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
    // The grandchild holds the pipe: its end shows that it is gone, too.
    expect((await lines.next()).done).toBe(true)
    child.kill('SIGKILL')
  })

  check('refuses a command that does not exist', async () => {
    expect(() => current().spawn!('inferbench-no-such-command', [])).toThrow(/inferbench-no-such-command/)
  })
}

function checkModules(current: () => Platform, folder: string | undefined): void {
  const check = checkMember(current, 'loadModule')

  check('loads TypeScript by path', async () => {
    const { files, loadModule } = current()
    const path = files!.join(folder ?? '', 'module.ts')
    await files!.writeText(
      path,
      'interface A { b: number }\nconst a: A = { b: 7 }\nexport default a\nexport const c: string = "d"\n',
    )
    expect({ ...(await loadModule!(path)) }).toMatchObject({ default: { b: 7 }, c: 'd' })
  })

  check('says in one line what it could not load', async () => {
    for (const specifier of ['./no-such-module.ts', 'no-such-package-of-inferbench']) {
      await expect(current().loadModule!(specifier)).rejects.toMatchObject({
        name: 'BenchError',
        code: 'usage',
        message: expect.stringMatching(new RegExp(`^[^\\n]*${specifier}[^\\n]*$`)),
      })
    }
  })
}

function checkServer(current: () => Platform): void {
  const check = checkMember(current, 'serve')

  check('listens on a free port of this machine, and closes', async () => {
    const served = await current().serve!(async (request) => new Response(await request.text()), { port: 0 })
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const response = await fetch(served.url, { method: 'POST', body: 'echo ä' })
    expect(await response.text()).toBe('echo ä')
    await served.close()
    await expect(fetch(served.url)).rejects.toThrow()
  })

  check('says in one line that a port is in use', async () => {
    const served = await current().serve!(() => new Response(), { port: 0 })
    const port = Number(new URL(served.url).port)
    await expect(current().serve!(() => new Response(), { port })).rejects.toMatchObject({
      name: 'BenchError',
      code: 'usage',
      message: expect.stringMatching(new RegExp(`^[^\\n]*${port}[^\\n]*in use[^\\n]*$`)),
    })
    await served.close()
  })
}

function checkTransports(current: () => Platform, options: PlatformTestOptions): void {
  let server: PlatformServer
  let served: Served
  beforeAll(async () => {
    const serve = options.serve ?? current().serve
    if (!serve) throw new Error('testPlatform: this platform cannot serve; say how its transports reach a handler')
    server = createPlatformServer()
    served = await serve(server.handler, { port: 0 })
  })
  afterAll(() => served?.close())

  it('has the one that it calls its default', () => {
    expect(Object.keys(current().transports)).toContain(current().defaultTransport)
  })

  // Names are only known once the platform is loaded: each test goes through all of them.
  const eachTransport = (title: string, body: (send: ReturnType<typeof sendFrom>) => Promise<void>): void => {
    it(title, async () => {
      for (const [name, create] of Object.entries(current().transports)) {
        const transport = create({ connections: 'reuse', connectTimeoutMs: 10_000, insecure: false }, current().clock)
        expect(transport.name).toBe(name)
        await body(sendFrom(transport))
        await transport.close()
      }
    })
  }

  eachTransport('sends a request and gives the answer', async (send) => {
    const told = await send(`${served.url}/echo`, { body: 'ä', headers: [['x-asked', 'yes']] }).told
    expect(told).toMatchObject({ status: 201, body: 'yes ä', calls: ['sent', 'headers', 'bytes', 'end'] })
    const instants = [told.sentAt!, told.headersAt!, ...told.chunkAt, told.endAt!]
    expect(instants).toEqual([...instants].sort((a, b) => a - b))
  })

  eachTransport('gives each chunk of a stream as it comes', async (send) => {
    const sent = send(`${served.url}/stream`)
    // The server holds the next event back until it is told that this one came: nothing on the way may buffer.
    for (const event of ['data: 0\n\n', 'data: 1\n\n', 'data: 2\n\n']) {
      await sent.received(event)
      server.release()
    }
    expect(await sent.told).toMatchObject({ status: 200, body: 'data: 0\n\ndata: 1\n\ndata: 2\n\n' })
  })

  eachTransport('gives the head before the first chunk', async (send) => {
    const sent = send(`${served.url}/late`)
    await sent.saw('headers')
    server.release()
    expect(await sent.told).toMatchObject({ status: 200, body: 'late' })
  })

  eachTransport('stops when it is aborted, and reports nothing more', async (send) => {
    const sent = send(`${served.url}/endless`)
    await sent.received('data: 0\n\n')
    sent.abort()
    await server.cancelled()
    expect(sent.soFar().calls).toEqual(['sent', 'headers', 'bytes'])
  })

  it('reports a connection that could not be made, with stage and code', async () => {
    const serve = options.serve ?? current().serve!
    const gone = await serve(() => new Response(), { port: 0 })
    await gone.close()
    for (const create of Object.values(current().transports)) {
      const transport = create({ connections: 'reuse', connectTimeoutMs: 10_000, insecure: false }, current().clock)
      const told = await sendFrom(transport)(gone.url).told
      expect(told.error).toMatchObject({ stage: 'connect', code: 'ECONNREFUSED' })
      await transport.close()
    }
  })
}
