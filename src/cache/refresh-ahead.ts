// Is it time to ask for the next response while this one is still fresh?
//
// XFetch (Vattani, Chierichetti, Lowenstein 2015): each hit draws how much earlier than
// the expiry it acts, exponentially distributed around the time that the origin takes. What
// is asked for often is refreshed before it expires, by one of many hits; what is asked for
// rarely almost never is. Nothing has to be counted or remembered.

import { type Milliseconds, milliseconds } from '../base/units.ts'

/** Longest head start, in origin times; chance exceeds it once in 22 000 draws. */
const MOST = 10

/** `chance` is drawn in [0, 1) for each hit. */
export function refreshesAhead(remaining: Milliseconds, originTime: Milliseconds, chance: number): boolean {
  return remaining <= originTime * Math.min(MOST, -Math.log(1 - chance))
}

/** No refresh is ever due while more than this is left: until then a hit needs no draw. */
export function longestHeadStart(originTime: Milliseconds): Milliseconds {
  return milliseconds(originTime * MOST)
}
