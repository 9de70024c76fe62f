// What goes when there is no room?
//
// S3-FIFO (Yang et al., SOSP 2023), counted in bytes: newcomers enter a small queue; who
// is looked up again before reaching its end moves to the main queue, who is not is
// evicted and its key noted; a noted key that returns enters the main queue at once. In
// the main queue each lookup earns a second chance, three at most. One-time traffic so
// never pushes out what is popular, and a lookup writes one small number. The queues are
// linked through the slots: no allocation per slot, every step in constant time, and
// second chances are bounded per eviction, so that no request waits for a long walk.

import type { Bytes } from '../base/units.ts'
import { GhostList } from './ghost-list.ts'
import type { Slot } from './slot.ts'

/** Share of the limit for newcomers. */
const SMALL_SHARE = 0.1
/** Lookups that a newcomer needs to be moved to the main queue. */
const VISITS_TO_STAY = 1
const MOST_VISITS = 3
/** Second chances given in one eviction before the next in line goes, whoever it is. */
const MOST_CHANCES = 256
/** One key is remembered per this many bytes of the limit: 0.8 to 1.6 % of it. */
const BYTES_PER_GHOST = 1024

/** One FIFO, newest first. */
class Queue {
  newest: Slot | undefined = undefined
  oldest: Slot | undefined = undefined
  bytes = 0
  count = 0
  readonly name: 'small' | 'main'

  constructor(name: 'small' | 'main') {
    this.name = name
  }

  add(slot: Slot): void {
    slot.queue = this.name
    slot.before = undefined
    slot.after = this.newest
    if (this.newest === undefined) this.oldest = slot
    else this.newest.before = slot
    this.newest = slot
    this.bytes += slot.size
    this.count += 1
  }

  remove(slot: Slot): void {
    if (slot.before === undefined) this.newest = slot.after
    else slot.before.after = slot.after
    if (slot.after === undefined) this.oldest = slot.before
    else slot.after.before = slot.before
    slot.queue = 'none'
    slot.before = undefined
    slot.after = undefined
    this.bytes -= slot.size
    this.count -= 1
  }
}

export class EvictionQueues {
  readonly #small = new Queue('small')
  readonly #main = new Queue('main')
  readonly #ghosts: GhostList
  #limit: number

  constructor(limit: Bytes) {
    this.#limit = limit
    this.#ghosts = new GhostList(limit / BYTES_PER_GHOST)
  }

  /** All that counts: the slots' sizes and what the queues need themselves. */
  get bytes(): number {
    return this.#small.bytes + this.#main.bytes + this.#ghosts.footprint
  }

  get limit(): number {
    return this.#limit
  }

  get count(): number {
    return this.#small.count + this.#main.count
  }

  /** A smaller limit takes hold with the next evictions. */
  resize(limit: Bytes): void {
    this.#limit = limit
  }

  /** Puts a new slot in line; room must have been made for it. */
  insert(slot: Slot): void {
    const returned = this.#ghosts.take(slot.key, Math.max(this.#main.count, this.#small.count))
    ;(returned ? this.#main : this.#small).add(slot)
  }

  remove(slot: Slot): void {
    if (slot.queue !== 'none') this.#queueOf(slot).remove(slot)
  }

  visited(slot: Slot): void {
    if (slot.visits < MOST_VISITS) slot.visits += 1
  }

  resized(slot: Slot, delta: number): void {
    slot.size += delta
    this.#queueOf(slot).bytes += delta
  }

  /** Takes the next slot to go out of line; undefined when there is none. */
  evict(): Slot | undefined {
    for (let chances = 0; ; chances++) {
      const fromSmall = this.#small.bytes > this.#limit * SMALL_SHARE || this.#main.oldest === undefined
      const slot = fromSmall ? this.#small.oldest : this.#main.oldest
      if (slot === undefined) return undefined
      const needed = fromSmall ? VISITS_TO_STAY : 1
      if (slot.visits < needed || chances >= MOST_CHANCES) return this.#letGo(slot, fromSmall)
      this.#queueOf(slot).remove(slot)
      slot.visits = fromSmall ? 0 : slot.visits - 1
      this.#main.add(slot)
    }
  }

  #letGo(slot: Slot, fromSmall: boolean): Slot {
    if (fromSmall) this.#ghosts.note(slot.key)
    this.remove(slot)
    return slot
  }

  #queueOf(slot: Slot): Queue {
    return slot.queue === 'small' ? this.#small : this.#main
  }
}
