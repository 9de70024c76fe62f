// How is "the last minute" kept in a fixed number of bytes?
//
// A ring of tallies, one per slot of time. A slot is emptied when its time comes round
// again, so nothing has to tick. Time is monotonic: setting the system's clock neither
// stretches nor repeats a slot. The newest slot is still filling; reading includes it.

import type { Milliseconds } from '../base/units.ts'
import { addTally, emptyTally, type Tally } from './traffic-tally.ts'

export class RollingWindow {
  readonly slots: number
  readonly slotLength: Milliseconds
  readonly #tallies: Tally[]
  /** Which slot of time (counted from the clock's zero) each tally holds; -1: none yet. */
  readonly #holds: Float64Array

  constructor(slots: number, slotLength: Milliseconds) {
    this.slots = slots
    this.slotLength = slotLength
    this.#tallies = Array.from({ length: slots }, emptyTally)
    this.#holds = new Float64Array(slots).fill(-1)
  }

  /** The tally that counts at `now`. */
  at(now: Milliseconds): Tally {
    const slot = this.slotAt(now)
    const place = slot % this.slots
    const tally = this.#tallies[place] as Tally
    if (this.#holds[place] !== slot) {
      tally.sums.fill(0)
      tally.latencies.fill(0)
      this.#holds[place] = slot
    }
    return tally
  }

  slotAt(now: Milliseconds): number {
    return Math.floor(now / this.slotLength)
  }

  /** The tally of one slot, or undefined where nothing was counted in it or it is too long ago. */
  read(slot: number): Tally | undefined {
    const place = slot % this.slots
    return slot >= 0 && this.#holds[place] === slot ? this.#tallies[place] : undefined
  }

  /** Everything in the `count` slots up to the one of `now`. */
  sum(now: Milliseconds, count: number = this.slots): Tally {
    const total = emptyTally()
    const last = this.slotAt(now)
    for (let slot = last - count + 1; slot <= last; slot += 1) {
      const tally = this.read(slot)
      if (tally) addTally(total, tally)
    }
    return total
  }
}
