// What would the cache have done with this request, had it been on?
//
// Under `cache: observe` the origin answers every request, and no body is kept. Beside it
// runs a cache as if: the same store with bodies left out, asked by the same `decide`, filled
// by the same rules of storing, purged by the same epochs. A request that it would have
// answered counts as an observed hit, and its real answer shows, by digest, whether that
// would have been right: the same, changed since, refused, or another caller's. Nothing
// here touches what the client is given: it only listens to the exchange with the origin.

import { type Bytes, bytes, type EpochMs, milliseconds } from '../base/units.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import type { Route } from '../routing/route.ts'
import { MemoryStore } from '../store/memory-store.ts'
import { attachmentKind, type Slot } from '../store/slot.ts'
import type { ForwardHandler, ForwardRequest, Upstream } from '../upstream/upstream.ts'
import { type Decision, type DecisionFacts, decide } from './decide.ts'
import { owedCaller } from './owed-callers.ts'
import { type Digest, OwedHistory } from './owed-history.ts'
import { RepresentationDigest } from './representation-digest.ts'
import type { RoutedRequest } from './routed-request.ts'
import type { EngineRules, EngineServices } from './services.ts'
import { judge, makeStored } from './store-response.ts'

/** For heads and digests; some 20,000 responses. */
const MEMORY: Bytes = bytes(32 * 1024 * 1024)
const NOTHING = Buffer.alloc(0)

interface Observed {
  readonly digest: Digest
  readonly history: OwedHistory
}

const OBSERVED = attachmentKind<Observed>('observed', 'with-head')

/** What the cache would have done with one request. */
interface AsIf {
  readonly routed: RoutedRequest
  readonly decision: Decision
  readonly slot: Slot | undefined
}

interface Answer extends ResponseTimes {
  readonly head: ResponseHead
  readonly digest: RepresentationDigest
}

type ObserverServices = Pick<EngineServices, 'clock' | 'telemetry' | 'epochs' | 'upstream' | 'background' | 'random'>

export class Observer {
  readonly #services: ObserverServices
  readonly #store: MemoryStore
  /** Of each observed route, the one that it would be. */
  readonly #asIf = new WeakMap<Route, Route>()
  /** Definitions of routes that were warned of. */
  readonly #warned = new Set<string>()
  #rules: EngineRules

  constructor(services: ObserverServices, rules: EngineRules) {
    this.#services = services
    this.#rules = rules
    const { clock, epochs } = services
    this.#store = new MemoryStore({ limit: MEMORY, clock, epochs, telemetry: { emit: () => undefined }, beside: true })
  }

  reconfigure(rules: EngineRules): void {
    this.#rules = rules
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** The upstream for one request of an observed route, with somebody listening. */
  listening(presented: RoutedRequest, facts: DecisionFacts): Pick<Upstream, 'forward'> {
    const { upstream, telemetry } = this.#services
    const asIf = this.#decideAsIf(presented, facts)
    if (asIf.decision.kind === 'reuse') telemetry.emit({ kind: 'observed-hit', route: presented.route.name })
    return { forward: (request, handler) => upstream.forward(request, this.#tapped(asIf, request, handler)) }
  }

  #decideAsIf(presented: RoutedRequest, facts: DecisionFacts): AsIf {
    const routed = { ...presented, route: this.#routeAsIf(presented.route) }
    const found = this.#store.lookup(routed.key, routed.request.fields)
    const { slot, otherVariants } = found
    const stored = slot?.response
    const standing = slot?.standing ?? 'kept'
    const { staleSince } = slot ?? {}
    const decision = decide({ ...facts, route: routed.route, stored, standing, staleSince, otherVariants })
    return { routed, decision, slot }
  }

  #routeAsIf(route: Route): Route {
    const known = this.#asIf.get(route)
    if (known !== undefined) return known
    const asIf: Route = { ...route, cache: 'on' }
    this.#asIf.set(route, asIf)
    return asIf
  }

  #tapped(asIf: AsIf, { method }: ForwardRequest, handler: ForwardHandler): ForwardHandler {
    const { clock } = this.#services
    const requestTime = clock.now()
    const sent = clock.monotonic()
    let answer: Answer | undefined
    let originTime = milliseconds(0)
    let size = 0
    return {
      onSent: () => handler.onSent?.(),
      onInterim: (status, fields) => handler.onInterim?.(status, fields),
      onHead: (status, fields) => {
        originTime = milliseconds(clock.monotonic() - sent)
        answer = this.#answerOf({ status, fields }, method, { requestTime, responseTime: clock.now() })
        handler.onHead(status, fields)
      },
      onBody: chunk => {
        size += chunk.length
        answer?.digest.update(chunk)
        return handler.onBody(chunk)
      },
      onComplete: trailers => {
        handler.onComplete(trailers)
        if (answer === undefined) return
        const seen = { ...answer, size: bytes(size), originTime }
        this.#services.background.start(`observe ${asIf.routed.route.name}`, () => this.#learn(asIf, seen))
      },
      onFault: fault => {
        answer?.digest.abandon()
        handler.onFault(fault)
      },
    }
  }

  /** Of answers that say nothing about the whole representation no digest is made. */
  #answerOf(head: ResponseHead, method: string, times: ResponseTimes): Answer | undefined {
    if (method === 'HEAD' || head.status === 206 || head.status === 304) return undefined
    return { head, ...times, digest: new RepresentationDigest(head, this.#rules.maxBody) }
  }

  async #learn(asIf: AsIf, seen: Answer & { size: Bytes; originTime: ReturnType<typeof milliseconds> }): Promise<void> {
    const digest = await seen.digest.finish()
    if (digest === undefined) return
    this.#tellStatistics(asIf, digest, seen.size)
    if (asIf.decision.kind === 'reuse') this.#compare(asIf, asIf.decision.age, { head: seen.head, digest })
    else if (asIf.decision.kind === 'forward' && asIf.decision.mayStore) this.#fill(asIf, seen, digest)
  }

  #compare(
    { routed, slot }: AsIf,
    age: ReturnType<typeof milliseconds>,
    { head, digest }: { head: ResponseHead; digest: Digest },
  ): void {
    const observed = slot?.attached(OBSERVED)
    if (slot === undefined || observed === undefined) return
    const { method, path } = routed.request
    const about = { kind: 'verified', route: routed.route.name, age, method, path, asIf: true } as const
    if (head.status !== slot.response.status && head.status !== 200) {
      if (head.status < 500) this.#services.telemetry.emit({ ...about, result: 'refused' })
      return
    }
    const personal = observed.history.note(owedCaller(this.#rules.identification, routed.request), digest)
    if (personal) this.#warn(routed.route)
    const outdated = slot.live && this.#services.epochs.standingOf(slot) === 'kept'
    if (personal) this.#services.telemetry.emit({ ...about, result: 'personal' })
    else if (digest === observed.digest) this.#services.telemetry.emit({ ...about, result: 'same' })
    else if (outdated) this.#services.telemetry.emit({ ...about, result: 'changed' })
  }

  #fill({ routed }: AsIf, seen: Answer & { originTime: ReturnType<typeof milliseconds> }, digest: Digest): void {
    const { head, requestTime, responseTime, originTime } = seen
    const times = { requestTime, responseTime }
    const verdict = judge(routed, head, times)
    if (!verdict.storable) {
      const { method, path } = routed.request
      const { reason } = verdict
      this.#services.telemetry.emit({ kind: 'uncacheable', route: routed.route.name, method, path, reason })
      return
    }
    const jitterAt = this.#services.random() * 2 - 1
    const stored = makeStored(routed, { ...head, ...times, body: NOTHING, originTime, jitterAt })
    const slot = this.#store.put(routed.key, stored)
    const history = new OwedHistory()
    history.note(owedCaller(this.#rules.identification, routed.request), digest)
    slot?.attach(OBSERVED, { digest, history }, bytes(OwedHistory.size))
  }

  #tellStatistics({ routed }: AsIf, digest: Digest, size: Bytes): void {
    const { route, request, exchange } = routed
    const at: EpochMs = this.#services.clock.now()
    const { method, path, query = '' } = request
    const about = { route: route.name, method, path, query, who: exchange.account.who }
    this.#services.telemetry.emit({ kind: 'representation', at, ...about, digest, size })
  }

  /** Once per definition of a route. */
  #warn({ name, definition }: Route): void {
    if (this.#warned.has(definition) || this.#warned.size >= 1000) return
    this.#warned.add(definition)
    const message = `route ${name} would be quarantined if it were cached: callers of one stored response are owed different ones`
    this.#services.telemetry.emit({ kind: 'notice', level: 'warn', message, fields: { route: name } })
  }
}
