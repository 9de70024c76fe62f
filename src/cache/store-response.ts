// What of an answer is kept, and under which names may it be purged?
//
// Judges the response head when it arrives, makes the stored response when the content
// is whole, and commits it: fenced (a response whose request began before a purge is
// never stored under what was purged, invariant 4), with a strong entity tag where the
// origin sent none. A 304 to our own validator freshens what is stored instead.

import etag from 'etag'
import { Fault } from '../base/fault.ts'
import { bytes, type EpochMs, epochMs } from '../base/units.ts'
import { isCompressible } from '../encoding/choice.ts'
import { type CacheDirectives, responseDirectives } from '../http/cache-control.ts'
import { dateOf, withDate } from '../http/dates.ts'
import { type Fields, fieldValue, hasField, withField } from '../http/fields.ts'
import { freshnessLifetime } from '../http/freshness.ts'
import { cacheGroups, responseTags } from '../http/groups.ts'
import { storedFields } from '../http/hop-by-hop.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import { searchVariance } from '../http/no-vary-search.ts'
import { staleWindows } from '../http/staleness.ts'
import { isStorable, type Storability } from '../http/storable.ts'
import { freshenedFields } from '../http/validation.ts'
import { hasValidator, madeTag } from '../http/validators.ts'
import { nominatedFields } from '../http/vary.ts'
import type { Route } from '../routing/route.ts'
import { searchUri, withoutOrigin } from '../routing/uri-scopes.ts'
import { groupScope, type Scope, tagScope, uriScope } from '../store/scopes.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { knownScopes, type RoutedRequest } from './routed-request.ts'

/** A response this small is held until it is whole, so that the client that fills gets its tag too (contract §3). */
const HELD_AT_MOST = 64 * 1024
/** How much longer than any other use a response with a validator is kept to be validated. */
const KEPT_TO_VALIDATE_MS = 3_600_000

/** Whether the response may be stored for this request, by RFC 9111 §3 and the route's rules. */
export function judge(routed: RoutedRequest, head: ResponseHead, times: ResponseTimes, parts = false): Storability {
  const { request, route } = routed
  const policy = responseDirectives(head.fields)
  const response = { ...head, ...times, date: dateOf(head.fields, times.responseTime) }
  const lifetime = freshnessLifetime(response, route.lifetime, policy)
  return isStorable({
    request,
    requestDirectives: routed.directives,
    credentials: routed.sharing.credentials,
    keyedBody: route.body && request.bodyDigest !== undefined,
    answersGet: false,
    response,
    policy,
    lifetime,
    windows: staleWindows(policy, route.lifetime, lifetime),
    setCookie: route.setCookie,
    parts,
  })
}

/**
 * Whether to tell nobody of this response before it is whole: small, and without a tag of
 * its own, or to be compressed once for all. Not where it has fields for the client that fills alone, which are not stored.
 */
export function shouldHold(head: ResponseHead, route: Pick<Route, 'compress'>): boolean {
  if (head.status !== 200 || hasField(head.fields, 'set-cookie')) return false
  if (hasField(head.fields, 'etag') && (route.compress.length === 0 || !isCompressible(head.fields))) return false
  const { noCacheFields, privateFields } = responseDirectives(head.fields).directives
  if (noCacheFields.length + privateFields.length > 0) return false
  const announced = fieldValue(head.fields, 'content-length')
  return announced !== undefined && Number(announced) <= HELD_AT_MOST
}

export interface Whole extends ResponseHead, ResponseTimes {
  readonly body: Buffer
  readonly originTime: StoredResponse['originTime']
  /** Drawn in [-1, 1). */
  readonly jitterAt: number
}

/** The stored response made of a whole answer that `judge` found storable. */
export function makeStored(routed: RoutedRequest, whole: Whole): StoredResponse {
  const nominated = nominatedFields(whole.fields, routed.request.fields)
  if (nominated === 'never') throw new Fault('INTERNAL', 'a response whose Vary matches nobody was to be stored')
  const { directives } = responseDirectives(whole.fields)
  const etagMade = whole.status === 200 && !hasField(whole.fields, 'etag')
  const kept = keptFields(whole, directives)
  const fields = etagMade ? withField(kept, 'ETag', madeTag(etag(whole.body))) : kept
  return {
    status: whole.status,
    fields,
    requestTime: whole.requestTime,
    responseTime: whole.responseTime,
    date: dateOf(whole.fields, whole.responseTime),
    body: whole.body,
    nominated,
    scopes: scopesOf(routed, whole.fields),
    sequence: routed.sequence,
    originTime: whole.originTime,
    etagMade,
    jitterAt: whole.jitterAt,
    usefulUntil: usefulUntil(routed, { ...whole, fields }),
    headBytes: headSize(fields),
  }
}

function keptFields(whole: Whole, directives: CacheDirectives): Fields {
  return withDate(storedFields(whole.fields, directives), whole.responseTime)
}

/** Everything a purge may name the response to this request by. */
export function scopesOf(routed: RoutedRequest, fields: Fields): Scope[] {
  const tags = responseTags(fields).map(tagScope)
  const origin = `${routed.request.scheme}://${routed.request.host}`
  const groups = cacheGroups(fields).map(group => groupScope(origin, group))
  return [...new Set([...knownScopes(routed), ...tags, ...groups, ...searchScopes(routed, fields)])]
}

function searchScopes({ request }: RoutedRequest, fields: Fields): Scope[] {
  if (searchVariance(fields) === undefined) return []
  return [request, withoutOrigin(request)].map(uri => uriScope(searchUri(uri)))
}

function headSize(fields: Fields): StoredResponse['headBytes'] {
  let size = 0
  for (const part of fields) size += part.length
  return bytes(size)
}

/** Last instant a response with this head may be of any use. */
export function usefulUntil(
  routed: Pick<RoutedRequest, 'route'> & Partial<Pick<RoutedRequest, 'expiry'>>,
  head: ResponseHead & ResponseTimes,
): EpochMs {
  const policy = responseDirectives(head.fields)
  const dated = { ...head, date: dateOf(head.fields, head.responseTime) }
  const lifetime = freshnessLifetime(dated, routed.route.lifetime, policy)
  const windows = staleWindows(policy, routed.route.lifetime, lifetime)
  const toValidate = hasValidator(dated) ? KEPT_TO_VALIDATE_MS : 0
  const stale = Math.max(windows.ifError, windows.whileRevalidate, toValidate)
  const useful = epochMs(head.responseTime + lifetime.lifetime * (1 + routed.route.lifetime.jitter) + stale)
  // Contract §3: what is one caller's ends with the caller's token, verified or not.
  const ends = routed.route.share.kind === 'user' ? routed.expiry?.() : undefined
  return ends === undefined ? useful : epochMs(Math.min(useful, ends))
}

/** The stored response as a 304 to our validator leaves it (RFC 9111 §4.3.4). */
export function freshen(
  routed: RoutedRequest,
  stored: StoredResponse,
  update: ResponseHead & ResponseTimes,
): StoredResponse {
  const fields = withDate(freshenedFields(stored.fields, update.fields), update.responseTime)
  const times = { requestTime: update.requestTime, responseTime: update.responseTime }
  return {
    ...stored,
    ...times,
    fields,
    date: dateOf(fields, update.responseTime),
    scopes: [...new Set([...stored.scopes, ...scopesOf(routed, update.fields)])],
    sequence: routed.sequence,
    usefulUntil: usefulUntil(routed, { status: stored.status, fields, ...times }),
    headBytes: headSize(fields),
  }
}

/** Whether a stored response, freshened, may still be kept: the 304 may have said no-store. */
export function mayKeepFreshened(routed: RoutedRequest, freshened: StoredResponse): Storability {
  return judge(routed, freshened, freshened)
}
