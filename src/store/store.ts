// What does every store promise?
//
// A store maps a cache key to the stored responses of that key, one per combination of
// nominated fields (RFC 9111 §4.1). It selects, so that a remote tier needs no list, and
// it never hands out what a hard purge has named. Everything else it leaves to others:
// a stored response may be stale or not for this caller, and the engine asks
// (`cache/decide.ts`, `routing/identity.ts`).
//
// In prose, what test/contract/store-contract.ts holds every implementation to:
// a lookup finds the newest response whose nominated fields match the presented request;
// storing replaces the one with the same nominated fields and keeps the others, up to a
// bound in bytes and number per key; a response whose fill began before a purge of one
// of its scopes is refused; nothing is found after `remove` or past `usefulUntil`; a
// store that can't answer says so as a miss within its time limit, never by waiting.
// The memory store answers in the same turn; callers must not await a plain value.

import type { Bytes } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { Slot } from './slot.ts'
import type { StoredResponse } from './stored-response.ts'

/** Length-prefixed parts in one string (routing/cache-key.ts); distinct inputs, distinct keys. */
export type CacheKey = string & { readonly cacheKey: true }

/** How far a stored response may travel: this process's memory alone (`store: memory`, narrow sharing without a secret), or every tier. */
export type Reach = 'memory' | 'all'

export interface Lookup {
  /** The newest stored response whose nominated fields match; its `standing` is 'kept' or 'soft' and was checked just now. */
  readonly slot: Slot | undefined
  /** True when the key has stored responses but none matches (forward because `vary-miss`, not `uri-miss`). */
  readonly otherVariants: boolean
}

export interface StoreUsage {
  readonly bytes: Bytes
  readonly limit: Bytes
  readonly entries: number
}

export interface Store {
  lookup(key: CacheKey, presented: Fields, reach?: Reach): Lookup | Promise<Lookup>
  /** Keeps `response`; false when it was too large, purged meanwhile, or refused. Remote tiers follow behind. */
  store(key: CacheKey, response: StoredResponse, reach?: Reach): boolean
  /** The slot in memory that holds exactly this response, for what is attached to it; no visit, as a lookup is one. */
  slotOf(key: CacheKey, response: StoredResponse): Slot | undefined
  /** Removes every stored response of `key` from every tier that answers. */
  remove(key: CacheKey): void
  usage(): StoreUsage
  close(): Promise<void>
}
