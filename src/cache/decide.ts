// What is to be done with this request?
//
// Facts in, one Decision out; no I/O, no clock, nothing remembered. Every rule about
// reuse, validation and bypass is here, in the order in which they rule each other out:
// what can't concern the cache at all; who is asking; what the client forbids; what is
// stored and how old it is (RFC 9111 §4). The reason travels unchanged to Cache-Status,
// the log and the metrics (invariant 1). The proxy, the hit path, `explain` and `replay`
// all ask this function, so that they can't disagree.

import type { FaultCode } from '../base/fault.ts'
import { type EpochMs, type Milliseconds, milliseconds } from '../base/units.ts'
import { currentAge } from '../http/age.ts'
import { type CacheDirectives, responseDirectives } from '../http/cache-control.ts'
import { hasField } from '../http/fields.ts'
import { type FreshnessLifetime, freshnessLifetime } from '../http/freshness.ts'
import { isSafeMethod } from '../http/invalidation.ts'
import type { PresentedRequest } from '../http/message.ts'
import { type RequestVerdict, requestAllows, type StaleWindows, staleWindows } from '../http/staleness.ts'
import { allowsSharing } from '../http/storable.ts'
import type { Sharing } from '../routing/identity.ts'
import type { Route } from '../routing/route.ts'
import type { StoredResponse } from '../store/stored-response.ts'

/** RFC 9211 §2.2: why the request goes forward. */
export type ForwardBecause = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'

export type Decision =
  | {
      readonly kind: 'reuse'
      readonly stored: StoredResponse
      /** What is left of the freshness lifetime; negative when stale. */
      readonly remaining: Milliseconds
      readonly age: Milliseconds
      /** Ask the origin in the background (stale-while-revalidate). */
      readonly refresh: boolean
      readonly reason: string
    }
  | {
      readonly kind: 'forward'
      readonly because: ForwardBecause
      /** Our reason where `because` does not say it all. */
      readonly detail: string | undefined
      /** The response may be stored, so the request is sent in the form that all may share. */
      readonly mayStore: boolean
      /** Others with the same key may wait for this one. */
      readonly mayCollapse: boolean
      /** What a 304 would freshen, and what may still serve if the origin fails. */
      readonly stored: StoredResponse | undefined
    }
  | { readonly kind: 'refuse'; readonly fault: FaultCode; readonly reason: string }

/** How a stored response stands towards the purges so far (store/purge-epochs.ts). */
export type Standing = 'kept' | 'soft' | 'hard'

export interface DecisionFacts {
  readonly request: PresentedRequest
  readonly directives: CacheDirectives
  readonly route: Route
  readonly sharing: Pick<Sharing, 'refusal' | 'credentials'>
  readonly stored: StoredResponse | undefined
  readonly standing: Standing
  /** How the caller stands towards what is stored, or the route where nothing is (cache/acceptance.ts). */
  readonly acceptance?: 'not-needed' | 'accepted' | 'untested' | 'lapsed' | 'none'
  /** Where the standing is 'soft': since when it has been stale for that reason. */
  readonly staleSince?: EpochMs | undefined
  /** The key has stored responses, none of them for these nominated fields. */
  readonly otherVariants: boolean
  /** The route's answers turned out to be personal (cache/quarantine.ts). */
  readonly quarantined?: boolean
  readonly now: EpochMs
}

export function decide(facts: DecisionFacts): Decision {
  const excluded = exclusion(facts)
  if (excluded !== undefined) return excluded
  const { directives, sharing } = facts
  if (sharing.refusal !== undefined) return orRefuse(directives, pass('bypass', sharing.refusal))
  if (directives.noStore) return orRefuse(directives, pass('request', 'no-store'))
  const stored = facts.standing === 'hard' ? undefined : facts.stored
  if (stored === undefined) return orRefuse(directives, miss(facts))
  if (!allowsSharing(sharing.credentials, responseDirectives(stored.fields).directives)) {
    return orRefuse(directives, { ...miss(facts), because: 'bypass', detail: 'credentials', mayCollapse: false })
  }
  if (!isAccepted(facts)) return orRefuse(directives, notAccepted(facts, stored))
  return withStored(facts, stored)
}

function isAccepted({ acceptance = 'not-needed' }: DecisionFacts): boolean {
  return acceptance === 'not-needed' || acceptance === 'accepted'
}

/** The origin is asked, by our own validator, whether this caller may have what is stored; nothing of it is shown before. */
function notAccepted(facts: DecisionFacts, stored: StoredResponse): Forward {
  const forward = miss(facts)
  const asked = forward.mayStore ? stored : undefined
  return { ...forward, because: 'miss', detail: 'not-accepted', stored: asked }
}

/** Requests that no stored response could answer, whatever is stored. */
function exclusion({ request, route, quarantined = false }: DecisionFacts): Decision | undefined {
  const keyedBody = route.body && request.bodyDigest !== undefined
  if (overridesMethod(request)) return pass('bypass', 'method-override')
  if (!isSafeMethod(request.method) && !(keyedBody && request.method === 'POST')) return pass('method', undefined)
  if (route.cache === 'off') return pass('bypass', 'cache-off')
  if (quarantined) return pass('bypass', 'quarantine')
  if (request.method !== 'GET' && request.method !== 'HEAD' && !keyedBody) return pass('method', undefined)
  if (request.hasBody && !keyedBody) return pass('bypass', 'request-content')
  if (route.cache === 'observe') return pass('bypass', 'observe')
  return undefined
}

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** An origin may take such a request for an unsafe one, so we do too. */
export function overridesMethod(request: PresentedRequest): boolean {
  return OVERRIDES.some(name => hasField(request.fields, name))
}

export type Forward = Extract<Decision, { kind: 'forward' }>

function pass(because: ForwardBecause, detail: string | undefined): Forward {
  return { kind: 'forward', because, detail, mayStore: false, mayCollapse: false, stored: undefined }
}

function miss({ request, directives, otherVariants, sharing }: DecisionFacts): Forward {
  const ranged = hasField(request.fields, 'range')
  const whole = request.method !== 'HEAD' && !ranged
  return {
    kind: 'forward',
    because: sharing.credentials !== 'none' ? 'bypass' : otherVariants ? 'vary-miss' : 'uri-miss',
    detail: sharing.credentials === 'none' ? undefined : 'credentials',
    mayStore: whole,
    mayCollapse: whole && sharing.credentials === 'none' && !directives.noCache && !asksForEvents(request),
    stored: undefined,
  }
}

/** Server-sent events never end, so nobody waits for one. */
export function asksForEvents(request: PresentedRequest): boolean {
  for (let at = 0; at < request.fields.length; at += 2) {
    const isAccept = (request.fields[at] as string).toLowerCase() === 'accept'
    if (isAccept && (request.fields[at + 1] as string).includes('text/event-stream')) return true
  }
  return false
}

/** RFC 9111 §5.2.1.7: the client would rather have nothing than wait for the origin. */
function orRefuse(directives: CacheDirectives, decision: Forward): Decision {
  if (!directives.onlyIfCached) return decision
  return { kind: 'refuse', fault: 'ONLY_IF_CACHED', reason: 'only-if-cached' }
}

function withStored(facts: DecisionFacts, stored: StoredResponse): Decision {
  const age = currentAge(stored, facts.now)
  const terms = termsOf(stored, facts.route)
  const lifetime = cutShort(facts, terms.lifetime, age)
  const verdict = requestAllows(facts.directives, { age, lifetime, windows: terms.windows })
  const reuse = { kind: 'reuse', stored, remaining: milliseconds(lifetime - age), age, refresh: false } as const
  if (verdict === 'fresh') return { ...reuse, reason: 'fresh' }
  if (verdict === 'stale-accepted') return { ...reuse, reason: 'max-stale' }
  if (verdict === 'stale' && age - lifetime < terms.windows.whileRevalidate) {
    return { ...reuse, refresh: true, reason: 'stale-while-revalidate' }
  }
  return orRefuse(facts.directives, askAgain(facts, stored, verdict))
}

/** What a soft purge leaves of a lifetime: it ended with the purge, and stale windows begin there. */
export function cutShort(
  { standing, staleSince, now }: Pick<DecisionFacts, 'standing' | 'staleSince' | 'now'>,
  lifetime: Milliseconds,
  age: Milliseconds,
): Milliseconds {
  if (standing !== 'soft') return lifetime
  return milliseconds(Math.min(lifetime, age - Math.max(0, now - (staleSince ?? now))))
}

function askAgain(facts: DecisionFacts, stored: StoredResponse, verdict: RequestVerdict): Forward {
  const byRequest = verdict === 'request-no-cache' || verdict === 'request-max-age' || verdict === 'request-min-fresh'
  return { ...miss(facts), because: byRequest ? 'request' : 'stale', detail: undefined, stored }
}

/** A stored response's lifetime and stale windows by the rules of now: a changed `ttl` holds at once. */
export interface Terms {
  /** Spread by the route's jitter. */
  readonly lifetime: Milliseconds
  readonly source: FreshnessLifetime['source']
  readonly windows: StaleWindows
}

export function termsOf(stored: StoredResponse, route: Route): Terms {
  const policy = responseDirectives(stored.fields)
  const stated = freshnessLifetime(stored, route.lifetime, policy)
  const spread = stated.explicit ? 0 : stored.jitterAt * route.lifetime.jitter
  return {
    lifetime: milliseconds(stated.lifetime * (1 + spread)),
    source: stated.source,
    windows: staleWindows(policy, route.lifetime, stated),
  }
}

/**
 * Whether a stored response may stand in for an origin that failed (RFC 5861 §4):
 * within its stale-if-error window, counted from the end of its freshness.
 */
export function mayServeOnError(facts: DecisionFacts, stored: StoredResponse): boolean {
  if (facts.standing === 'hard' || !(isAccepted(facts) || facts.acceptance === 'lapsed')) return false
  const terms = termsOf(stored, facts.route)
  if (terms.windows.mustValidate) return false
  const age = currentAge(stored, facts.now)
  return age - cutShort(facts, terms.lifetime, age) <= terms.windows.ifError
}
