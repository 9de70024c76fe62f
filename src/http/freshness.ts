// How long is a response fresh, and who says so?
//
// RFC 9111 §4.2.1 for a shared cache (targeted field, s-maxage, max-age, Expires),
// §4.2.2 for heuristics, and the operator's rules around them: `obey` uses `ttl` only
// where the origin is silent, `cap` takes the shorter, `override` lets `ttl` win. An
// unreadable or contradictory statement of the origin counts as "already stale".
// Jitter is not applied here: a lifetime is a fact, its spread is the engine's.

import { elapsed, type Milliseconds, milliseconds, type Ratio, toMilliseconds } from '../base/units.ts'
import { type DirectiveSource, isTargeted, type ResponsePolicy, responseDirectives } from './cache-control.ts'
import { dateField } from './dates.ts'
import { hasField } from './fields.ts'
import type { StoredHead } from './message.ts'

/** What lifetimes are reckoned from besides the response: a route's settings. */
export interface LifetimeRules {
  readonly ttl: Milliseconds | undefined
  readonly origin: 'obey' | 'cap' | 'override'
  /** Share of the time since Last-Modified, or undefined for no heuristic. */
  readonly heuristic: Ratio | undefined
  readonly statuses: ReadonlyMap<number, Milliseconds>
  readonly staleWhileRevalidate: Milliseconds
  readonly staleIfError: Milliseconds
  readonly jitter: Ratio
}

export type LifetimeSource =
  | 'pillion-cache-control'
  | 'cdn-cache-control'
  | 's-maxage'
  | 'max-age'
  | 'expires'
  | 'ttl'
  | 'statuses'
  | 'heuristic'
  | 'none'

export interface FreshnessLifetime {
  /** Never negative. */
  readonly lifetime: Milliseconds
  readonly source: LifetimeSource
  /** True when the origin stated it (not `ttl`, `statuses`, a heuristic, or nothing). */
  readonly explicit: boolean
  /** True when the operator's rule replaces all the origin said: no-store, private, no-cache, must-revalidate included. */
  readonly overrides: boolean
}

/** What age and lifetime are reckoned from. */
export type DatedHead = Pick<StoredHead, 'status' | 'fields' | 'date' | 'responseTime'>

/** Statuses that `ttl` speaks about (contract: `statuses`); the others need a rule of their own or the origin's word. */
const TTL_STATUSES: ReadonlySet<number> = new Set([200, 203, 301, 308])

/** Statuses that may be stored without explicit freshness (RFC 9110 §15.1). */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])

/** Whether RFC 9111 §4.2.2 lets a cache make up a lifetime for this status: heuristically cacheable, or marked public. */
export function isHeuristicallyCacheable(status: number, policy: ResponsePolicy): boolean {
  return HEURISTIC_STATUSES.has(status) || policy.directives.public
}

/** The freshness lifetime of a response under a route's rules; `policy` saves reading the directives again. */
export function freshnessLifetime(
  head: DatedHead,
  rules: LifetimeRules,
  policy: ResponsePolicy = responseDirectives(head.fields),
): FreshnessLifetime {
  const ruled = ruledLifetime(head.status, rules)
  if (ruled !== undefined && rules.origin === 'override') return { ...ruled, overrides: true }
  const stated = statedLifetime(head, policy)
  if (stated !== undefined) {
    const capped = rules.origin === 'cap' && ruled !== undefined && ruled.lifetime < stated.lifetime
    return capped ? ruled : stated
  }
  if (ruled !== undefined && isSilent(head, policy)) return ruled
  return heuristicLifetime(head, rules, policy)
}

function lifetimeFrom(source: LifetimeSource, lifetime: number, explicit: boolean): FreshnessLifetime {
  return { lifetime: milliseconds(Math.max(0, lifetime)), source, explicit, overrides: false }
}

function ruledLifetime(status: number, rules: LifetimeRules): FreshnessLifetime | undefined {
  const own = rules.statuses.get(status)
  if (own !== undefined) return lifetimeFrom('statuses', own, false)
  if (rules.ttl === undefined || !TTL_STATUSES.has(status)) return undefined
  return lifetimeFrom('ttl', rules.ttl, false)
}

function statedLifetime(head: DatedHead, policy: ResponsePolicy): FreshnessLifetime | undefined {
  const { sMaxage, maxAge } = policy.directives
  const delta = sMaxage ?? maxAge
  if (delta !== undefined) {
    const source = targetedSource(policy.source) ?? (sMaxage === undefined ? 'max-age' : 's-maxage')
    return lifetimeFrom(source, toMilliseconds(delta), true)
  }
  if (isTargeted(policy)) return undefined
  const expires = dateField(head.fields, 'expires', head.responseTime)
  if (expires === undefined) return undefined
  return lifetimeFrom('expires', expires === 'invalid' ? 0 : elapsed(head.date, expires), true)
}

function targetedSource(source: DirectiveSource): 'pillion-cache-control' | 'cdn-cache-control' | undefined {
  return source === 'pillion-cache-control' || source === 'cdn-cache-control' ? source : undefined
}

/** Contract, `origin: obey`: no targeted field, no Expires, none of max-age, s-maxage, no-cache, no-store, private. */
function isSilent(head: DatedHead, policy: ResponsePolicy): boolean {
  const said = policy.directives
  if (isTargeted(policy) || hasField(head.fields, 'expires')) return false
  if (said.maxAge !== undefined || said.sMaxage !== undefined || said.noStore) return false
  return !said.noCache && !said.private && said.noCacheFields.length === 0 && said.privateFields.length === 0
}

function heuristicLifetime(head: DatedHead, rules: LifetimeRules, policy: ResponsePolicy): FreshnessLifetime {
  const none = lifetimeFrom('none', 0, false)
  if (rules.heuristic === undefined || policy.directives.noCache) return none
  if (!isHeuristicallyCacheable(head.status, policy)) return none
  const modified = dateField(head.fields, 'last-modified', head.responseTime)
  if (modified === undefined || modified === 'invalid' || modified >= head.date) return none
  return lifetimeFrom('heuristic', Math.floor(elapsed(modified, head.date) * rules.heuristic), false)
}
