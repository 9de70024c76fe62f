// How do memory and Redis answer as one store?
//
// Memory first, in the same turn. What it lacks may lie in Redis: what is found there
// moves into memory. What is stored goes to memory at once and to Redis behind it, where
// its reach allows. While Redis is down nothing is asked of it and this is the memory
// store. What memory has, however stale, answers; whoever would ask the origin because of
// that may `refetch` first: another replica may have asked already.

import type { Milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { Fleet } from './fleet.ts'
import type { MemoryStore } from './memory-store.ts'
import type { PurgeEpochs } from './purge-epochs.ts'
import type { LeaseAnswer, LeaseWatch } from './redis/leases.ts'
import type { RedisTier } from './redis/redis-tier.ts'
import { Slot } from './slot.ts'
import type { CacheKey, Lookup, Reach, Store, StoreUsage } from './store.ts'
import type { StoredResponse } from './stored-response.ts'

export class TieredStore implements Store, Fleet {
  readonly #memory: MemoryStore
  readonly #redis: RedisTier
  readonly #epochs: PurgeEpochs

  constructor(memory: MemoryStore, redis: RedisTier, epochs: PurgeEpochs) {
    this.#memory = memory
    this.#redis = redis
    this.#epochs = epochs
  }

  lookup(key: CacheKey, presented: Fields, reach: Reach = 'all'): Lookup | Promise<Lookup> {
    const found = this.#memory.lookup(key, presented)
    if (found.slot !== undefined || reach === 'memory' || !this.#redis.up) return found
    return this.#fetch(key, presented, found)
  }

  /**
   * Looks into Redis although memory has something: for a newer response than `than`, e.g.
   * after another replica released its lease. Finds what memory has where there is none.
   */
  async refetch(key: CacheKey, presented: Fields, than: StoredResponse | undefined): Promise<Lookup> {
    const { response } = await this.#redis.store.lookup(key, presented)
    const newer = response !== undefined && (than === undefined || response.responseTime > than.responseTime)
    return newer ? this.#promote(key, response, true) : this.#memory.find(key, presented)
  }

  store(key: CacheKey, response: StoredResponse, reach: Reach = 'all'): boolean {
    const kept = this.#memory.store(key, response)
    const purged = !kept && this.#epochs.standing(response) === 'hard'
    if (reach === 'memory' || purged || !this.#redis.up) return kept
    return this.#redis.store.store(key, response) || kept
  }

  get reachable(): boolean {
    return this.#redis.brisk
  }

  acquire(key: CacheKey, sequence: number, duration: Milliseconds): Promise<LeaseAnswer> {
    return this.#redis.leases.acquire(key, { purpose: 'fill', sequence, duration })
  }

  watch(key: CacheKey): LeaseWatch {
    return this.#redis.leases.watch(key, 'fill')
  }

  written(key: CacheKey): Promise<unknown> {
    return this.#redis.store.written(key)
  }

  slotOf(key: CacheKey, response: StoredResponse): Slot | undefined {
    return this.#memory.slotOf(key, response)
  }

  remove(key: CacheKey): void {
    this.#memory.remove(key)
    this.#redis.store.remove(key)
  }

  /** Memory's; Redis bounds itself. */
  usage(): StoreUsage {
    return this.#memory.usage()
  }

  async close(): Promise<void> {
    await this.#redis.close()
    await this.#memory.close()
  }

  async #fetch(key: CacheKey, presented: Fields, inMemory: Lookup): Promise<Lookup> {
    const { response, otherVariants } = await this.#redis.store.lookup(key, presented)
    const meanwhile = this.#memory.find(key, presented)
    if (meanwhile.slot !== undefined) return meanwhile
    if (response !== undefined) return this.#promote(key, response, otherVariants)
    return otherVariants === inMemory.otherVariants ? inMemory : { slot: undefined, otherVariants: true }
  }

  /** Into memory; what has no room there is served all the same, from a slot that nobody keeps. */
  #promote(key: CacheKey, response: StoredResponse, otherVariants: boolean): Lookup {
    const slot = this.#memory.put(key, response) ?? new Slot(key, response, 0)
    this.#epochs.standingOf(slot)
    return { slot, otherVariants }
  }
}
