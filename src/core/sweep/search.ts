/** The highest load that meets limits: climb by doublings until one misses them, halve what lies between, be sure at the edge. */
import type { SearchAnswer, ShareJudgement } from '../sweep.ts'

export interface JudgedLoad {
  readonly judgement: ShareJudgement
  readonly runs: number
}

/** By load; what was not measured is not there. */
export type Judgements = ReadonlyMap<number, JudgedLoad>

/** The two loads that the answer lies between are measured so often at least: one run may have had luck. */
const EDGE_RUNS = 2

/** Which load to measure next; undefined: nothing more can be decided. Ends, since no load is measured more than `mostRuns` times. */
export function nextInSearch(loads: readonly number[], judged: Judgements, mostRuns: number): number | undefined {
  const { met, missed } = findEdge(loads, judged)
  const between = loads.slice(met + 1, missed)
  if (between.length > 0)
    return missed === loads.length ? climb(loads[met], between) : between[(between.length - 1) >> 1]
  return (
    findOpen(loads.slice(0, met + 1).reverse(), 'met', judged, mostRuns) ??
    findOpen(loads.slice(missed), 'missed', judged, mostRuns)
  )
}

/**
 * From the edge outwards up to the first load that is sure: that one bounds the answer, and vouches for all beyond it. A load that
 * changes sides moves the edge, and the search goes on there.
 */
function findOpen(
  outwards: readonly number[],
  side: ShareJudgement['side'],
  judged: Judgements,
  mostRuns: number,
): number | undefined {
  for (const [place, load] of outwards.entries()) {
    const one = judged.get(load)
    if (one === undefined || one.judgement.side !== side) continue
    const { judgement, runs } = one
    if (runs < mostRuns && (!judgement.sure || (place === 0 && runs < EDGE_RUNS))) return load
    // Where even answers that are all good are too few to be sure, no other load will do better.
    if (judgement.sure || judgement.good === judgement.requests) return undefined
  }
  return undefined
}

/** The least load that missed, and the greatest below it that met. None: the places before the first and after the last. */
function findEdge(loads: readonly number[], judged: Judgements): { readonly met: number; readonly missed: number } {
  const sides = loads.map((load) => judged.get(load)?.judgement.side)
  const first = sides.indexOf('missed')
  const missed = first < 0 ? loads.length : first
  return { met: sides.lastIndexOf('met', missed - 1), missed }
}

/** Twice the load, or the last. */
function climb(load: number | undefined, above: readonly number[]): number {
  if (load === undefined) return above[0]!
  return above.find((one) => one >= 2 * load) ?? above.at(-1)!
}

export function answerSearch(loads: readonly number[], judged: Judgements, mostRuns: number): SearchAnswer {
  const load = loads[findEdge(loads, judged).met]
  const sure = (side: ShareJudgement['side']): number[] =>
    loads.filter((one) => {
      const judgement = judged.get(one)?.judgement
      return judgement?.sure === true && judgement.side === side
    })
  const high = sure('missed')[0]
  const low = sure('met').findLast((one) => high === undefined || one < high)
  return {
    ...(load === undefined ? {} : { load }),
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    complete: nextInSearch(loads, judged, mostRuns) === undefined,
  }
}
