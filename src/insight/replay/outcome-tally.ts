// How many requests of each route were hits?
//
// Counted as the metrics count (contract §5): hit and stale over all requests but unsafe
// methods and routes with `cache: off`. Where only a sample of the keys was simulated,
// what the sample shows stands for the rest.

import type { Served } from './world.ts'

/** Of one route. */
export class OutcomeTally {
  requests = 0
  /** Requests that the hit rate is about. */
  counted = 0
  /** Under the least favourable, the likely and the most favourable assumption about who asked. */
  readonly low = new Outcomes()
  readonly likely = new Outcomes()
  readonly high = new Outcomes()
}

export class Outcomes {
  /** Simulated requests, weighted by how many each stands for. */
  weight = 0
  hits = 0
  /** Answered without a request to the origin. */
  kept = 0
  bytes = 0

  /** `weight`: 1 / the share of the keys that is simulated. */
  add(served: Served, size: number, weight: number): void {
    if (served === 'unsampled') return
    this.weight += weight
    if (served === 'hit' || served === 'stale' || served === 'stale-on-error') this.hits += weight
    if (served !== 'hit' && served !== 'stale' && served !== 'collapsed' && served !== 'refused') return
    this.kept += weight
    this.bytes += weight * size
  }

  get hitRate(): number {
    return this.weight === 0 ? 0 : this.hits / this.weight
  }
}

/** In the shape of contract §1; rates and counts are estimates, so counts are rounded. */
export interface ReplayFigures {
  /** Lines of the log that took this route. */
  readonly lines: number
  readonly malformed: number
  readonly requests: number
  readonly hits: number
  readonly hitRate: number
  readonly low: number
  readonly high: number
  readonly originRequests: number
  readonly bytesSaved: number
}

/** Figures of one route. */
export function figuresOf(tally: OutcomeTally): ReplayFigures {
  return figuresOfAll([tally], { lines: tally.requests, malformed: 0 })
}

export function figuresOfAll(
  tallies: readonly OutcomeTally[],
  { lines, malformed }: { readonly lines: number; readonly malformed: number },
): ReplayFigures {
  const sum = (of: (tally: OutcomeTally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
  const counted = sum(tally => tally.counted)
  const requests = sum(tally => tally.requests)
  // What a sample shows, scaled to all requests of its route.
  const scaled = (tally: OutcomeTally, part: 'hits' | 'kept' | 'bytes') =>
    tally.likely.weight === 0 ? 0 : (tally.likely[part] / tally.likely.weight) * tally.counted
  const rate = (of: (tally: OutcomeTally) => Outcomes) =>
    counted === 0 ? 0 : sum(tally => of(tally).hitRate * tally.counted) / counted
  const hitRate = rate(tally => tally.likely)
  return {
    lines,
    malformed,
    requests,
    hits: Math.round(sum(tally => scaled(tally, 'hits'))),
    hitRate: rounded(hitRate),
    low: rounded(
      Math.min(
        hitRate,
        rate(tally => tally.low),
      ),
    ),
    high: rounded(
      Math.max(
        hitRate,
        rate(tally => tally.high),
      ),
    ),
    originRequests: requests - Math.round(sum(tally => scaled(tally, 'kept'))),
    bytesSaved: Math.round(sum(tally => scaled(tally, 'bytes'))),
  }
}

export const rounded = (share: number): number => Math.round(share * 1e4) / 1e4
