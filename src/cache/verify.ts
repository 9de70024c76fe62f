// Would the origin have given this caller what the cache just did?
//
// A sample of hits is asked of the origin again in the background, with the same caller's
// request as it is at hand, and compared by digest (contract §2 `verify`): the same; changed
// since; refused, which ends what that caller has; or personal, which quarantines the route.
// Conditions are left out of the request, because an origin that tells callers apart in
// its content but not in its tags is just what is looked for. Nothing of the request
// is kept once the answer is here but keyed digests (owed-callers.ts), and those hang on
// the stored response and go with it.

import { Fault } from '../base/fault.ts'
import { bytes, epochMs, type Milliseconds } from '../base/units.ts'
import type { ResponseHead } from '../http/message.ts'
import { attachmentKind, type Slot } from '../store/slot.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { asksForEvents } from './decide.ts'
import { forwardRequest } from './forward-request.ts'
import { owedCaller } from './owed-callers.ts'
import { type Digest, OwedHistory } from './owed-history.ts'
import { digestOf, RepresentationDigest } from './representation-digest.ts'
import { type Allowance, RequestAllowance } from './request-allowance.ts'
import type { RoutedRequest } from './routed-request.ts'
import type { EngineRules, FlightServices } from './services.ts'

/** Over all routes of a process; far below what an origin with 25 connections can bear. */
const ALLOWANCE: Allowance = { perSecond: 50, atOnce: 8 }

interface Verified {
  readonly history: OwedHistory
  readonly digest: Digest | undefined
}

const VERIFIED = attachmentKind<Verified>('verified', 'with-content')

interface FreshAnswer {
  readonly head: ResponseHead
  readonly digest: Digest | undefined
  readonly size: number
}

/** What the cache gave. */
interface Given {
  readonly stored: StoredResponse
  readonly age: Milliseconds
}

interface Hit {
  readonly routed: RoutedRequest
  readonly slot: Slot
  readonly age: Milliseconds
}

export class Verifier {
  readonly #services: FlightServices
  readonly #allowance: RequestAllowance
  #rules: EngineRules

  constructor(services: FlightServices, rules: EngineRules) {
    this.#services = services
    this.#rules = rules
    this.#allowance = new RequestAllowance(ALLOWANCE, services.clock, services.upstream)
  }

  reconfigure(rules: EngineRules): void {
    this.#rules = rules
  }

  /** Draws whether this hit of a route with `verify` is verified; left out if the origin has more to do. Returns at once. */
  consider(routed: RoutedRequest, { stored, age }: Given): void {
    const { route, request } = routed
    if (this.#services.random() >= route.verify) return
    if ((request.method !== 'GET' && request.method !== 'QUERY') || asksForEvents(request)) return
    const slot = this.#slotOf(routed, stored)
    if (slot === undefined || !this.#allowance.take()) return
    const started = this.#services.background.start(`verify ${route.name}`, async () => {
      try {
        await this.#compare({ routed, slot, age })
      } finally {
        this.#allowance.give()
      }
    })
    if (!started) this.#allowance.give()
  }

  /** The caller of a fill is owed what it brought. */
  noteFill(routed: RoutedRequest, stored: StoredResponse): void {
    const slot = this.#slotOf(routed, stored)
    if (slot === undefined) return
    this.#services.background.start(`digest ${routed.route.name}`, async () => {
      const { history, digest } = await this.#verifiedOf(slot)
      if (digest !== undefined) history.note(owedCaller(this.#rules.identification, routed.request), digest)
    })
  }

  /** Where in memory the response lies, if it still does. */
  #slotOf(routed: RoutedRequest, { responseTime }: StoredResponse): Slot | undefined {
    const { searches, store } = this.#services
    const found = store.lookup(searches.keyOf(routed), routed.request.fields, 'memory')
    if (found instanceof Promise || found.slot?.response.responseTime !== responseTime) return undefined
    return found.slot
  }

  async #compare(hit: Hit): Promise<void> {
    const { routed, slot } = hit
    const answer = await this.#ask(routed)
    if (answer === undefined) return
    const { status } = answer.head
    if (status === 304) return this.#report(hit, 'same')
    if (status !== slot.response.status && status !== 200) return this.#refused(hit, status)
    const { history, digest } = await this.#verifiedOf(slot)
    if (answer.digest === undefined || digest === undefined) return
    this.#tellStatistics(routed, answer)
    const personal = history.note(owedCaller(this.#rules.identification, routed.request), answer.digest)
    if (personal) {
      this.#report(hit, 'personal')
      return this.#services.quarantine.impose(routed.route, 'callers of one stored response are owed different ones')
    }
    if (answer.digest === digest) return this.#report(hit, 'same')
    // Of what was purged or replaced meanwhile nobody is given an outdated copy any more.
    if (slot.live && this.#services.epochs.standingOf(slot) === 'kept') this.#report(hit, 'changed')
  }

  /** Under `user` what is stored is the acceptance. */
  #refused(hit: Hit, status: number): void {
    const { routed, slot } = hit
    if (routed.route.share.kind === 'user') this.#services.store.remove(slot.key)
    this.#services.acceptances.withdraw(routed, status === 401 ? 'everywhere' : 'route')
    this.#report(hit, 'refused')
  }

  #report({ routed, age }: Hit, result: 'same' | 'changed' | 'refused' | 'personal'): void {
    const { method, path } = routed.request
    this.#services.telemetry.emit({
      kind: 'verified',
      route: routed.route.name,
      result,
      age,
      method,
      path,
      asIf: false,
    })
  }

  #tellStatistics(
    { route, request, exchange }: RoutedRequest,
    { digest = '', size }: { digest?: string | undefined; size: number },
  ): void {
    const { method, path, query = '' } = request
    const at = epochMs(this.#services.clock.now())
    const about = { route: route.name, method, path, query, who: exchange.account.who }
    this.#services.telemetry.emit({ kind: 'representation', at, ...about, digest, size: bytes(size) })
  }

  /** The digest of what is stored, made once, and what its callers are owed. */
  async #verifiedOf(slot: Slot): Promise<Verified> {
    const known = slot.attached(VERIFIED)
    if (known !== undefined) return known
    const { response } = slot
    const digest = await digestOf(response, response.body, this.#rules.maxBody)
    const meanwhile = slot.attached(VERIFIED)
    if (meanwhile !== undefined) return meanwhile
    const verified = { history: new OwedHistory(), digest }
    slot.attach(VERIFIED, verified, bytes(OwedHistory.size))
    return verified
  }

  /** Undefined where no whole answer came: a failure of the origin says nothing about its answers. */
  #ask(routed: RoutedRequest): Promise<FreshAnswer | undefined> {
    const { upstreamHost: host, maxBody } = this.#rules
    const form = { shared: true, validate: undefined, host, purpose: 'verify' } as const
    const content = Buffer.isBuffer(routed.content) ? routed.content : null
    return new Promise(resolve => {
      let answer: { readonly head: ResponseHead; readonly digest: RepresentationDigest } | undefined
      let size = 0
      const control = this.#services.upstream.forward(forwardRequest(routed, form, content), {
        onHead: (status, fields) => {
          const head = { status, fields }
          answer = { head, digest: new RepresentationDigest(head, maxBody) }
        },
        onBody: chunk => {
          size += chunk.length
          answer?.digest.update(chunk)
          if (size > maxBody) control.abort(new Fault('CLIENT_GONE', 'verifying: the answer is too large to compare'))
          return true
        },
        onComplete: () => {
          if (answer === undefined) return resolve(undefined)
          const { head } = answer
          answer.digest.finish().then(
            digest => resolve({ head, digest, size }),
            () => resolve(undefined),
          )
        },
        onFault: () => {
          answer?.digest.abandon()
          resolve(undefined)
        },
      })
    })
  }
}
