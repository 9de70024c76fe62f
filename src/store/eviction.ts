// What goes when there is no room?
//
// S3-FIFO (Yang et al., SOSP 2023), counted in bytes: newcomers enter a small queue; who
// is looked up again before reaching its end moves to the main queue, who is not is
// evicted and its key noted; a noted key that returns enters the main queue at once.
// Deviation from the paper: the main queue is one FIFO for each power of two of the size,
// and out goes whichever oldest slot has the least worth: lookups per byte, above an age
// that rises with each eviction (GreedyDual-Size, Cao and Irani, 1997). What is small
// and asked for stays before what is large and asked for as often: bench/hit-rate.ts.
// One-time traffic so never pushes out what is popular, and a lookup writes one small
// number. The queues are linked through the slots: no allocation per slot, every step in
// constant time, and second chances are bounded per eviction, so that no request waits.

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

  resized(slot: Slot, delta: number): void {
    slot.size += delta
    this.bytes += delta
  }
}

export class EvictionQueues {
  readonly #small = new Queue('small')
  readonly #main = new MainQueues()
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
    if (returned) this.#main.add(slot)
    else this.#small.add(slot)
  }

  remove(slot: Slot): void {
    if (slot.queue === 'small') this.#small.remove(slot)
    else if (slot.queue === 'main') this.#main.remove(slot)
  }

  visited(slot: Slot): void {
    if (slot.visits < MOST_VISITS) slot.visits += 1
  }

  resized(slot: Slot, delta: number): void {
    if (slot.queue === 'small') this.#small.resized(slot, delta)
    else this.#main.resized(slot, delta)
  }

  /** Takes the next slot to go out of line; undefined when there is none. */
  evict(): Slot | undefined {
    for (let chances = 0; ; chances++) {
      const fromSmall = this.#small.bytes > this.#limit * SMALL_SHARE || this.#main.count === 0
      const slot = fromSmall ? this.#small.oldest : this.#main.least()
      if (slot === undefined) return undefined
      if (slot.visits < VISITS_TO_STAY || chances >= MOST_CHANCES) return this.#letGo(slot, fromSmall)
      this.remove(slot)
      this.#main.add(slot)
      slot.visits = fromSmall ? 0 : slot.visits - 1
    }
  }

  #letGo(slot: Slot, fromSmall: boolean): Slot {
    if (fromSmall) this.#ghosts.note(slot.key)
    this.remove(slot)
    return slot
  }
}

/** What has proved itself: one FIFO for each power of two of the size. */
class MainQueues {
  /** By the binary logarithm of the size; a slot stays where its size put it when it was added. */
  readonly #classes = Array.from({ length: 53 }, () => new Queue('main'))
  /** The worth of the last slot that was let go or given another chance. */
  #age = 0
  bytes = 0
  count = 0

  add(slot: Slot): void {
    slot.sizeClass = Math.min(52, Math.floor(Math.log2(Math.max(1, slot.size))))
    slot.worth = this.#age + (slot.visits + 1) / Math.max(1, slot.size)
    this.#queueOf(slot).add(slot)
    this.bytes += slot.size
    this.count += 1
  }

  remove(slot: Slot): void {
    this.#queueOf(slot).remove(slot)
    this.bytes -= slot.size
    this.count -= 1
  }

  resized(slot: Slot, delta: number): void {
    this.#queueOf(slot).resized(slot, delta)
    this.bytes += delta
  }

  /** The oldest slot of least worth; from then on that worth is where newcomers begin. */
  least(): Slot | undefined {
    let least: Slot | undefined
    for (const { oldest } of this.#classes) {
      if (oldest !== undefined && (least === undefined || oldest.worth < least.worth)) least = oldest
    }
    if (least !== undefined) this.#age = Math.max(this.#age, least.worth)
    return least
  }

  #queueOf(slot: Slot): Queue {
    return this.#classes[slot.sizeClass] as Queue
  }
}
