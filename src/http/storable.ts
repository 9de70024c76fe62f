// May this response be stored, and if not, why?
//
// RFC 9111 §3, with §3.5 (Authorization), §5.2.2.3 (must-understand) and the rules of a
// route. An overriding rule replaces what the origin said about storing, nothing else.
// What could be stored but never be of use (no lifetime, no validator, no window in
// which it may be served stale) is refused too. A HEAD never fills, and what RFC 6585
// forbids to store needs the operator's own word. Reasons are a closed list of labels.

import { type CacheDirectives, type ResponsePolicy, responseDirectives } from './cache-control.ts'
import { fieldLines, hasField } from './fields.ts'
import { type FreshnessLifetime, isHeuristicallyCacheable } from './freshness.ts'
import type { PresentedRequest, RequestHead, ResponseHead, StoredHead } from './message.ts'
import { targetOf } from './message.ts'
import { parseContentRange } from './range.ts'
import type { StaleWindows } from './staleness.ts'
import { resolveSameOrigin } from './uri.ts'
import { hasValidator, strongValidator } from './validators.ts'
import { nominatedNames } from './vary.ts'

/** Why a response is not stored; labels of `uncacheable_total`. */
const UNSTORABLE_REASONS = [
  'method',
  'request-no-store',
  'status',
  'partial',
  'no-store',
  'private',
  'credentials',
  'set-cookie',
  'vary',
  'no-freshness',
] as const
export type UnstorableReason = (typeof UNSTORABLE_REASONS)[number]

export type Storability = { readonly storable: true } | { readonly storable: false; readonly reason: UnstorableReason }

/** What makes a request personal where the route leaves that to the origin (`share: auto`); `none` elsewhere. */
export type Credentials = 'none' | 'authorization' | 'other'

export interface StorableFacts {
  readonly request: RequestHead
  readonly requestDirectives: CacheDirectives
  /** `authorization`: only Authorization; `other`: any other credential, alone or besides. */
  readonly credentials: Credentials
  /** The request's content is part of the key: POST and QUERY answers can be found again. */
  readonly keyedBody: boolean
  /** A POST's answer that stands for a GET of its target: see `answersGet`. */
  readonly answersGet: boolean
  readonly response: Pick<StoredHead, 'status' | 'fields' | 'date'>
  readonly policy: ResponsePolicy
  readonly lifetime: FreshnessLifetime
  readonly windows: StaleWindows
  readonly setCookie: 'refuse' | 'strip'
  /** Whether a 206 may be kept as a part (it then needs a strong validator, RFC 9111 §3.4). */
  readonly parts: boolean
}

/** Rules in order; the first that speaks up is the reason. */
const RULES: readonly (readonly [UnstorableReason, (facts: StorableFacts) => boolean])[] = [
  ['method', facts => !isStorableMethod(facts)],
  ['request-no-store', facts => facts.requestDirectives.noStore],
  ['partial', facts => facts.response.status === 206 && !isStorablePart(facts)],
  ['status', facts => !isStorableStatus(facts)],
  ['no-store', facts => !facts.lifetime.overrides && forbidsStoring(facts)],
  ['private', facts => !facts.lifetime.overrides && facts.policy.directives.private],
  ['credentials', facts => !allowsSharing(facts.credentials, facts.policy.directives)],
  ['set-cookie', facts => facts.setCookie === 'refuse' && hasField(facts.response.fields, 'set-cookie')],
  ['vary', facts => nominatedNames(facts.response.fields) === 'never'],
  ['no-freshness', facts => !isOfUse(facts)],
]

/** Whether a shared cache may store the response, and would ever use it. */
export function isStorable(facts: StorableFacts): Storability {
  const broken = RULES.find(([, breaks]) => breaks(facts))
  return broken === undefined ? { storable: true } : { storable: false, reason: broken[0] }
}

function isStorableMethod({ request: { method }, keyedBody, answersGet }: StorableFacts): boolean {
  if (method === 'GET') return true
  return (keyedBody && (method === 'POST' || method === 'QUERY')) || (answersGet && method === 'POST')
}

function isStorablePart(facts: StorableFacts): boolean {
  const [range, ...more] = fieldLines(facts.response.fields, 'content-range')
  if (!facts.parts || range === undefined || more.length > 0) return false
  return parseContentRange(range) !== undefined && strongValidator(facts.response) !== undefined
}

/** Statuses whose caching rules this cache follows (RFC 9111 §5.2.2.3): those of RFC 9110 that it may store at all. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308, 400, 402, 403, 404, 405, 406, 408, 409, 410,
  411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 451, 500, 501, 502, 503, 504, 505,
])
/** They challenge one caller (401, 407) or must not be stored (RFC 6585 §3 to §6). */
const NEVER_BY_ITSELF: ReadonlySet<number> = new Set([304, 401, 407, 428, 429, 431, 511])

function isStorableStatus({ response: { status }, policy, lifetime }: StorableFacts): boolean {
  // Beyond 599 there is no class whose rules could be known (RFC 9110 §15): as a server error, but never kept.
  if (status < 200 || status > 599) return false
  if (lifetime.source === 'statuses') return true
  if (NEVER_BY_ITSELF.has(status)) return false
  if (policy.directives.mustUnderstand && !lifetime.overrides && !UNDERSTOOD.has(status)) return false
  return lifetime.explicit || lifetime.source === 'ttl' || isHeuristicallyCacheable(status, policy)
}

/** no-store, unless must-understand vouches for a status whose rules are followed (RFC 9111 §5.2.2.3, §5.2.2.5). */
function forbidsStoring({ response: { status }, policy: { directives } }: StorableFacts): boolean {
  return directives.noStore && !(directives.mustUnderstand && UNDERSTOOD.has(status))
}

/** Whether the origin lets a response to a request with credentials be shared (RFC 9111 §3.5; contract, `share: auto`). */
export function allowsSharing(credentials: Credentials, said: CacheDirectives): boolean {
  if (credentials === 'none' || said.public || said.sMaxage !== undefined) return true
  return credentials === 'authorization' && said.mustRevalidate
}

function isOfUse({ response, lifetime, windows, policy }: StorableFacts): boolean {
  if (hasValidator(response)) return true
  if (windows.alwaysValidate) return false
  if (lifetime.lifetime > 0) return true
  const stated = lifetime.explicit || policy.directives.staleWhileRevalidate !== undefined
  return stated && (windows.ifError > 0 || windows.whileRevalidate > 0)
}

/** Whether a POST's answer may be stored as its target's GET: explicit freshness, Content-Location is the target (RFC 9110 §9.3.3). */
export function answersGet(request: PresentedRequest, response: ResponseHead): boolean {
  if (request.method !== 'POST' || response.status < 200 || response.status > 299) return false
  const [location, ...more] = fieldLines(response.fields, 'content-location')
  if (location === undefined || more.length > 0 || resolveSameOrigin(location, request) !== targetOf(request))
    return false
  const { sMaxage, maxAge } = responseDirectives(response.fields).directives
  return sMaxage !== undefined || maxAge !== undefined || hasField(response.fields, 'expires')
}
