// What is stored for this request?
//
// Lifetimes, tags, variants and sizes of what the store holds for a GET of a URL by the
// caller whose fields are given; never a byte of the content. The answer comes from the
// functions that decide in earnest, so it can't disagree with what a client would get.

import type { EpochMs } from '../base/units.ts'
import { toSeconds } from '../base/units.ts'
import { decide, termsOf } from '../cache/decide.ts'
import type { Searched } from '../cache/search-keys.ts'
import { currentAge } from '../http/age.ts'
import { requestDirectives } from '../http/cache-control.ts'
import { fieldValue } from '../http/fields.ts'
import { cacheKey } from '../routing/cache-key.ts'
import type { CompiledRoutes } from '../routing/compile.ts'
import type { CacheKey, Store } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { type AskedRequest, presentedRequest } from './asked-request.ts'

export interface EntryServices {
  readonly compiled: CompiledRoutes
  readonly store: Store
  readonly now: EpochMs
  /** The key that a response lies under, where its origin calls some queries equivalent. */
  readonly keyOf?: (searched: Searched) => CacheKey
}

/** The report, or one sentence that says why the proxy would refuse such a request. */
export async function entryReport(asked: AskedRequest, services: EntryServices): Promise<object | string> {
  const request = presentedRequest({ ...asked, method: 'GET' })
  if (typeof request === 'string') return request
  const { router, identification } = services.compiled
  const route = router.match(request)
  const sharing = identification.sharing(route, request)
  const plain = cacheKey(route, request, sharing.caller)
  const key = services.keyOf?.({ route, request, sharing, key: plain }) ?? plain
  const found = await services.store.lookup(key, request.fields)
  const stored = found.slot?.response
  const decision = decide({
    request,
    route,
    sharing,
    stored,
    directives: requestDirectives(request.fields),
    standing: found.slot?.standing ?? 'kept',
    staleSince: found.slot?.staleSince,
    otherVariants: found.otherVariants,
    now: services.now,
  })
  const { kind } = decision
  const because = kind === 'forward' ? (decision.detail ?? decision.because) : decision.reason
  return {
    route: route.name,
    stored: stored === undefined ? null : describe(stored, route, services.now),
    otherVariants: found.otherVariants,
    decision: { kind, because },
  }
}

/** Scopes are shown by what they name, the caller's digest left out. */
function describe(stored: StoredResponse, route: Parameters<typeof termsOf>[1], now: EpochMs): object {
  const terms = termsOf(stored, route)
  const age = currentAge(stored, now)
  return {
    status: stored.status,
    type: fieldValue(stored.fields, 'content-type') ?? null,
    etag: fieldValue(stored.fields, 'etag') ?? null,
    bodyBytes: stored.body.length,
    headBytes: stored.headBytes,
    storedAt: new Date(stored.responseTime).toISOString(),
    age: toSeconds(age),
    lifetime: toSeconds(terms.lifetime),
    lifetimeFrom: terms.source,
    staleWhileRevalidate: toSeconds(terms.windows.whileRevalidate),
    staleIfError: toSeconds(terms.windows.ifError),
    tags: stored.scopes.filter(scope => scope.startsWith('t')).map(scope => scope.slice(1)),
    vary: stored.nominated.map(({ name }) => name),
  }
}
