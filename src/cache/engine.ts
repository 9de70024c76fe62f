// The way of a request, from the presented request to the answer (docs/design.md §2).
//
// Route and identify, look up, decide, and carry the decision out. Every step lives in
// its own file; this one is the order. What nobody foresaw becomes a 500, never a hang.

import { asFault, Fault } from '../base/fault.ts'
import { milliseconds } from '../base/units.ts'
import { connectionOptions } from '../http/hop-by-hop.ts'
import { isSafeMethod } from '../http/invalidation.ts'
import { endsHere } from '../http/max-forwards.ts'
import type { Route } from '../routing/route.ts'
import type { CacheKey, Lookup } from '../store/store.ts'
import { type AcceptanceServices, Acceptances } from './acceptance.ts'
import { audited } from './audit.ts'
import { Collapser } from './collapse.ts'
import { ControlRequests } from './control-requests.ts'
import { type Decision, type DecisionFacts, decide } from './decide.ts'
import type { Errand } from './deliver.ts'
import type { Exchange } from './exchange.ts'
import { Forwarder } from './forward.ts'
import { readKeyedBody } from './keyed-body.ts'
import { lookup, NOTHING_STORED } from './lookup.ts'
import { holdAgainstCurrent, namesMadeTag } from './made-tags.ts'
import { Observer } from './observe.ts'
import { concernsParts, partKey } from './part-fill.ts'
import { Quarantine } from './quarantine.ts'
import { refreshesAhead } from './refresh-ahead.ts'
import { reusePart } from './reuse-part.ts'
import { reuseResponse } from './reuse-response.ts'
import { RouteWords } from './route-words.ts'
import { type Peer, type RoutedRequest, routeRequest } from './routed-request.ts'
import { Rulings } from './ruling.ts'
import { type Searched, SearchKeys } from './search-keys.ts'
import type { EngineRules, EngineServices } from './services.ts'
import { StoredForms } from './stored-forms.ts'
import { type UpgradeExchange, upgrade } from './upgrade.ts'
import { Verifier } from './verify.ts'

type Reuse = Extract<Decision, { kind: 'reuse' }>

export class Engine {
  readonly quarantine: Quarantine
  readonly acceptances: Acceptances
  readonly #controls: ControlRequests
  readonly #services: EngineServices
  readonly #forwarder: Forwarder
  readonly #searches = new SearchKeys()
  readonly #verifier: Verifier
  readonly #observer: Observer
  /** The coded forms of what is stored; the hit path takes them from here too. */
  readonly forms: StoredForms
  /** What the hit path may answer without asking further. */
  readonly rulings: Rulings
  #rules: EngineRules

  constructor(given: Omit<EngineServices, 'quarantine' | 'acceptances'> & AcceptanceServices, rules: EngineRules) {
    this.quarantine = new Quarantine(given)
    const words = new RouteWords()
    this.acceptances = new Acceptances(given, words)
    this.acceptances.use(routesOf(rules))
    this.#controls = new ControlRequests(given, words, rules)
    const { quarantine, acceptances } = this
    const services = { ...given, quarantine, acceptances, searches: this.#searches }
    this.#services = services
    this.#rules = rules
    this.forms = new StoredForms(services)
    this.rulings = new Rulings({ ...services, forms: this.forms }, rules)
    this.#verifier = new Verifier(services, rules)
    this.#observer = new Observer(services, rules)
    const factsOf = (routed: RoutedRequest, found: Lookup) => this.#factsOf(routed, found)
    const parts = { rules, verifier: this.#verifier, observer: this.#observer, factsOf }
    this.#forwarder = new Forwarder(services, new Collapser(services.clock), parts)
    this.quarantine.use(routesOf(rules))
  }

  /** Requests that begin from now on follow `rules`. */
  reconfigure(rules: EngineRules): void {
    this.#rules = rules
    this.acceptances.use(routesOf(rules))
    this.#controls.reconfigure(rules)
    this.#forwarder.reconfigure(rules)
    this.rulings.reconfigure(rules)
    this.#verifier.reconfigure(rules)
    this.#observer.reconfigure(rules)
    this.quarantine.use(routesOf(rules))
  }

  /** The key that the response to such a request lies under, as far as its origin's No-Vary-Search is known. */
  keyOf(searched: Searched): CacheKey {
    return this.#searches.keyOf(searched)
  }

  /** Stops what runs by itself. */
  close(): Promise<void> {
    return this.#observer.close()
  }

  /** Answers the exchange, sooner or later, on every path. */
  handle(exchange: Exchange, peer: Peer): void {
    this.#serve(exchange, peer).catch((error: unknown) => this.#fail(exchange, error))
  }

  /** Joins a WebSocket to the origin, or answers the exchange. */
  upgrade(exchange: UpgradeExchange, peer: Peer): void {
    this.#upgrade(exchange, peer).catch((error: unknown) => this.#fail(exchange, error))
  }

  async #upgrade(exchange: UpgradeExchange, peer: Peer): Promise<void> {
    const routed = await this.#route(exchange, peer)
    const refused = this.#refusedOption(routed)
    if (refused !== undefined) return exchange.fail(refused)
    upgrade({ ...routed, exchange }, this.#services.upstream, this.#rules.upstreamHost)
  }

  #fail(exchange: Exchange, error: unknown): void {
    const fault = asFault(error, `serving ${exchange.request.method} on route ${exchange.account.route}`)
    const cause = fault.cause ?? fault
    this.#services.telemetry.emit({ kind: 'notice', level: 'error', message: fault.message, error: cause })
    exchange.fail(fault)
  }

  async #serve(exchange: Exchange, peer: Peer): Promise<void> {
    const presented = await this.#route(exchange, peer)
    const refused = this.#refusedOption(presented)
    if (refused !== undefined) return exchange.fail(refused)
    if (endsHere(presented.request)) return answerHere(exchange)
    const routed = namesMadeTag(presented.request) ? await this.#holdTags(presented) : presented
    if (routed === undefined) return
    const known = this.#factsFor(routed)
    const found = known instanceof Promise ? await known : known
    const untested = found.acceptance === 'untested' && found.stored !== undefined
    const facts = untested ? await this.#tested(routed, found) : found
    return this.#carryOut(routed, facts, decide(facts))
  }

  /** Before the first hit by a route's word the word is tested (contract §2 `accepted: route`). */
  async #tested(routed: RoutedRequest, facts: DecisionFacts): Promise<DecisionFacts> {
    await this.#controls.test(routed)
    return { ...facts, acceptance: this.acceptances.standing(routed, facts.stored, facts.now) }
  }

  /** Undefined where the write's condition on a tag that Pillion made doesn't hold: it is answered then. */
  #holdTags(routed: RoutedRequest): Promise<RoutedRequest | undefined> {
    return holdAgainstCurrent(routed, this.#rules, {
      factsOf: get => this.#factsFor(get),
      fetch: errand => this.#forwarder.fetch(errand),
    })
  }

  #factsFor(routed: RoutedRequest): DecisionFacts | Promise<DecisionFacts> {
    const found = this.#mayLookUp(routed)
      ? lookup(this.#services.store, this.#searches.keyOf(routed), routed.request.fields, routed.reach)
      : NOTHING_STORED
    if (found instanceof Promise) return this.#factsFrom(routed, found)
    return this.#factsOf(routed, found)
  }

  async #factsFrom(routed: RoutedRequest, found: Promise<Lookup>): Promise<DecisionFacts> {
    const { clock } = this.#services
    const asked = clock.monotonic()
    const late = await found
    routed.exchange.account.lookup = milliseconds(clock.monotonic() - asked)
    return this.#factsOf(routed, late)
  }

  async #route(exchange: Exchange, peer: Peer): Promise<RoutedRequest> {
    return { ...(await this.#identified(exchange, peer)), forms: this.forms }
  }

  async #identified(exchange: Exchange, peer: Peer): Promise<RoutedRequest> {
    const sequence = this.#services.epochs.current()
    const pending = this.#rules.identification.verifies ? this.#verifying(exchange) : undefined
    if (pending !== undefined) await pending
    const routed = routeRequest(exchange, peer, this.#rules, sequence)
    const { account } = exchange
    account.route = routed.route.name
    account.who = this.#rules.identification.who(routed.request)
    account.counted = routed.route.cache !== 'off' && (isSafeMethod(routed.request.method) || routed.route.body)
    const content = exchange.body
    if (!routed.route.body || content === null) return { ...routed, content }
    const read = await readKeyedBody(routed.request, content)
    if (read.digest === undefined) return { ...routed, content: read.content }
    const keyed = { ...exchange, request: { ...exchange.request, bodyDigest: read.digest } }
    return { ...routeRequest(keyed, peer, this.#rules, sequence), exchange, content: read.content }
  }

  /** A token that is not known yet, where the route rests on it. */
  #verifying({ request }: Exchange): Promise<unknown> | undefined {
    const { identification, router } = this.#rules
    return identification.prepare(router.match(request), request)
  }

  /** Contract §3: a Connection option can't take away what decides who is asking. */
  #refusedOption({ request, route }: RoutedRequest): Fault | undefined {
    const option = connectionOptions(request.fields).find(name => this.#rules.identification.isProtected(route, name))
    if (option === undefined) return undefined
    return new Fault('REQUEST_CONNECTION_OPTION', `Connection names ${option}, which decides who is asking`)
  }

  #mayLookUp({ route, sharing, request }: RoutedRequest): boolean {
    if (route.cache !== 'on' || sharing.refusal !== undefined) return false
    return request.method === 'GET' || request.method === 'HEAD' || request.bodyDigest !== undefined
  }

  #carryOut(routed: RoutedRequest, facts: DecisionFacts, decision: Decision): void | Promise<void> {
    const { exchange } = routed
    if (decision.kind === 'forward') {
      if (concernsParts(routed, decision)) return this.#servePart({ routed, facts, decision })
      return this.#forwarder.forward({ routed, facts, decision })
    }
    exchange.account.reason = decision.reason
    if (decision.kind === 'refuse') return this.#refuse(routed, facts)
    const given = audited(routed, this.#services.audit)
    if (given === undefined) return this.#passUnaudited(routed, facts)
    exchange.account.outcome = decision.reason === 'fresh' ? 'hit' : 'stale'
    exchange.account.saved = decision.stored.originTime
    reuseResponse(given, { ...decision, status: { forwarded: undefined, ttl: decision.remaining } })
    if (decision.refresh || this.#refreshesAhead(routed, decision)) this.#refresh(routed, facts)
    if (routed.route.verify > 0) this.#verifier.consider(routed, decision)
    this.#controls.consider(routed)
  }

  /** What can't be audited is not given: the origin answers itself. */
  #passUnaudited(routed: RoutedRequest, facts: DecisionFacts): Promise<void> {
    const passed = { kind: 'forward', because: 'bypass', detail: 'audit', stored: undefined } as const
    return this.#forwarder.forward({ routed, facts, decision: { ...passed, mayStore: false, mayCollapse: false } })
  }

  /** A client that wants no request sent on may still be given a stored part. */
  #refuse(routed: RoutedRequest, facts: DecisionFacts): void | Promise<void> {
    const decision = decide({ ...facts, directives: { ...facts.directives, onlyIfCached: false } })
    if (decision.kind === 'forward' && concernsParts(routed, decision)) {
      return this.#servePart({ routed, facts, decision })
    }
    routed.exchange.fail(nothingStored(routed))
  }

  #refreshesAhead({ route }: RoutedRequest, { reason, remaining, stored }: Reuse): boolean {
    if (!route.refreshAhead || reason !== 'fresh') return false
    return refreshesAhead(remaining, stored.originTime, this.#services.random())
  }

  #factsOf(routed: RoutedRequest, found: Lookup): DecisionFacts {
    const known = factsOf(routed, found, this.quarantine.holds(routed.route))
    const { stored, standing, now } = known
    const facts = { ...known, acceptance: this.acceptances.standing(routed, stored, now) }
    // Invariant 5: while purges of others can't be heard, memory is soon stale, but not gone.
    if (stored === undefined || standing !== 'kept' || this.#services.epochs.isTrusted(stored, now)) return facts
    return { ...facts, standing: 'soft', staleSince: this.#services.epochs.freshUntil(stored) }
  }

  /** From a stored part where that has all that is asked for, else from the origin, whose answer may become a part. */
  async #servePart({ routed, facts, decision }: Errand): Promise<void> {
    const key = partKey(routed.key)
    const part = await lookup(this.#services.store, key, routed.request.fields, 'memory')
    const stored = part.slot?.response
    const { account } = routed.exchange
    const { onlyIfCached } = routed.directives
    if (stored === undefined) {
      if (onlyIfCached) return routed.exchange.fail(nothingStored(routed))
      return this.#forwarder.forward({ routed, facts, decision, part: {} })
    }
    const found = decide(this.#factsOf(routed, part))
    if (found.kind === 'reuse' && !found.refresh) {
      const { age, remaining } = found
      const given = audited(routed, this.#services.audit)
      if (
        given !== undefined &&
        reusePart(given, { stored, age, remaining, status: { forwarded: undefined, ttl: remaining } })
      ) {
        account.outcome = found.reason === 'fresh' ? 'hit' : 'stale'
        account.reason = found.reason
        account.saved = stored.originTime
        return
      }
    }
    if (onlyIfCached) return routed.exchange.fail(nothingStored(routed))
    const because = found.kind === 'reuse' ? 'partial' : decision.because
    return this.#forwarder.forward({ routed, facts, decision: { ...decision, because }, part: { stored } })
  }

  /** stale-while-revalidate (RFC 5861 §3): the client has its answer, the origin is asked for the next one. */
  #refresh(routed: RoutedRequest, facts: DecisionFacts): void {
    const request = { ...routed.request, method: routed.request.method === 'HEAD' ? 'GET' : routed.request.method }
    const decision = {
      kind: 'forward',
      because: 'stale',
      detail: undefined,
      mayStore: true,
      mayCollapse: facts.sharing.credentials === 'none',
      stored: facts.stored,
    } as const
    this.#forwarder.refresh({ routed: { ...routed, request }, facts: { ...facts, request }, decision })
  }
}

function routesOf({ router }: EngineRules): Route[] {
  return [...router.routes, router.fallback]
}

function nothingStored({ request }: RoutedRequest): Fault {
  return new Fault('ONLY_IF_CACHED', `nothing suitable is stored for ${request.method}`)
}

/** OPTIONS about us has nothing to tell, and TRACE would tell what only the client may know. */
function answerHere(exchange: Exchange): void {
  exchange.account.outcome = 'bypass'
  exchange.account.reason = 'ends-here'
  const fields = ['Content-Length', '0', 'Cache-Status', 'pillion; detail=ends-here']
  if (exchange.request.method === 'TRACE') exchange.fail(new Fault('REQUEST_METHOD', 'TRACE ends here'))
  else exchange.respond({ status: 200, fields }, null)
}

function factsOf(routed: RoutedRequest, found: Lookup, quarantined: boolean): DecisionFacts {
  return {
    request: routed.request,
    directives: routed.directives,
    route: routed.route,
    sharing: routed.sharing,
    stored: found.slot?.response,
    standing: found.slot?.standing ?? 'kept',
    staleSince: found.slot?.staleSince,
    otherVariants: found.otherVariants,
    quarantined,
    now: routed.exchange.receivedAt,
  }
}
