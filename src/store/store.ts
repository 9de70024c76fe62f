// What does every store promise?
//
// A store maps a cache key to the stored responses of that key, one per combination of
// nominated fields (RFC 9111 §4.1). It selects, so that a remote tier needs no list.
// It never decides: a stored response may be stale, purged or not for this caller, and
// the engine asks (`cache/decide.ts`, `purge-epochs.ts`, `routing/identity.ts`).
//
// In prose, what test/contract/store.test.ts holds every implementation to:
// a lookup finds the newest response whose nominated fields match the presented request;
// storing replaces the one with the same nominated fields and keeps the others, up to a
// bound in bytes and number per key; nothing is found after `remove`; a store that can't
// answer says so by a Fault with side 'store' within its time limit, never by waiting.
// The memory store answers in the same turn; callers must not await a plain value.

import type { Bytes } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { StoredResponse } from './stored-response.ts'

/** Length-prefixed parts in one string (routing/cache-key.ts); distinct inputs, distinct keys. */
export type CacheKey = string & { readonly cacheKey: true }

export interface Lookup {
  /** The newest stored response whose nominated fields match, or undefined. */
  readonly response: StoredResponse | undefined
  /** True when the key has stored responses but none matches (forward because `vary-miss`, not `uri-miss`). */
  readonly otherVariants: boolean
}

export interface StoreUsage {
  readonly bytes: Bytes
  readonly limit: Bytes
  readonly entries: number
}

export interface Store {
  lookup(key: CacheKey, presented: Fields): Lookup | Promise<Lookup>
  /** Keeps `response`; resolves to false when it was too large or refused. */
  store(key: CacheKey, response: StoredResponse): boolean | Promise<boolean>
  /** Removes every stored response of `key`. */
  remove(key: CacheKey): void | Promise<void>
  usage(): StoreUsage
  close(): Promise<void>
}
