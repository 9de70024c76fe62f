// What would memory hold at this moment?
//
// The memory store's own queues, slots, sizes and purge epochs, without bodies: a slot
// counts for the bytes that the log says, and keeps none. What expires goes when it is
// met or when room is needed, as the real store's sweeper would have seen to. The number
// of slots is bounded too: beyond it a fair sample of the keys stands for all, with a
// proportionate share of the memory (spatial sampling, Waldspurger et al., FAST 2015).

import { bytes, type EpochMs } from '../../base/units.ts'
import type { Fields } from '../../http/fields.ts'
import { EvictionQueues } from '../../store/eviction.ts'
import { footprint } from '../../store/footprint.ts'
import { LARGEST_SHARE } from '../../store/memory-store.ts'
import type { PurgeEpochs } from '../../store/purge-epochs.ts'
import { Slot } from '../../store/slot.ts'
import type { CacheKey } from '../../store/store.ts'
import type { StoredResponse } from '../../store/stored-response.ts'

export interface SimulatedStoreOptions {
  /** Bytes of memory. */
  readonly limit: number
  readonly mostSlots: number
  readonly epochs: PurgeEpochs
}

/** What `footprint` counts a text for besides its characters. */
const PER_TEXT = 32
const SWEEP_EVERY_MS = 60_000

export class SimulatedStore {
  /** Share of the keys that are simulated. */
  rate = 1
  readonly #options: SimulatedStoreOptions
  readonly #slots = new Map<CacheKey, Slot>()
  readonly #queues: EvictionQueues
  readonly #heads = new WeakMap<Fields, number>()
  #sweptAt = 0
  #storedSinceSweep = 0

  constructor(options: SimulatedStoreOptions) {
    this.#options = options
    this.#queues = new EvictionQueues(bytes(options.limit))
  }

  /** Whether this key is among those that are simulated. */
  isSampled(key: CacheKey): boolean {
    return this.rate === 1 || hashOf(key) < this.rate * 2 ** 32
  }

  lookup(key: CacheKey, now: EpochMs): Slot | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined || this.#isUseless(slot, now)) return undefined
    this.#queues.visited(slot)
    return slot
  }

  /** Stores a response whose content had `size` bytes; false where it is too large. */
  store(key: CacheKey, response: StoredResponse, { size, now }: { size: number; now: EpochMs }): boolean {
    const whole = footprint(key, { ...response, fields: [] }) + this.#fieldsSize(response) + size
    if (whole > this.#options.limit * LARGEST_SHARE) return false
    const former = this.#slots.get(key)
    if (former !== undefined) this.#drop(former)
    if (!this.#makeRoom(whole, now)) return false
    const slot = new Slot(key, response, whole)
    slot.since = this.#options.epochs.version
    this.#slots.set(key, slot)
    this.#queues.insert(slot)
    this.#storedSinceSweep += 1
    if (this.#slots.size > this.#options.mostSlots) this.#halve(now)
    return true
  }

  /** Heads are few and shared by many: each is measured once. */
  #fieldsSize({ fields }: StoredResponse): number {
    let size = this.#heads.get(fields)
    if (size === undefined) {
      size = fields.reduce((sum, text) => sum + PER_TEXT + text.length, 0)
      this.#heads.set(fields, size)
    }
    return size
  }

  /** Drops what has expired or was purged. */
  sweep(now: EpochMs): void {
    for (const slot of this.#slots.values()) this.#isUseless(slot, now)
    this.#sweptAt = now
    this.#storedSinceSweep = 0
  }

  /** Bytes in use, scaled up to all keys. */
  get bytes(): number {
    return this.#queues.bytes / this.rate
  }

  #isUseless(slot: Slot, now: EpochMs): boolean {
    const useless = this.#options.epochs.standingOf(slot) === 'hard' || slot.response.usefulUntil <= now
    if (useless) this.#drop(slot)
    return useless
  }

  /** A pass over everything must pay for itself, so it also waits for a quarter of the slots to be stored anew. */
  #makeRoom(size: number, now: EpochMs): boolean {
    if (this.#queues.bytes + size <= this.#queues.limit) return true
    if (now - this.#sweptAt >= SWEEP_EVERY_MS && this.#storedSinceSweep * 4 >= this.#slots.size) this.sweep(now)
    while (this.#queues.bytes + size > this.#queues.limit) {
      const slot = this.#queues.evict()
      if (slot === undefined) return false
      this.#drop(slot)
    }
    return true
  }

  #drop(slot: Slot): void {
    this.#queues.remove(slot)
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
  }

  #halve(now: EpochMs): void {
    this.sweep(now)
    if (this.#slots.size <= this.#options.mostSlots) return
    this.rate /= 2
    this.#queues.resize(bytes(this.#options.limit * this.rate))
    for (const slot of this.#slots.values()) if (!this.isSampled(slot.key)) this.#drop(slot)
  }
}

/** FNV-1a with a final mix, 32 bits: which half of the keys a key belongs to. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
