// May a response be served although it is stale, or must it be asked about although fresh?
//
// RFC 9111 §4.2.4 and RFC 5861. The windows in which a stale response may stand in come
// from the origin and from the route: under `obey` the origin's own values win, under
// `cap` the shorter. must-revalidate, proxy-revalidate, s-maxage (§5.2.2.10) and no-cache
// close them, whatever the client's max-stale says; only an overriding rule opens them.
// The client's directives (§5.2.1) can only narrow what is fresh, but for max-stale.

import { type Milliseconds, milliseconds, type Seconds, toMilliseconds } from '../base/units.ts'
import { type CacheDirectives, NO_DIRECTIVES, type ResponsePolicy } from './cache-control.ts'
import type { FreshnessLifetime, LifetimeRules } from './freshness.ts'

export interface StaleWindows {
  /** How long past its lifetime it may be served while it is validated in the background. */
  readonly whileRevalidate: Milliseconds
  /** How long past its lifetime it may stand in for an error. */
  readonly ifError: Milliseconds
  /** True when it must not be served stale without successful validation (RFC 9111 §4.2.4). */
  readonly mustValidate: boolean
  /** True when it must not be served at all without validation: unqualified no-cache (RFC 9111 §5.2.2.4). */
  readonly alwaysValidate: boolean
}

/** The windows of a response whose lifetime was reckoned under the same rules. */
export function staleWindows(
  policy: ResponsePolicy,
  rules: Pick<LifetimeRules, 'origin' | 'staleWhileRevalidate' | 'staleIfError'>,
  lifetime: Pick<FreshnessLifetime, 'overrides'>,
): StaleWindows {
  const own = { whileRevalidate: rules.staleWhileRevalidate, ifError: rules.staleIfError }
  if (lifetime.overrides) return { ...own, mustValidate: false, alwaysValidate: false }
  const said = policy.directives
  const alwaysValidate = said.noCache
  if (said.mustRevalidate || said.proxyRevalidate || said.sMaxage !== undefined || said.noCache) {
    return { whileRevalidate: milliseconds(0), ifError: milliseconds(0), mustValidate: true, alwaysValidate }
  }
  return {
    whileRevalidate: windowOf(said.staleWhileRevalidate, own.whileRevalidate, rules.origin),
    ifError: windowOf(said.staleIfError, own.ifError, rules.origin),
    mustValidate: false,
    alwaysValidate,
  }
}

function windowOf(stated: Seconds | undefined, own: Milliseconds, origin: LifetimeRules['origin']): Milliseconds {
  if (stated === undefined) return own
  const window = toMilliseconds(stated)
  return origin === 'cap' && own < window ? own : window
}

/** `obey` heeds all; `ignore` all but no-store and only-if-cached (contract: `requestDirectives`). */
export function heededDirectives(directives: CacheDirectives, rule: 'obey' | 'ignore'): CacheDirectives {
  if (rule === 'obey') return directives
  return { ...NO_DIRECTIVES, noStore: directives.noStore, onlyIfCached: directives.onlyIfCached }
}

/** What is known of a stored response when a request asks for it. */
export interface ReuseFacts {
  readonly age: Milliseconds
  readonly lifetime: Milliseconds
  readonly windows: StaleWindows
}

/**
 * `fresh`: to be reused. `stale-accepted`: stale, within the client's max-stale, and
 * nothing forbids it. The others ask for validation, and say why.
 */
export type RequestVerdict =
  | 'fresh'
  | 'stale-accepted'
  | 'stale'
  | 'no-cache'
  | 'request-no-cache'
  | 'request-max-age'
  | 'request-min-fresh'

/** Whether a stored response satisfies the client's directives without validation (RFC 9111 §4.2, §5.2.1). */
export function requestAllows(directives: CacheDirectives, stored: ReuseFacts): RequestVerdict {
  const { age, lifetime, windows } = stored
  if (windows.alwaysValidate) return 'no-cache'
  if (directives.noCache) return 'request-no-cache'
  const accepted = windows.mustValidate ? undefined : directives.maxStale
  const staleness = age - lifetime
  if (directives.maxAge !== undefined && age > toMilliseconds(directives.maxAge)) return 'request-max-age'
  if (directives.minFresh !== undefined && lifetime - age < toMilliseconds(directives.minFresh)) {
    return 'request-min-fresh'
  }
  if (staleness < 0) return 'fresh'
  return accepted !== undefined && staleness <= toMilliseconds(accepted) ? 'stale-accepted' : 'stale'
}
