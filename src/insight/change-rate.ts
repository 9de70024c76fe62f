// How often does a resource change, and how stale would answers be for a given lifetime?
//
// Changes are taken to come as a Poisson process of rate λ. Looks at a resource only tell
// whether it changed in between, not how often, so λ is the maximum-likelihood estimate
// from pairs of looks (a change is seen with probability 1 − e^(−λd) at distance d), with
// half a change and half a look without one added, so that few looks give no absurd
// certainty. Cached for T, an answer taken at a random instant of the lifetime is outdated
// with probability 1 − (1 − e^(−λT)) / (λT). Pure arithmetic; no clock.

import { type Milliseconds, milliseconds, type Ratio, ratio } from '../base/units.ts'
import type { ChangeObservations } from './traffic-profile.ts'

/** Changes per second. */
export type ChangeRate = number & { readonly unit?: 'per-second' }

/** λ, or undefined where nothing was looked at twice. */
export function changeRate({ intervals }: ChangeObservations): ChangeRate | undefined {
  const looked = intervals.filter(({ looks, apart }) => looks > 0 && apart > 0)
  const [shortest] = looked
  if (shortest === undefined) return undefined
  const pairs = looked.map(({ apart, looks, changed }) => ({
    apart: apart / 1000,
    changed,
    unchanged: looks - changed,
  }))
  const longest = Math.max(...pairs.map(({ apart }) => apart))
  pairs.push(
    { apart: longest, changed: 0.5, unchanged: 0 },
    { apart: shortest.apart / 1000, changed: 0, unchanged: 0.5 },
  )
  return rootOf(rate => pairs.reduce((sum, pair) => sum + slope(pair, rate), 0))
}

/** Derivative of a pair's log-likelihood by λ: falls as λ rises. */
function slope(pair: { readonly apart: number; readonly changed: number; readonly unchanged: number }, rate: number) {
  return (pair.changed * pair.apart) / Math.expm1(rate * pair.apart) - pair.unchanged * pair.apart
}

/** Where a falling function meets zero, between once in 30 years and a thousand times a second. */
function rootOf(falling: (rate: number) => number): ChangeRate {
  let [low, high] = [1e-9, 1e3]
  for (let step = 0; step < 100; step += 1) {
    const middle = Math.sqrt(low * high)
    if (falling(middle) > 0) low = middle
    else high = middle
  }
  return low
}

/** Share of the answers given from the cache that are outdated, for responses kept for `lifetime`. */
export function expectedStaleness(rate: ChangeRate, lifetime: Milliseconds): Ratio {
  const expected = (rate * lifetime) / 1000
  // Below this the quotient loses its digits; the series' next term is smaller than a double shows.
  if (expected < 1e-6) return ratio(expected / 2)
  return ratio(1 + Math.expm1(-expected) / expected)
}

/** The longest lifetime of which at most `target` of the answers are outdated. */
export function lifetimeFor(rate: ChangeRate, target: Ratio): Milliseconds {
  let [low, high] = [0, 4e12]
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2
    if (expectedStaleness(rate, milliseconds(middle)) <= target) low = middle
    else high = middle
  }
  return milliseconds(low)
}
