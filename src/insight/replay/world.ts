// What would Pillion have done with this request, had it stood there all along?
//
// One simulated Pillion under one memory limit (and, for a what-if, one lifetime for all
// routes): looks up, asks `cache/decide.ts`, judges responses and names them by
// `cache/store-response.ts`, and lets an answer land when the origin would have given it,
// so that requests in between are collapsed as they would be. Nothing here has an opinion
// on caching of its own.

import { bytes, type EpochMs, epochMs, type Milliseconds, milliseconds } from '../../base/units.ts'
import { type Decision, type DecisionFacts, decide, mayServeOnError } from '../../cache/decide.ts'
import type { RoutedRequest } from '../../cache/routed-request.ts'
import { judge, scopesOf, usefulUntil } from '../../cache/store-response.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseTimes } from '../../http/message.ts'
import type { Route } from '../../routing/route.ts'
import type { CacheKey } from '../../store/store.ts'
import type { StoredResponse } from '../../store/stored-response.ts'
import { AcceptanceBook } from './acceptance-book.ts'
import { SimulatedStore, type SimulatedStoreOptions } from './simulated-store.ts'

/** A request with the answer that the origin gave, or would give again. */
export interface Ask {
  readonly routed: RoutedRequest
  readonly now: EpochMs
  readonly status: number
  readonly fields: Fields
  /** Bytes of content. */
  readonly size: number
  /** How long the origin takes. */
  readonly takes: Milliseconds
}

/** `hit` and `stale` count for the hit rate; `unsampled`: this world doesn't simulate the key. */
export type Served = 'hit' | 'stale' | 'stale-on-error' | 'collapsed' | 'forwarded' | 'refused' | 'unsampled'

interface Landing {
  readonly key: CacheKey
  readonly at: EpochMs
  readonly size: number
  /** Undefined: the answer turned out not to be stored. */
  readonly response: StoredResponse | undefined
}

export interface WorldOptions extends SimulatedStoreOptions {
  readonly maxBody: number
  /** Instead of every route's `ttl`. */
  readonly ttl?: Milliseconds
}

const NO_BODY = Buffer.allocUnsafeSlow(0)
const ERRORS: ReadonlySet<number> = new Set([500, 502, 503, 504])

export class World {
  readonly store: SimulatedStore
  readonly #options: WorldOptions
  readonly #variants = new Map<Route, Route>()
  readonly #acceptances = new AcceptanceBook()
  /** What is under way, and the instants at which it lands, earliest first. */
  readonly #flights = new Map<CacheKey, Landing>()
  #landings: Landing[] = []

  constructor(options: WorldOptions) {
    this.#options = options
    this.store = new SimulatedStore(options)
  }

  serve(given: Ask): Served {
    this.#land(given.now)
    if (!this.store.isSampled(given.routed.key)) return 'unsampled'
    const ask = this.#options.ttl === undefined ? given : this.#withTtl(given, this.#options.ttl)
    const { routed, now } = ask
    const slot = routed.sharing.refusal === undefined ? this.store.lookup(routed.key, now) : undefined
    const facts = { ...factsOf(ask, slot), acceptance: this.#acceptances.standing(routed, now) }
    return this.#carryOut(ask, facts, decide(facts))
  }

  #carryOut(ask: Ask, facts: DecisionFacts, decision: Decision): Served {
    const { key } = ask.routed
    if (decision.kind === 'refuse') return 'refused'
    if (decision.kind === 'reuse') {
      if (decision.refresh && !this.#flights.has(key)) this.#depart(ask)
      return decision.reason === 'fresh' ? 'hit' : 'stale'
    }
    const asks = facts.acceptance === 'none'
    if (!asks && decision.mayCollapse && this.#flights.get(key)?.response !== undefined) return 'collapsed'
    const { stored } = decision
    if (stored !== undefined && ERRORS.has(ask.status) && mayServeOnError(facts, stored)) return 'stale-on-error'
    if (decision.mayStore) {
      this.#depart(ask)
      this.#acceptances.answered(ask.routed, ask, epochMs(ask.now + ask.takes))
    }
    return 'forwarded'
  }

  #depart(ask: Ask): void {
    const { routed, now, takes, status, fields, size } = ask
    const times = { requestTime: now, responseTime: epochMs(now + takes) }
    const storable = size <= this.#options.maxBody && judge(routed, { status, fields }, times).storable
    const response = storable ? storedOf(ask, times) : undefined
    const landing = { key: routed.key, at: times.responseTime, size, response }
    if (takes <= 0) this.#settle(landing)
    if (takes <= 0 || response === undefined) return
    this.#flights.set(landing.key, landing)
    let place = this.#landings.length
    while (place > 0 && (this.#landings[place - 1] as Landing).at > landing.at) place -= 1
    this.#landings.splice(place, 0, landing)
  }

  #land(now: EpochMs): void {
    let landed = 0
    for (const landing of this.#landings) {
      if (landing.at > now) break
      landed += 1
      if (this.#flights.get(landing.key) === landing) this.#flights.delete(landing.key)
      this.#settle(landing)
    }
    if (landed > 0) this.#landings = this.#landings.slice(landed)
  }

  /** Fenced as in the proxy: what began before a purge is not stored under what was purged. */
  #settle({ key, at, size, response }: Landing): void {
    if (response === undefined || this.#options.epochs.standing(response) === 'hard') return
    this.store.store(key, response, { size, now: at })
  }

  #withTtl(ask: Ask, ttl: Milliseconds): Ask {
    const { route } = ask.routed
    let variant = this.#variants.get(route)
    if (variant === undefined) {
      variant = { ...route, lifetime: { ...route.lifetime, ttl: milliseconds(ttl) } }
      this.#variants.set(route, variant)
    }
    return { ...ask, routed: { ...ask.routed, route: variant } }
  }
}

/** As `makeStored` makes it, less what a prediction has no use for: the content, and a head of its own. */
function storedOf({ routed, status, fields, takes }: Ask, times: ResponseTimes): StoredResponse {
  return {
    status,
    fields,
    ...times,
    date: times.responseTime,
    body: NO_BODY,
    nominated: [],
    scopes: scopesOf(routed, fields),
    sequence: routed.sequence,
    originTime: takes,
    etagMade: false,
    jitterAt: 0,
    usefulUntil: usefulUntil(routed, { status, fields, ...times }),
    headBytes: bytes(0),
  }
}

function factsOf({ routed, now }: Ask, slot: ReturnType<SimulatedStore['lookup']>): DecisionFacts {
  return {
    request: routed.request,
    directives: routed.directives,
    route: routed.route,
    sharing: routed.sharing,
    stored: slot?.response,
    standing: slot?.standing ?? 'kept',
    otherVariants: false,
    now,
  }
}
