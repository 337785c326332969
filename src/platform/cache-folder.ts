/**
 * Where a user's caches are kept, with a folder of ours: `XDG_CACHE_HOME` where it is set
 * (specifications.freedesktop.org/basedir), else as the system has it. undefined where the environment does not tell.
 */
export function findCacheFolder(system: string, readEnv: (name: string) => string | undefined): string | undefined {
  const under = (root: string | undefined, ...rest: string[]): string | undefined =>
    root === undefined || root === '' ? undefined : [root, ...rest].join('/')
  const xdg = readEnv('XDG_CACHE_HOME')
  // A relative path is to be ignored, says the specification.
  if (xdg !== undefined && /^([/\\]|[a-z]:)/i.test(xdg)) return under(xdg, 'inferbench')
  if (system === 'win32') return under(readEnv('LOCALAPPDATA'), 'inferbench', 'Cache')
  const home = readEnv('HOME')
  return system === 'darwin' ? under(home, 'Library', 'Caches', 'inferbench') : under(home, '.cache', 'inferbench')
}
