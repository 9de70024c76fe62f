// What becomes of the origin's answer on its way into the store?
//
// The plan of one flight: judges the head, freshens by a 304, commits a whole body behind
// its fence, and says why something was not stored. Knows nothing of clients.

import { bytes, milliseconds } from '../base/units.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import { headUpdates, selects } from '../http/validation.ts'
import type { Vouch } from '../store/acceptance-records.ts'
import type { Fence } from '../store/purge-epochs.ts'
import type { CacheKey } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { accepts } from './acceptance.ts'
import type { Aside } from './aside.ts'
import type { FlightPlan, HeadVerdict } from './flight.ts'
import { originHead } from './origin-head.ts'
import { type RoutedRequest, responseReach } from './routed-request.ts'
import type { FlightServices } from './services.ts'
import { freshen, judge, makeStored, mayKeepFreshened, shouldHold } from './store-response.ts'

export interface FillOrder {
  readonly routed: RoutedRequest
  /** Ask for and keep what all may share. */
  readonly mayStore: boolean
  /** What our validators in the request speak of. */
  readonly stored: StoredResponse | undefined
  readonly fence: Fence
  /** What may be kept of the answer where `mayStore` is false. */
  readonly aside: Aside | undefined
}

const PASSED_ON: HeadVerdict = { keep: false, shared: false }

export class Fill implements FlightPlan {
  /** Why the answer was not stored; undefined while it may be, or was. */
  reason: string | undefined
  readonly #order: FillOrder
  readonly #services: FlightServices
  #originTime = milliseconds(0)
  #startedAt
  /** Undefined where nobody has to be accepted. */
  readonly #vouch: Vouch | undefined

  constructor(order: FillOrder, services: FlightServices) {
    this.#order = order
    this.#services = services
    this.#startedAt = services.clock.monotonic()
    this.#vouch = order.mayStore ? services.acceptances.begin(order.routed) : undefined
  }

  /** The request leaves only now, after waiting for its turn. */
  departs(): void {
    this.#startedAt = this.#services.clock.monotonic()
  }

  get mayStore(): boolean {
    return this.#order.mayStore
  }

  onHead(head: ResponseHead, times: ResponseTimes): HeadVerdict {
    this.#originTime = milliseconds(this.#services.clock.monotonic() - this.#startedAt)
    const { routed, mayStore, stored, aside } = this.#order
    this.#services.acceptances.heed(routed, head)
    if (mayStore && accepts(routed, head)) this.#services.acceptances.acceptRoute(routed, this.#vouch)
    if (head.status === 200 && routed.request.method === 'GET') {
      this.#services.telemetry.emit(originHead(routed, head))
    }
    if (routed.request.method === 'HEAD') this.#learnFromHead(head, times)
    if (!mayStore) return aside?.takes(head, times) === true ? { keep: true, hold: false } : PASSED_ON
    if (head.status === 304 && stored !== undefined && selects(stored, head.fields))
      return this.#freshen(stored, head, times)
    const verdict = judge(routed, head, times)
    if (verdict.storable) return { keep: true, hold: shouldHold(head, routed.route) }
    this.onGivenUp(verdict.reason)
    return { keep: false, shared: head.status >= 500 }
  }

  onWhole(head: ResponseHead, times: ResponseTimes, body: Buffer): { response: StoredResponse; kept: boolean } {
    const { routed, mayStore, aside } = this.#order
    const jitterAt = this.#services.random() * 2 - 1
    const whole = { ...head, ...times, body, originTime: this.#originTime, jitterAt }
    if (!mayStore && aside !== undefined) return aside.onWhole(whole)
    const response = makeStored(routed, whole)
    const admitted = this.#admits(response)
    const kept = admitted && this.#keep(this.#services.searches.learn(routed, response.fields), response)
    if (!kept) this.onGivenUp(admitted ? 'no-room' : 'purged')
    else this.#settleAcceptance(response, accepts(routed, head))
    return { response, kept }
  }

  onGivenUp(reason: string): void {
    this.reason = reason
    const { route, request } = this.#order.routed
    const { method, path } = request
    this.#services.telemetry.emit({ kind: 'uncacheable', route: route.name, method, path, reason })
  }

  onLanded(): void {
    this.#services.epochs.end(this.#order.fence)
    this.#services.acceptances.end(this.#vouch)
    this.#order.aside?.end?.()
  }

  /** No purge came between, nor was the caller withdrawn under `user`. */
  #admits({ scopes }: StoredResponse): boolean {
    const { routed, fence } = this.#order
    return this.#services.epochs.admits(fence, scopes) && this.#services.acceptances.mayKeep(routed, this.#vouch)
  }

  #settleAcceptance(response: StoredResponse, accepted: boolean): void {
    const { routed, stored } = this.#order
    this.#services.acceptances.replaced(routed, stored, response)
    if (accepted) this.#services.acceptances.acceptResponse(routed, this.#vouch, response)
  }

  #freshen(stored: StoredResponse, head: ResponseHead, times: ResponseTimes): HeadVerdict {
    const { routed } = this.#order
    const freshened = freshen(routed, stored, { ...head, ...times })
    const storable = mayKeepFreshened(routed, freshened)
    const admitted = storable.storable && this.#admits(freshened)
    const key = this.#services.searches.learn(routed, freshened.fields)
    this.#services.acceptances.acceptRoute(routed, this.#vouch)
    if (admitted) {
      const kept = this.#keep(key, freshened)
      if (kept) this.#settleAcceptance(freshened, true)
      return { freshened, kept }
    }
    if (!storable.storable) this.#services.store.remove(key)
    this.onGivenUp(storable.storable ? 'purged' : storable.reason)
    return { freshened, kept: false }
  }

  #keep(key: CacheKey, response: StoredResponse): boolean {
    return this.#services.store.store(key, response, responseReach(this.#order.routed, response.nominated))
  }

  /** A HEAD's answer freshens the stored GET response or shows that it is outdated (RFC 9111 §4.3.5). */
  #learnFromHead(head: ResponseHead, times: ResponseTimes): void {
    const { routed, stored, fence } = this.#order
    if (stored === undefined) return
    const update = headUpdates({ ...stored, length: bytes(stored.body.length) }, head)
    const key = this.#services.searches.keyOf(routed)
    if (update === 'outdated') this.#services.store.remove(key)
    if (update !== 'freshen') return
    const freshened = freshen(routed, stored, { ...head, ...times })
    if (this.#services.epochs.admits(fence, freshened.scopes)) this.#keep(key, freshened)
  }
}
