/** Where secrets come from: a variable, a file, the URL. Never the command line, which every user of the machine can read. */
import { BenchError } from '../errors.ts'
import type { Platform } from '../platform.ts'
import type { CheckedOptions } from './options.ts'
import type { NameOption } from './read.ts'
import { defaults } from './schema.ts'
import { encodeBase64, stringsIn } from './secrets.ts'
import { readBaseUrl, readUserPart } from './url.ts'

export interface Credentials {
  readonly apiKey?: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** All strings that must not be repeated anywhere. */
  readonly secrets: readonly string[]
}

/** Reads the key and the URL's user part. Throws `BenchError('usage')` when a named source has none, or two contradict. */
export async function readCredentials(
  options: CheckedOptions,
  platform: Platform,
  nameOption: NameOption,
): Promise<Credentials> {
  const user = options.url === undefined ? undefined : readBaseUrl(options.url, nameOption('url')).user
  const named = await readNamedKey(options, platform, nameOption)
  if (user !== undefined && named !== undefined) {
    throw new BenchError('usage', `${nameOption('url')}: its user part and an API key both say who asks; give one`)
  }
  const apiKey = named ?? (user === undefined ? platform.env(defaults.apiKeyEnv)?.trim() || undefined : undefined)
  if (apiKey !== undefined && /[^\u0021-\u007e]/.test(apiKey)) {
    throw new BenchError(
      'usage',
      'the API key holds a space or a character that no header can carry; look at where it is kept',
    )
  }
  const given = options.headers ?? []
  const basic = user && (['authorization', `Basic ${encodeBase64(`${user.name}:${user.password}`)}`] as const)
  const says = given.some(([name]) => name.toLowerCase() === 'authorization')
  const headers = basic !== undefined && !says ? [...given, basic] : given
  return {
    ...(apiKey !== undefined && { apiKey }),
    headers,
    secrets: [
      ...(apiKey === undefined ? [] : [apiKey]),
      ...headers.flatMap(([, value]) => [value, ...value.split(' ').slice(1)]),
      ...stringsIn(options.body),
      ...(user === undefined ? [] : userSecrets(options.url!, user)),
      ...(options.proxy === undefined ? [] : userSecrets(options.proxy)),
    ].filter((secret) => secret !== ''),
  }
}

function userSecrets(url: string, user = readUserPart(url)): readonly string[] {
  return user === undefined ? [] : [`${user.name}:${user.password}`, user.password, user.name]
}

async function readNamedKey(
  { apiKeyEnv, apiKeyFile }: CheckedOptions,
  platform: Platform,
  nameOption: NameOption,
): Promise<string | undefined> {
  if (apiKeyEnv !== undefined) {
    const key = platform.env(apiKeyEnv)?.trim()
    if (key) return key
    throw new BenchError(
      'usage',
      `${nameOption('apiKeyEnv')}: the environment variable "${apiKeyEnv}" is not set, or empty`,
    )
  }
  if (apiKeyFile === undefined) return undefined
  const key = (await readNamedFile(apiKeyFile, nameOption('apiKeyFile'), platform)).trim()
  if (key !== '') return key
  throw new BenchError('usage', `${nameOption('apiKeyFile')}: ${apiKeyFile} is empty`)
}

/** The text of a file that an option names, or a usage error that says which option. */
export async function readNamedFile(path: string, name: string, platform: Platform): Promise<string> {
  if (platform.files === undefined) {
    throw new BenchError('unsupported', `${name}: this runtime (${platform.name}) has no files`)
  }
  try {
    return await platform.files.readText(path)
  } catch (thrown) {
    throw new BenchError('usage', `${name}: cannot read ${path}: ${explainFileError(thrown)}`, { cause: thrown })
  }
}

function explainFileError(thrown: unknown): string {
  const text =
    thrown instanceof Error ? `${(thrown as { code?: string }).code ?? ''} ${thrown.name} ${thrown.message}` : ''
  if (/ENOENT|NotFound|no such file/i.test(text)) return 'there is no such file'
  if (/EACCES|EPERM|PermissionDenied|NotCapable|permission denied/i.test(text)) return 'permission denied'
  if (/EISDIR|is a (directory|folder)/i.test(text)) return 'it is a folder'
  return thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown)
}
