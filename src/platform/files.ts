/** Files over `node:fs`, which Node, Bun and Deno share. */
import { createReadStream } from 'node:fs'
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BenchError, type BenchErrorCode, describeError } from '../core/errors.ts'
import type { AppendFile, Files } from '../core/platform.ts'
import { randomId } from './random-id.ts'

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it exists and is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full; free some space or write elsewhere',
  EDQUOT: 'the disk quota is used up; free some space or write elsewhere',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
}

function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

function fileError(code: BenchErrorCode, verb: string, path: string, thrown: unknown): BenchError {
  const reason = SENTENCES[errorCode(thrown) ?? ''] ?? describeError(thrown).split('\n')[0]
  return new BenchError(code, `cannot ${verb} ${path}: ${reason}`, { cause: thrown })
}

async function writeText(path: string, text: string): Promise<void> {
  // Beside the target, because a rename across file systems is not atomic.
  const draft = `${path}.${randomId()}.tmp`
  try {
    await writeFile(draft, text).catch(async (thrown) => {
      if (errorCode(thrown) !== 'ENOENT') throw thrown
      await makeFolders(dirname(path))
      await writeFile(draft, text)
    })
    await rename(draft, path)
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => {})
    throw fileError('storage', 'write', path, thrown)
  }
}

/** One level at a time: Node's own recursion never ends where a folder that exists refuses others, as those of /proc do. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (thrown) {
    const code = errorCode(thrown)
    if (code === 'EEXIST' && (await isFolder(path))) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || (await isFolder(parent))) throw thrown
    await makeFolders(parent)
    await makeFolders(path)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** What an {@link AppendFile} needs of a file handle; a test hands in one whose disk is full. */
export type AppendTarget = Pick<FileHandle, 'close'> & {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>
}

/**
 * Appends through a buffer. A write may be taken in part before it fails; what was taken is remembered, so that the next
 * flush goes on in the middle of the line and the file stays well-formed.
 */
export function createAppendFile(path: string, target: AppendTarget): AppendFile {
  const encoder = new TextEncoder()
  let texts: string[] = []
  let rest: Uint8Array = new Uint8Array(0)
  let last: Promise<void> = Promise.resolve()
  let closing: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    for (;;) {
      if (rest.length === 0) {
        if (texts.length === 0) return
        rest = encoder.encode(texts.join(''))
        texts = []
      }
      let bytesWritten: number
      try {
        bytesWritten = (await target.write(rest, 0, rest.length)).bytesWritten
      } catch (thrown) {
        throw fileError('storage', 'write', path, thrown)
      }
      rest = rest.subarray(bytesWritten)
    }
  }
  // One drain at a time, in order; a failed one does not keep the next from trying again.
  const flush = (): Promise<void> => {
    last = last.then(drain, drain)
    return last
  }
  const close = async (): Promise<void> => {
    try {
      await flush()
    } finally {
      await target.close()
    }
  }
  return {
    append: (text) => {
      texts.push(text)
    },
    flush,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Paths are as the platform takes them, relative ones to the working folder. */
export const files: Files = {
  readText: async (path) => {
    try {
      return await readFile(path, 'utf8')
    } catch (thrown) {
      throw fileError('usage', 'read', path, thrown)
    }
  },
  readPieces: async function* (path) {
    try {
      yield* createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 }) as AsyncIterable<string>
    } catch (thrown) {
      throw thrown instanceof BenchError ? thrown : fileError('usage', 'read', path, thrown)
    }
  },
  writeText,
  appendTo: async (path) => {
    try {
      return createAppendFile(path, await open(path, 'a'))
    } catch (thrown) {
      throw fileError('storage', 'write', path, thrown)
    }
  },
  makeFolder: async (path) => {
    try {
      await makeFolders(path)
    } catch (thrown) {
      // A disk that is full is no mistake of whoever named the folder; all else is.
      const full = /ENOSPC|EDQUOT/.test(errorCode(thrown) ?? '')
      throw fileError(full ? 'storage' : 'usage', 'make the folder', path, thrown)
    }
  },
  list: async (path) => {
    try {
      return await readdir(path)
    } catch (thrown) {
      const code = errorCode(thrown)
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw fileError('usage', 'read the folder', path, thrown)
    }
  },
  readLink: async (path) => {
    try {
      return await readlink(path)
    } catch (thrown) {
      const code = errorCode(thrown)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined
      throw fileError('storage', 'read the link', path, thrown)
    }
  },
  join: (...parts) => join(...parts),
}
