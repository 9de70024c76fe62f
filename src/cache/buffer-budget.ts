// How much response content may wait in memory, over all requests together?
//
// One budget (`limits.buffers`) for everything that has arrived from the origin and is
// not yet stored or sent. Taking is all or nothing and never waits; whoever is refused
// falls back to back-pressure or gives up storing (invariant 6: bytes bound everything).

import type { Bytes } from '../base/units.ts'

export class BufferBudget {
  #limit: Bytes
  #taken = 0

  constructor(limit: Bytes) {
    this.#limit = limit
  }

  get limit(): Bytes {
    return this.#limit
  }

  /** Takes a new limit; what is over it already presses back. */
  resize(limit: Bytes): void {
    this.#limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  tryTake(size: number): boolean {
    if (this.#taken + size > this.#limit) return false
    this.#taken += size
    return true
  }

  /** For what has already arrived and can't be refused; the taker must press back at once. */
  take(size: number): void {
    this.#taken += size
  }

  give(size: number): void {
    this.#taken -= size
  }
}
