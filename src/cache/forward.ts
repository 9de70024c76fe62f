// How does a request get its answer from the origin, alone or with others?
//
// Leads a flight, or follows one with the same key: among callers who could be given the
// stored response there is one request to the origin at a time (contract §3). A follower
// that can't use what came back, or that waited too long, goes on its own. Writes wait for
// their purges before they are answered. `refresh` does the same work with no client.

import { Fault } from '../base/fault.ts'
import { matchesNominated, nominatedFields } from '../http/vary.ts'
import type { Fence } from '../store/purge-epochs.ts'
import type { CacheKey, Lookup } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Aside } from './aside.ts'
import { audited } from './audit.ts'
import { boardingKey, wasSent } from './boarding.ts'
import { awaitHead, type Collapser, type Departure, LEADER_DEADLINE } from './collapse.ts'
import { type DecisionFacts, decide } from './decide.ts'
import { deliver, deliverFound, type Errand, mayFollow } from './deliver.ts'
import { departInTurn } from './depart-in-turn.ts'
import { drained } from './drained.ts'
import { Fill } from './fill.ts'
import { FleetTurn, type FoundElsewhere } from './fleet-turn.ts'
import { Flight, type FlightPlan, type OriginResult } from './flight.ts'
import { forwardRequest } from './forward-request.ts'
import { invalidateAfter } from './invalidate.ts'
import { NOTHING_STORED } from './lookup.ts'
import type { Observer } from './observe.ts'
import { PartFill } from './part-fill.ts'
import { NO_PLACE, type Place, takePlace } from './place.ts'
import { PostAnswer } from './post-answer.ts'
import { knownScopes, type RoutedRequest } from './routed-request.ts'
import type { EngineRules, FlightServices } from './services.ts'
import type { Verifier } from './verify.ts'

interface ForwarderParts {
  readonly rules: EngineRules
  readonly verifier: Verifier
  readonly observer: Observer
  /** What is known of a request, given what was found for it. */
  readonly factsOf: (routed: RoutedRequest, found: Lookup) => DecisionFacts
}

interface Launch {
  readonly flight: Flight
  readonly fill: Fill
  readonly aside: Aside | undefined
  /** The client's place on board. */
  readonly place: Place
}

interface PlanParts {
  readonly fill: Fill
  readonly client: RoutedRequest['exchange'] | null
  readonly turn: FleetTurn | undefined
}

/** Another replica's response for a rider of this flight. */
interface Found {
  readonly flight: Flight
  readonly place: Place
  readonly found: FoundElsewhere
}

export class Forwarder {
  readonly #services: FlightServices
  readonly #collapser: Collapser
  /** Keys with a refresh under way; those made with credentials nobody may board. */
  readonly #refreshing = new Set<CacheKey>()
  #rules: EngineRules

  readonly #verifier: Verifier
  readonly #observer: Observer
  readonly #factsOf: ForwarderParts['factsOf']

  constructor(services: FlightServices, collapser: Collapser, { rules, verifier, observer, factsOf }: ForwarderParts) {
    this.#services = services
    this.#collapser = collapser
    this.#rules = rules
    this.#verifier = verifier
    this.#observer = observer
    this.#factsOf = factsOf
  }

  reconfigure(rules: EngineRules): void {
    this.#rules = rules
  }

  /** Gets the answer and gives it to the client. Rejects only with what nobody foresaw. */
  async forward(errand: Errand): Promise<void> {
    const { routed, decision } = errand
    const key = boardingKey(errand)
    if (!decision.mayCollapse || this.#collapser.wasUncacheable(key)) return this.#lead(errand)
    const departure = this.#collapser.joinable(key, each => this.#mayJoin(routed, each))
    return departure === undefined ? this.#lead(errand) : this.#follow(errand, departure)
  }

  /** Validates or fetches again without a client; false when that is under way already. */
  refresh(errand: Errand): boolean {
    const { routed } = errand
    const { key } = routed
    if (this.#refreshing.has(key) || this.#collapser.joinable(key, () => true) !== undefined) return false
    return this.#services.background.start(`refresh ${routed.route.name}`, async () => {
      this.#refreshing.add(key)
      try {
        const { flight } = this.#launch(errand, null)
        const result = await flight.result
        if (result.kind === 'fault') throw result.fault
      } finally {
        this.#refreshing.delete(key)
      }
    })
  }

  /** Asks the origin without a client; undefined where what is to be kept of the answer is in the store, if anything. */
  async fetch(errand: Errand): Promise<StoredResponse | Fault | undefined> {
    const { flight } = this.#launch(errand, null)
    flight.board()
    const result = await flight.result
    if (result.kind === 'streaming' && result.kept) {
      await drained(flight)
      return undefined
    }
    flight.leave()
    if (result.kind === 'fault') return result.fault
    return result.kind === 'whole' ? result.response : undefined
  }

  /** A request begun after a purge joins no flight begun before it. */
  #mayJoin(routed: RoutedRequest, departure: Departure): boolean {
    const { sequence } = departure
    return this.#services.epochs.standing({ scopes: knownScopes(routed), sequence }) === 'kept'
  }

  async #lead(errand: Errand): Promise<void> {
    const { routed } = errand
    const { flight, fill, place, aside } = this.#launch(errand, routed.exchange)
    const result = await flight.result
    if (result.kind === 'elsewhere') return this.#serveFound(errand, { flight, place, found: result })
    // A write is purged for even if its client has left: it may have been carried out.
    aside?.beforeInvalidation?.()
    const purges = this.#invalidate(routed, result)
    aside?.afterInvalidation?.()
    aside?.afterAgreement?.(purges === undefined ? 0 : (await purges).length)
    const told = this.#services.withdrawalsTold?.()
    if (told !== undefined) await told
    if (!place.claim()) return
    if (isStrayNotModified(errand, result)) return this.#askAfresh(errand, flight)
    const rider = { errand: this.#asOfNow(errand), flight, leads: true, unstoredBecause: () => fill.reason }
    deliver({ ...rider, audit: this.#services.audit }, result)
  }

  /** A 304 that speaks of nothing we have: ask again, without our validators. */
  #askAfresh(errand: Errand, flight: Flight): Promise<void> {
    flight.leave()
    this.#services.store.remove(this.#services.searches.keyOf(errand.routed))
    return this.#lead({ ...errand, decision: { ...errand.decision, stored: undefined } })
  }

  async #follow(errand: Errand, departure: Departure): Promise<void> {
    const { routed, decision } = errand
    const { flight } = departure
    flight.board()
    const place = takePlace(routed, flight)
    const result = await awaitHead(flight, LEADER_DEADLINE)
    if (!place.claim()) return
    if (result === 'overdue') {
      flight.leave()
      this.#collapser.retire(boardingKey(errand), flight)
      return this.forward(errand)
    }
    if (result.kind === 'elsewhere') return this.#serveFound(errand, { flight, place: NO_PLACE, found: result })
    const { audit } = this.#services
    const given = audited(routed, audit)
    if (given !== undefined && this.#isAccepted(given, departure, result)) {
      const errandNow = this.#asOfNow({ ...errand, routed: given })
      const rider = { errand: errandNow, flight, leads: false, unstoredBecause: () => undefined, audit }
      if (mayFollow(rider, result) && this.#suits(given, flight, result)) return deliver(rider, result)
    }
    flight.leave()
    return this.#lead({ ...errand, decision: { ...decision, mayCollapse: false } })
  }

  /** Another replica's response, where it answers this request too; otherwise the origin is asked after all. */
  #serveFound(errand: Errand, { flight, place, found }: Found): void | Promise<void> {
    const { routed } = errand
    if (!place.claim()) return
    flight.leave()
    const { decision, facts } = this.#decideWith(routed, found.lookup)
    if (decision.kind === 'refuse') return routed.exchange.fail(new Fault(decision.fault, decision.reason))
    if (decision.kind === 'forward') return this.#lead({ routed, facts, decision: { ...decision, mayCollapse: false } })
    const given = audited(routed, this.#services.audit)
    if (given !== undefined) return deliverFound({ ...errand, routed: given }, decision, found.waited)
    return this.#lead({ ...errand, decision: { ...errand.decision, mayCollapse: false } })
  }

  #decideWith(routed: RoutedRequest, found: Lookup) {
    const { slot } = found
    const selected = slot === undefined || matchesNominated(slot.response.nominated, routed.request.fields)
    const facts = this.#factsOf(routed, selected ? found : NOTHING_STORED)
    return { facts, decision: decide(facts) }
  }

  /** What was purged while the origin was asked can't stand in for it any more. */
  #asOfNow(errand: Errand): Errand {
    const { routed, decision, facts } = errand
    const { stored } = decision
    if (stored === undefined) return errand
    const purged = this.#services.epochs.standing(stored) === 'hard'
    if (purged) return { ...errand, decision: { ...decision, stored: undefined } }
    // So can't what the caller may not have any more.
    const acceptance = this.#services.acceptances.standing(routed, stored, this.#services.clock.now())
    return { ...errand, facts: { ...facts, acceptance } }
  }

  /** Whether the caller may be given what was fetched for another one. */
  #isAccepted(routed: RoutedRequest, { caller }: Departure, result: OriginResult): boolean {
    const { acceptance } = routed.sharing
    if (acceptance === undefined || caller === acceptance.caller || result.kind === 'fault') return true
    const response = result.kind === 'whole' ? result.response : undefined
    return this.#services.acceptances.standing(routed, response, this.#services.clock.now()) === 'accepted'
  }

  /** Whether this follower selects the response (Vary), and no purge came between the flight's departure and its own. */
  #suits(routed: RoutedRequest, flight: Flight, result: OriginResult): boolean {
    if (result.kind === 'fault') return true
    if (this.#services.quarantine.holds(routed.route)) return false
    const { request } = routed
    if (result.kind === 'streaming') {
      const nominated = nominatedFields(result.head.fields, flight.nominating)
      return nominated !== 'never' && matchesNominated(nominated, request.fields)
    }
    const { response } = result
    const untouched = this.#services.epochs.standing(response) === 'kept' || routed.sequence <= response.sequence
    return untouched && matchesNominated(response.nominated, request.fields)
  }

  #launch(errand: Errand, client: RoutedRequest['exchange'] | null): Launch {
    const { decision } = errand
    const fence = this.#services.epochs.begin()
    const routed = { ...errand.routed, sequence: fence.sequence }
    const aside = this.#asideOf(errand, routed, fence)
    const { mayStore, stored } = decision
    const fill = new Fill({ routed, mayStore, stored, fence, aside }, this.#services)
    const turn = this.#turnOf({ ...errand, routed })
    const flight = new Flight(this.#planOf({ ...errand, routed }, { fill, client, turn }), {
      clock: this.#services.clock,
      limits: { budget: this.#services.budget, maxBacklog: this.#rules.maxBody },
      maxBody: this.#rules.maxBody,
      nominating: routed.request.fields,
    })
    if (client === null) flight.runInBackground()
    else flight.board()
    const place = client === null ? NO_PLACE : takePlace(routed, flight)
    const caller = routed.sharing.acceptance?.caller
    if (decision.mayCollapse) this.#collapser.lead(boardingKey(errand), { flight, sequence: fence.sequence, caller })
    const form = this.#formOf(errand, client === null)
    const depart = () => flight.depart(this.#upstreamFor(errand), forwardRequest(routed, form, routed.content))
    if (turn === undefined) depart()
    else void departInTurn(turn, { flight, fill, depart })
    return { flight, fill, place, aside }
  }

  /** What may be kept although it was asked for as one client wanted it. */
  #asideOf({ decision, part }: Errand, routed: RoutedRequest, fence: Fence): Aside | undefined {
    const { maxBody } = this.#rules
    if (part !== undefined) return new PartFill(routed, { ...part, fence, maxBody }, this.#services)
    if (routed.request.method !== 'POST' || decision.because !== 'method') return undefined
    return new PostAnswer(routed, fence, this.#services, this.#rules)
  }

  /** Of an observed route somebody listens to what the origin says. */
  #upstreamFor({ routed, facts, decision }: Errand): Pick<Upstream, 'forward'> {
    return decision.detail === 'observe' ? this.#observer.listening(routed, facts) : this.#services.upstream
  }

  #formOf({ decision, part }: Errand, background: boolean) {
    return {
      shared: decision.mayStore,
      keyedQuery: decision.mayStore || part !== undefined,
      validate: decision.mayStore ? decision.stored : undefined,
      host: this.#rules.upstreamHost,
      purpose: background ? ('refresh' as const) : undefined,
    }
  }

  /** Where other replicas could be given the response, they may be asking for it already. */
  #turnOf(errand: Errand): FleetTurn | undefined {
    const { routed, decision } = errand
    if (boardingKey(errand) !== routed.key) return undefined
    const { fleet, clock, searches, epochs } = this.#services
    if (fleet?.reachable !== true || routed.reach === 'memory') return undefined
    if (!decision.mayStore || !decision.mayCollapse || this.#collapser.wasUncacheable(routed.key)) return undefined
    return new FleetTurn(fleet, clock, {
      key: searches.keyOf(routed),
      presented: routed.request.fields,
      than: decision.stored,
      sequence: routed.sequence,
      suits: found => this.#decideWith(routed, found).decision.kind === 'reuse',
      mayWaitFor: sequence => epochs.standing({ scopes: knownScopes(routed), sequence }) === 'kept',
    })
  }

  #planOf(errand: Errand, { fill, client, turn }: PlanParts): FlightPlan {
    const { routed } = errand
    const key = boardingKey(errand)
    return {
      onInterim: (status, fields) => client?.interim(status, fields),
      onHead: (head, times) => {
        const verdict = fill.onHead(head, times)
        if (!fill.mayStore) return verdict
        if ('keep' in verdict && !verdict.keep && head.status < 500) this.#collapser.rememberUncacheable(key)
        else this.#collapser.forgetUncacheable(key)
        if ('keep' in verdict && !verdict.keep) turn?.release()
        return verdict
      },
      onWhole: (head, times, body) => {
        const whole = fill.onWhole(head, times, body)
        if (whole.kept && fill.mayStore && routed.route.verify > 0) this.#verifier.noteFill(routed, whole.response)
        return whole
      },
      onGivenUp: reason => fill.onGivenUp(reason),
      onLanded: flight => {
        fill.onLanded()
        turn?.release()
        this.#collapser.retire(key, flight)
      },
    }
  }

  #invalidate(routed: RoutedRequest, result: OriginResult): Promise<readonly unknown[]> | undefined {
    const head = result.kind === 'streaming' ? result.head : undefined
    if (result.kind === 'fault' && !wasSent(result.fault)) return undefined
    if (result.kind === 'whole') return undefined
    return invalidateAfter(routed, head, { ...this.#services, ...this.#rules })
  }
}

function isStrayNotModified({ decision }: Errand, result: OriginResult): boolean {
  return result.kind === 'streaming' && result.head.status === 304 && decision.mayStore && decision.stored !== undefined
}
