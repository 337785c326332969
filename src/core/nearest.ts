/** "Did you mean ...?" for names that do not exist. */
import { distance } from 'fastest-levenshtein'

/** Letters (UTF-16 units) to insert, leave out or change. */
export { distance as editDistance }

/** The name nearest to what was written, or undefined when none is near enough to be meant. */
export function nearestName(written: string, names: Iterable<string>): string | undefined {
  const wanted = plain(written)
  // A third of the letters may be wrong; one is forgiven even in a short name.
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  const ranked = [...names]
    .map((name) => ({ name, steps: countSteps(wanted, plain(name)) }))
    .filter(({ steps }) => steps <= limit)
    .sort((a, b) => a.steps - b.steps)
  return ranked[0]?.name
}

/** Letters to change; a name that was begun and not ended counts as less than one. */
function countSteps(wanted: string, name: string): number {
  if (wanted.length >= 3 && name.startsWith(wanted)) return 0.5
  return isSwap(wanted, name) ? 1 : distance(wanted, name)
}

/** Two neighbours that changed places are one slip of the fingers. */
function isSwap(one: string, other: string): boolean {
  const at = [...one].findIndex((letter, index) => letter !== other[index])
  return (
    one.length === other.length &&
    one[at] === other[at + 1] &&
    one[at + 1] === other[at] &&
    one.slice(at + 2) === other.slice(at + 2)
  )
}

/** ` Did you mean "x"?`, or the list of all names when it is short, or nothing. Begins with a separator. */
export function suggestName(
  written: string,
  names: Iterable<string>,
  format: (name: string) => string = quote,
): string {
  const all = [...names]
  const nearest = nearestName(written, all)
  if (nearest !== undefined) return `; did you mean ${format(nearest)}?`
  return all.length > 0 && all.length <= 8 ? `; there is ${all.map(format).join(', ')}` : ''
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '')
}

function quote(name: string): string {
  return `"${name}"`
}
