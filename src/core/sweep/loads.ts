/** A geometric ladder from `from` to `to`, both on it; `whole` loads rise by one at least. */
export function listLoads(from: number, to: number, factor: number, whole: boolean): number[] {
  const loads: number[] = []
  for (let load = from; load < to; ) {
    loads.push(load)
    const next = load * factor
    load = whole ? Math.max(load + 1, Math.round(next)) : Math.max(Number(next.toPrecision(3)), load * 1.001)
  }
  return [...loads, to]
}
