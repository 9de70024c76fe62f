// What can be agreed on with the other replicas before the origin is asked?
//
// Who asks it (a lease), and whether somebody already has (a look into Redis although
// memory has something, or had nothing a moment ago). Both cost one round trip together,
// never more than the timeout, and nothing while Redis is down.

import type { Milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { LeaseAnswer, LeaseWatch } from './redis/leases.ts'
import type { CacheKey, Lookup } from './store.ts'
import type { StoredResponse } from './stored-response.ts'

export interface Fleet {
  /** False: there is nobody to agree with, or asking would take too long. */
  readonly reachable: boolean
  /** `sequence`: what was purged up to here, the holder's answer will reflect. Never rejects. */
  acquire(key: CacheKey, sequence: number, duration: Milliseconds): Promise<LeaseAnswer>
  watch(key: CacheKey): LeaseWatch
  /** A newer response than `than` from Redis, else what memory has. Never rejects. */
  refetch(key: CacheKey, presented: Fields, than: StoredResponse | undefined): Promise<Lookup>
  /** Over once what was stored under `key` lately has arrived or was given up. */
  written(key: CacheKey): Promise<unknown>
}
