/** Whether two JSON values have the same members: values may differ, kinds may not; null stands for anything. */
export function shapeDifference(ours: unknown, theirs: unknown, path = '$'): string | undefined {
  if (ours === null || theirs === null || ours === undefined || theirs === undefined) {
    return (ours === undefined) === (theirs === undefined) ? undefined : `${path}: present on one side only`
  }
  if (typeof ours !== typeof theirs || Array.isArray(ours) !== Array.isArray(theirs)) return `${path}: another kind`
  if (Array.isArray(ours) && Array.isArray(theirs)) return listDifference(ours, theirs, path)
  if (typeof ours !== 'object') return undefined
  // Keyed by tokens, not by names.
  if (/(top|prompt)_logprobs\[\d+\]$/.test(path)) {
    return listDifference(Object.values(ours), Object.values(theirs as object), path)
  }
  const [mine, other] = [ours as Record<string, unknown>, theirs as Record<string, unknown>]
  const names = new Set([...Object.keys(mine), ...Object.keys(other)])
  for (const name of names) {
    const difference = shapeDifference(mine[name], other[name], `${path}.${name}`)
    if (difference) return difference
  }
  return undefined
}

function listDifference(ours: readonly unknown[], theirs: readonly unknown[], path: string): string | undefined {
  for (const [place, value] of ours.entries()) {
    if (theirs.length === 0) return undefined
    const difference = shapeDifference(value, theirs[Math.min(place, theirs.length - 1)], `${path}[${place}]`)
    if (difference) return difference
  }
  return undefined
}
