// What hit rate does a lifetime give, for keys asked for so often?
//
// Requests for a key come as a Poisson process of the rate seen: of the requests between
// two fills all but the first are hits, rT of 1 + rT. No key can have more hits than
// requests but one. Room is not reckoned with; `replay` does that.

import { type Milliseconds, type Ratio, ratio } from '../../base/units.ts'
import type { Popularity } from '../traffic-profile.ts'

export function expectedHitRate({ sampled }: Popularity, span: Milliseconds, lifetime: Milliseconds): Ratio {
  let requests = 0
  let hits = 0
  for (const count of sampled) {
    const inLifetime = span > 0 ? (count * lifetime) / span : count
    requests += count
    hits += Math.min(Math.max(0, count - 1), (count * inLifetime) / (1 + inLifetime))
  }
  return ratio(requests === 0 ? 0 : hits / requests)
}
