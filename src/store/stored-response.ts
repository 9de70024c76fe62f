// What exactly is kept of a response?
//
// The head as received less what RFC 9111 §3.1 forbids to store, the whole content in
// the coding the origin chose, the instants that age is reckoned from, the values the
// origin's Vary nominated, and what a purge may name it by. Lifetimes are not kept:
// they follow the rules of now (a lowered `ttl` holds at once). Immutable; freshening
// makes a new one. Encoded forms and acceptances hang beside it, not in it.

import type { Bytes, EpochMs, Milliseconds } from '../base/units.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import type { NominatedField } from '../http/vary.ts'
import type { Scope } from './scopes.ts'

export interface StoredResponse extends ResponseHead, ResponseTimes {
  /** Date of the response as received, or `responseTime` where it was missing or unreadable. */
  readonly date: EpochMs
  /** Content as the origin coded it; allocated apart from any pool (never a view of a larger buffer). */
  readonly body: Buffer
  /** Empty: the response had no Vary. */
  readonly nominated: readonly NominatedField[]
  /** Everything a purge may name this by: URI, route, tags, user, groups. Prefixes follow from the URI. */
  readonly scopes: readonly Scope[]
  /** The purge sequence when the request that fetched (or last validated) it left. */
  readonly sequence: number
  /** How long the origin took to its response head: what a hit saves. */
  readonly originTime: Milliseconds
  /** True when Pillion made the ETag; it then means nothing to the origin. */
  readonly etagMade: boolean
  /** A position in [-1, 1) drawn once at the fill; `jitter` scales it. */
  readonly jitterAt: number
  /** Last instant it may be of any use (freshness plus the stale windows when it was stored); for expiry, never for reuse. */
  readonly usefulUntil: EpochMs
  /** Field names on lines received, for sizes. */
  readonly headBytes: Bytes
}
