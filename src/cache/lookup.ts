// What is stored for this request?
//
// One look at the store, in the same turn where memory has the answer. A store that
// fails or lies makes the request a miss, never an error (invariant 2): the cache steps
// aside and the failure is an event, emitted by the store itself.

import type { Fields } from '../http/fields.ts'
import type { CacheKey, Lookup, Reach, Store } from '../store/store.ts'

export const NOTHING_STORED: Lookup = { slot: undefined, otherVariants: false }

/** Never throws, never rejects. */
export function lookup(store: Store, key: CacheKey, presented: Fields, reach: Reach): Lookup | Promise<Lookup> {
  const found = store.lookup(key, presented, reach)
  return found instanceof Promise ? found.catch(() => NOTHING_STORED) : found
}
