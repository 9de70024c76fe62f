// What is kept in this process's memory, and what goes when there is no room?
//
// One Map from cache key to the newest variant's slot, older variants chained behind it.
// Bytes bound it, overhead and attachments included: room is made before anything is
// put in, so the limit is never exceeded, not even for a moment. A response that would
// take more than a share of the whole is refused, because everything else would go for
// it. What is of no more use (`usefulUntil` past, purged) goes when a lookup meets it,
// and otherwise in the sweeper's small slices. Lookups answer in the same turn.

import type { Clock } from '../base/clock.ts'
import type { EvictionEvent, Telemetry } from '../base/events.ts'
import { type Bytes, bytes, type EpochMs, milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import { type Conceal, matchesNominated, sameNominated } from '../http/vary.ts'
import { EvictionQueues } from './eviction.ts'
import { footprint } from './footprint.ts'
import type { PurgeMode } from './purge-channel.ts'
import type { PurgeEpochs } from './purge-epochs.ts'
import { namesAny, type Scope } from './scopes.ts'
import { Slot, type SlotOwner } from './slot.ts'
import type { CacheKey, Lookup, Store, StoreUsage } from './store.ts'
import type { StoredResponse } from './stored-response.ts'
import { Sweeper } from './sweeper.ts'

export interface MemoryStoreOptions {
  readonly limit: Bytes
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly epochs: PurgeEpochs
  /** What the values of nominated fields were turned into before they were stored (see http/vary.ts). */
  readonly conceal?: Conceal
  /** It stands beside another memory store with the same epochs: purges are forgotten when both have swept. */
  readonly beside?: boolean
}

/** Most variants of one key. */
const MOST_VARIANTS = 64
/** One key, all its variants together, may take this share of the limit. */
export const LARGEST_SHARE = 0.25

const NOTHING: Lookup = { slot: undefined, otherVariants: false }
const OTHER_VARIANTS: Lookup = { slot: undefined, otherVariants: true }

/** Counts what one purge does, for whoever ordered it. */
interface PurgeTally {
  readonly named: ReadonlySet<Scope>
  readonly mode: PurgeMode
  readonly sequence: number
  count: number
}

/** Counted where they happen, because an event for each hit would cost more than the hit; read at a scrape. */
export interface MemoryOperations {
  hits: number
  misses: number
  stored: number
  refused: number
  removed: number
  /** Purges by an operator, whose effect is counted. */
  purged: number
}

/** One lookup in so many is timed. */
const TIMED_EVERY = 256

export class MemoryStore implements Store, SlotOwner {
  readonly operations: MemoryOperations = { hits: 0, misses: 0, stored: 0, refused: 0, removed: 0, purged: 0 }
  #lookups = 0
  readonly #options: MemoryStoreOptions
  readonly #slots = new Map<CacheKey, Slot>()
  readonly #queues: EvictionQueues
  readonly #sweeper: Sweeper
  readonly #tallies = new Set<PurgeTally>()

  constructor(options: MemoryStoreOptions) {
    this.#options = options
    this.#queues = new EvictionQueues(options.limit)
    if (options.beside === true) options.epochs.alsoSweptBy(this)
    this.#sweeper = new Sweeper({
      clock: options.clock,
      epochs: options.epochs,
      sweptBy: options.beside === true ? this : undefined,
      slots: () => this.#slots.values(),
      visit: (slot, now) => this.#tidy(slot, now),
    })
  }

  lookup(key: CacheKey, presented: Fields): Lookup {
    this.#lookups += 1
    const found = this.#lookups % TIMED_EVERY === 0 ? this.#timedFind(key, presented) : this.find(key, presented)
    if (found.slot === undefined) this.operations.misses += 1
    else this.operations.hits += 1
    return found
  }

  /** A lookup that is not counted: a second look for the same request, or an operator's. */
  find(key: CacheKey, presented: Fields): Lookup {
    return this.select(key, { fields: presented })
  }

  /** As `find`, for fields that are costly to read: they are asked for only where the key's responses vary. */
  select(key: CacheKey, presented: { readonly fields: Fields }): Lookup {
    let slot = this.#slots.get(key)
    if (slot === undefined) return NOTHING
    const now = this.#options.clock.now()
    let others = false
    while (slot !== undefined) {
      const { older }: Slot = slot
      if (this.#isUseless(slot, now) === undefined) {
        if (this.#matches(slot, presented)) {
          this.#queues.visited(slot)
          return { slot, otherVariants: others || older !== undefined }
        }
        others = true
      }
      slot = older
    }
    return others ? OTHER_VARIANTS : NOTHING
  }

  store(key: CacheKey, response: StoredResponse): boolean {
    return this.put(key, response) !== undefined
  }

  #timedFind(key: CacheKey, presented: Fields): Lookup {
    const { clock, telemetry } = this.#options
    const started = clock.monotonic()
    const found = this.find(key, presented)
    telemetry.emit({
      kind: 'store-timing',
      tier: 'memory',
      op: 'get',
      duration: milliseconds(clock.monotonic() - started),
    })
    return found
  }

  /** Stores, and returns the slot; undefined when the response was refused. */
  put(key: CacheKey, response: StoredResponse): Slot | undefined {
    const slot = this.#put(key, response)
    if (slot === undefined) this.operations.refused += 1
    else this.operations.stored += 1
    return slot
  }

  #put(key: CacheKey, response: StoredResponse): Slot | undefined {
    const { epochs, clock } = this.#options
    const size = footprint(key, response)
    if (size > this.#queues.limit * LARGEST_SHARE) return undefined
    if (epochs.standing(response) === 'hard' || response.usefulUntil <= clock.now()) return undefined
    const former = this.#sameVariant(key, response)
    if (former !== undefined) this.#drop(former, 'replaced')
    this.#boundVariants(key, size)
    if (!this.#makeRoom(size)) return undefined
    const slot = new Slot(key, withOwnBody(response), size)
    this.#link(slot)
    epochs.standingOf(slot)
    if (former !== undefined && former.response.body === response.body) slot.inherit(former)
    return slot
  }

  slotOf(key: CacheKey, response: StoredResponse): Slot | undefined {
    let slot = this.#slots.get(key)
    // One whose body was a view was stored as a copy, with the same fields.
    while (slot !== undefined && slot.response !== response && slot.response.fields !== response.fields)
      slot = slot.older
    return slot
  }

  remove(key: CacheKey): void {
    this.operations.removed += 1
    for (let slot = this.#slots.get(key); slot !== undefined; slot = slot.older) this.#drop(slot, 'purged')
  }

  /** For attachments: more (or, negative, fewer) bytes beside a slot. */
  grow(slot: Slot, delta: number): boolean {
    if (delta > 0) {
      if (slot.size + delta > this.#queues.limit * LARGEST_SHARE || !this.#makeRoom(delta)) return false
      if (!slot.live) return false
    }
    this.#queues.resized(slot, delta)
    return true
  }

  /**
   * How many stored responses a purge of `named` concerned, once all of them are gone
   * (hard) or known to be stale (soft). Call it in the same turn as the purge.
   */
  async sweepPurged(named: readonly Scope[], mode: PurgeMode): Promise<number> {
    this.operations.purged += 1
    const tally = { named: new Set(named), mode, sequence: this.#options.epochs.current(), count: 0 }
    this.#tallies.add(tally)
    await this.#sweeper.sweep()
    this.#tallies.delete(tally)
    return tally.count
  }

  /** Removes all that expired or was purged, in small slices. */
  sweep(): Promise<void> {
    return this.#sweeper.sweep()
  }

  resize(limit: Bytes): void {
    this.#queues.resize(limit)
    this.#makeRoom(0)
  }

  usage(): StoreUsage {
    return { bytes: bytes(this.#queues.bytes), limit: bytes(this.#queues.limit), entries: this.#queues.count }
  }

  async close(): Promise<void> {
    this.#sweeper.stop()
  }

  #matches(slot: Slot, presented: { readonly fields: Fields }): boolean {
    const { nominated } = slot.response
    return nominated.length === 0 || matchesNominated(nominated, presented.fields, this.#options.conceal)
  }

  /** Drops the slot if nobody may be given it any more, and says why. */
  #isUseless(slot: Slot, now: EpochMs): EvictionEvent['reason'] | undefined {
    const purged = this.#options.epochs.standingOf(slot) === 'hard'
    if (!purged && slot.response.usefulUntil > now) return undefined
    const reason = purged ? 'purged' : 'expired'
    this.#drop(slot, reason)
    return reason
  }

  #tidy(newest: Slot, now: EpochMs): void {
    for (let slot: Slot | undefined = newest; slot !== undefined; ) {
      const { older }: Slot = slot
      if (this.#isUseless(slot, now) === undefined && slot.standing === 'soft') this.#count(slot, 'soft')
      slot = older
    }
  }

  #sameVariant(key: CacheKey, response: StoredResponse): Slot | undefined {
    let slot = this.#slots.get(key)
    while (slot !== undefined && !sameNominated(slot.response.nominated, response.nominated)) slot = slot.older
    return slot
  }

  /** Drops the oldest variants that one more of `size` leaves no place for. */
  #boundVariants(key: CacheKey, size: number): void {
    const most = this.#queues.limit * LARGEST_SHARE
    let count = 1
    let total: number = size
    for (let slot = this.#slots.get(key); slot !== undefined; ) {
      const { older }: Slot = slot
      count += 1
      total += slot.size
      if (count > MOST_VARIANTS || total > most) this.#drop(slot, 'variants')
      slot = older
    }
  }

  #makeRoom(size: number): boolean {
    while (this.#queues.bytes + size > this.#queues.limit) {
      const slot = this.#queues.evict()
      if (slot === undefined) return false
      this.#drop(slot, 'room')
    }
    return true
  }

  #link(slot: Slot): void {
    slot.owner = this
    slot.since = this.#options.epochs.version
    slot.older = this.#slots.get(slot.key)
    this.#slots.set(slot.key, slot)
    this.#queues.insert(slot)
  }

  #drop(slot: Slot, reason: EvictionEvent['reason']): void {
    if (this.#tallies.size > 0 && this.#options.epochs.standingOf(slot) === 'hard') this.#count(slot, 'hard')
    this.#queues.remove(slot)
    this.#unlink(slot)
    slot.owner = undefined
    this.#options.telemetry.emit({ kind: 'eviction', tier: 'memory', reason })
  }

  #unlink(slot: Slot): void {
    const newest = this.#slots.get(slot.key)
    if (newest === slot) {
      if (slot.older === undefined) this.#slots.delete(slot.key)
      else this.#slots.set(slot.key, slot.older)
      return
    }
    let newer = newest
    while (newer !== undefined && newer.older !== slot) newer = newer.older
    if (newer !== undefined) newer.older = slot.older
  }

  #count(slot: Slot, mode: PurgeMode): void {
    for (const tally of this.#tallies) {
      const before = slot.response.sequence < tally.sequence
      if (tally.mode === mode && before && namesAny(tally.named, slot.response.scopes)) tally.count += 1
    }
  }
}

/** Bodies in a pool would keep the whole pool alive; what is kept has memory of its own. */
function withOwnBody(response: StoredResponse): StoredResponse {
  const { body } = response
  if (body.buffer.byteLength === body.length) return response
  const own = Buffer.allocUnsafeSlow(body.length)
  body.copy(own)
  return { ...response, body: own }
}
