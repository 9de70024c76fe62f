// What does each rider of a flight give its client?
//
// The result is the same for all, the answers are not: the leader gets the response as
// it came, Set-Cookie and all; a follower gets what may be shared; a client whose
// precondition holds gets a 304; and where the origin failed, whoever may be served
// stale is. Cache-Status says which it was (contract §3).

import type { Outcome } from '../base/events.ts'
import type { Fault } from '../base/fault.ts'
import { milliseconds } from '../base/units.ts'
import { type Choice, chooseCoding } from '../encoding/choice.ts'
import { currentAge } from '../http/age.ts'
import { responseDirectives } from '../http/cache-control.ts'
import { type CacheStatusFacts, formatCacheStatus } from '../http/cache-status.ts'
import { dateOf } from '../http/dates.ts'
import { type Fields, fieldValue } from '../http/fields.ts'
import { storedFields } from '../http/hop-by-hop.ts'
import type { ResponseHead } from '../http/message.ts'
import { evaluatePreconditions, representationOf } from '../http/preconditions.ts'
import { notModifiedFields } from '../http/validation.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { type AuditLines, audited } from './audit.ts'
import { clientFields } from './client-fields.ts'
import { codedFields, comparableFields, notModifiedInstead, wishesOf, withNamedTag } from './coded-head.ts'
import { rideCoded } from './coded-ride.ts'
import { cutShort, type Decision, type DecisionFacts, type Forward, mayServeOnError, termsOf } from './decide.ts'
import type { Flight, OriginResult } from './flight.ts'
import type { PartOrder } from './part-fill.ts'
import { reuseResponse } from './reuse-response.ts'
import type { RoutedRequest } from './routed-request.ts'

/** One request on its way to the origin, with what was known when that was decided. */
export interface Errand {
  readonly routed: RoutedRequest
  readonly facts: DecisionFacts
  readonly decision: Forward
  /** The request asks for a Range, of which a part may be kept. */
  readonly part?: PartOrder
}

export interface Rider {
  readonly errand: Errand
  readonly flight: Flight
  readonly leads: boolean
  /** Why the response is not stored, as far as known; for `detail`. */
  readonly unstoredBecause: () => string | undefined
  readonly audit: AuditLines
}

type Reused = Extract<Decision, { kind: 'reuse' }>

/** Statuses that count as the origin having failed (contract §2 `staleIfError`). */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** Answers the rider's exchange. The flight was boarded; this rides or leaves it. */
export function deliver(rider: Rider, result: OriginResult): void {
  const { routed } = rider.errand
  routed.exchange.account.upstream = rider.leads ? rider.flight.originTime : undefined
  routed.exchange.account.queued = rider.leads ? rider.flight.queueTime : undefined
  if (result.kind === 'fault') {
    rider.flight.leave()
    serveOnFault(rider, result.fault)
  } else if (result.kind === 'whole') {
    rider.flight.leave()
    deliverWhole(rider, result)
  } else if (FAILURES.has(result.head.status) && standIn(rider)) rider.flight.leave()
  else deliverStream(rider, result)
}

/** What another replica got meanwhile, or got while this one waited for it. */
export function deliverFound({ routed, decision }: Errand, reuse: Reused, waited: boolean): void {
  const reason = waited ? decision.because : reuse.reason
  note(routed, waited ? 'collapsed' : reuse.reason === 'fresh' ? 'hit' : 'stale', reason)
  routed.exchange.account.saved = reuse.stored.originTime
  const status = waited
    ? ({ forwarded: decision.because, collapsed: true } as const)
    : { forwarded: undefined, ttl: reuse.remaining }
  reuseResponse(routed, { ...reuse, status })
}

/** The best that is left when the origin failed: stale, the route's fallback, or the fault. */
function serveOnFault(rider: Rider, fault: Fault): void {
  const { errand } = rider
  const { exchange } = errand.routed
  exchange.account.fault = fault.code
  if (exchange.abandoned) return
  if (fault.kind.side === 'upstream' && serveStale(rider)) return
  exchange.account.outcome = 'error'
  exchange.account.reason = fault.code.toLowerCase().replaceAll('_', '-')
  if (fault.kind.side !== 'upstream' || !serveFallback(errand)) exchange.fail(fault)
}

/** For an origin that answered with a server error: what is stale, else the route's fallback. */
function standIn(rider: Rider): boolean {
  if (serveStale(rider)) return true
  if (!serveFallback(rider.errand)) return false
  note(rider.errand.routed, 'error', 'fallback')
  return true
}

function serveFallback({ routed, decision }: Errand): boolean {
  const { fallback } = routed.route
  if (fallback === undefined) return false
  const { status, type, body } = fallback
  const member = formatCacheStatus({ forwarded: decision.because, detail: 'fallback' })
  const fields = ['Content-Type', type, 'Content-Length', String(body.length), 'Cache-Control', 'no-store']
  const head = { status, fields: [...fields, 'Cache-Status', member] }
  routed.exchange.respond(head, hasContent(routed.request.method, status) ? body : null)
  return true
}

function serveStale({ errand, audit }: Rider): boolean {
  const { facts, decision } = errand
  const { stored } = decision
  if (stored === undefined || !mayServeOnError(facts, stored)) return false
  const routed = audited(errand.routed, audit)
  if (routed === undefined) return false
  note(routed, 'stale', 'stale-if-error')
  routed.exchange.account.saved = stored.originTime
  const age = currentAge(stored, facts.now)
  const remaining = milliseconds(cutShort(facts, termsOf(stored, routed.route).lifetime, age) - age)
  reuseResponse(routed, { stored, age, remaining, status: { forwarded: 'stale', detail: 'stale-if-error' } })
  return true
}

function note({ exchange }: RoutedRequest, outcome: Outcome, reason: string): void {
  exchange.account.outcome = outcome
  exchange.account.reason = reason
}

interface Said {
  readonly status: CacheStatusFacts
  readonly firstHand?: Fields | undefined
}

function reuse(routed: RoutedRequest, stored: StoredResponse, said: Said): void {
  const age = currentAge(stored, routed.exchange.receivedAt)
  const remaining = milliseconds(termsOf(stored, routed.route).lifetime - age)
  reuseResponse(routed, { stored, age, remaining, ...said })
}

function deliverWhole(rider: Rider, result: Extract<OriginResult, { kind: 'whole' }>): void {
  const { routed } = rider.errand
  const validated = result.status === 304
  const outcome = !rider.leads ? 'collapsed' : validated ? 'revalidated' : 'miss'
  note(routed, outcome, reasonOf(rider, result.kept))
  const status = {
    ...forwardedAs(rider, result.kept),
    forwardStatus: validated ? 304 : undefined,
    stored: result.kept && rider.leads,
    collapsed: !rider.leads,
  }
  reuse(routed, result.response, { status, firstHand: rider.leads ? (result.leaders ?? []) : undefined })
}

/** Why it went forward and what else there is to say. Credentials that the origin lets share were no bypass after all. */
function forwardedAs({ errand: { decision }, unstoredBecause }: Rider, kept: boolean) {
  if (kept && decision.detail === 'credentials') return { forwarded: 'uri-miss', detail: undefined } as const
  return { forwarded: decision.because, detail: decision.detail ?? (kept ? undefined : unstoredBecause()) }
}

function deliverStream(rider: Rider, result: Extract<OriginResult, { kind: 'streaming' }>): void {
  const { routed, decision } = rider.errand
  const { exchange, request } = routed
  note(routed, streamOutcome(rider, result.kept), reasonOf(rider, result.kept))
  const came = streamedHead(rider, result)
  const announced = fieldValue(came.fields, 'content-length')
  const length = announced === undefined ? undefined : Number(announced)
  const wishes = { ...wishesOf(routed.route.compress, request.fields), once: !result.kept }
  const choice = chooseCoding(wishes, result.head, length)
  const short = decision.mayStore ? preconditionAnswer(routed, came, choice) : undefined
  const head = { status: came.status, fields: streamedFields(routed, came, choice) }
  if (short !== undefined || !hasContent(request.method, head.status)) {
    // A client whose copy still holds shouldn't keep the store from its own.
    if (result.kept) rider.flight.runInBackground()
    rider.flight.leave()
    exchange.respond(short ?? head, null)
    return
  }
  if (choice.target !== 'as-is') {
    rideCoded(routed, rider.flight, choice, head)
    return
  }
  const reader = rider.flight.ride(exchange.stream(head, rider.flight.trailer))
  exchange.onAbandon(() => rider.flight.alight(reader))
}

/** The origin's own 304 speaks of the form that the client named. */
function streamedFields({ request }: RoutedRequest, { status, fields }: ResponseHead, choice: Choice): Fields {
  return status === 304 ? withNamedTag(fields, request.fields, choice) : codedFields(fields, choice)
}

/** A request that may not be answered from the store is a bypass, one that could have been a miss. */
function streamOutcome(rider: Rider, kept: boolean): Outcome {
  if (!rider.leads) return 'collapsed'
  const { mayStore } = rider.errand.decision
  const { forwarded } = forwardedAs(rider, kept)
  return forwarded === 'bypass' || forwarded === 'method' || (forwarded === 'request' && !mayStore) ? 'bypass' : 'miss'
}

function reasonOf(rider: Rider, kept: boolean): string {
  const { forwarded, detail } = forwardedAs(rider, kept)
  return detail ?? forwarded
}

function streamedHead(rider: Rider, { head, kept }: Extract<OriginResult, { kind: 'streaming' }>): ResponseHead {
  const { routed } = rider.errand
  const member = formatCacheStatus({
    ...forwardedAs(rider, kept),
    stored: kept && rider.leads,
    collapsed: !rider.leads,
  })
  const received = rider.leads ? head.fields : storedFields(head.fields, responseDirectives(head.fields).directives)
  const remaining = routed.route.lifetime.ttl ?? milliseconds(0)
  return {
    status: head.status,
    fields: clientFields(routed.route, received, { remaining, status: member, stored: kept }),
  }
}

/** The client's own condition, which did not go to the origin, held against what came back. */
function preconditionAnswer(
  { request, exchange }: RoutedRequest,
  head: ResponseHead,
  choice: Choice,
): ResponseHead | undefined {
  if (head.status !== 200) return undefined
  const selected = representationOf({ fields: head.fields, date: dateOf(head.fields, exchange.receivedAt) })
  const compared = { method: request.method, fields: comparableFields(request.fields, choice) }
  const outcome = evaluatePreconditions(compared, selected)
  if (outcome === 'perform') return undefined
  return outcome === 'not-modified'
    ? { status: 304, fields: notModifiedInstead(head.fields, request.fields, choice) }
    : { status: 412, fields: [...notModifiedFields(head.fields), 'Content-Length', '0'] }
}

function hasContent(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304
}

/** A waiter's flight came to nothing it may use: it goes on its own. */
export function mayFollow(rider: Rider, result: OriginResult): boolean {
  if (result.kind === 'fault') return true
  if (rider.flight.shared !== true) return false
  if (result.kind === 'streaming') return result.kept || !isPersonal(result.head)
  return true
}

/** A failure that was made for one caller is no other's. */
function isPersonal(head: ResponseHead): boolean {
  const control = fieldValue(head.fields, 'cache-control') ?? ''
  return /private|no-store/i.test(control) || fieldValue(head.fields, 'set-cookie') !== undefined
}
