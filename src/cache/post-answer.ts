// When does the answer to a POST stand for its target's representation?
//
// RFC 9110 §9.3.3: a 200 with explicit freshness whose Content-Location is the target
// itself may be reused for a later GET. It is stored as that GET's answer would be, by
// the route, the sharing and the key of the GET. The POST is unsafe, so its answer first
// invalidates what is stored for the target (RFC 9111 §4.4); then it takes that place.
// Any other purge since the POST left forbids that (invariant 4), and so it is found out
// in the same turn in which the POST's own invalidation is made. Where
// purges are numbered together with other replicas, the POST's own have to be numbered
// first, and to have come right behind each other: a number in between is somebody's purge
// of which nobody can say whether the POST's answer knew.

import type { Fields } from '../http/fields.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import { answersGet } from '../http/storable.ts'
import type { Vouch } from '../store/acceptance-records.ts'
import type { Fence } from '../store/purge-epochs.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { Aside } from './aside.ts'
import { type RoutedRequest, type Rules, responseReach } from './routed-request.ts'
import type { FlightServices } from './services.ts'
import { judge, makeStored, scopesOf, type Whole } from './store-response.ts'
import { targetGet } from './target-get.ts'

/** The GET that a POST's answer stands for, where it does; undefined for everything else. */
function answeredGet(
  routed: RoutedRequest,
  head: ResponseHead,
  times: ResponseTimes,
  asked: RoutedRequest,
): RoutedRequest | undefined {
  const { request } = routed
  if (head.status !== 200 || routed.directives.noStore || !answersGet(request, head)) return undefined
  if (asked.route.cache !== 'on' || asked.sharing.refusal !== undefined) return undefined
  // Elsewhere the origin has to accept each caller for a GET, and this was none.
  if (!SHARED_WITHOUT_ACCEPTANCE.has(asked.route.share.kind)) return undefined
  return judge(asked, head, times).storable ? asked : undefined
}

const SHARED_WITHOUT_ACCEPTANCE: ReadonlySet<string> = new Set(['auto', 'everyone', 'user'])

/** Waits for the whole content and for the POST's own invalidation, whichever is later, and stores. */
export class PostAnswer implements Aside {
  readonly #posted: RoutedRequest
  readonly #services: FlightServices
  readonly #fence: Fence
  readonly #get: RoutedRequest
  /** Under `user` a 401 since the POST left forbids it, and a later one has to find that the caller holds something. */
  #vouch: Vouch | undefined
  /** The GET that is answered, and the answer's fields. */
  #asked: { readonly routed: RoutedRequest; readonly fields: Fields } | undefined
  #whole: Whole | undefined
  /** Begun once the POST's own invalidation is made. */
  #after: Fence | undefined
  #purged = false
  #over = false
  /** The purge sequence right before the POST's own invalidation. */
  #before = 0

  constructor(posted: RoutedRequest, fence: Fence, services: FlightServices, rules: Rules) {
    this.#posted = posted
    this.#fence = fence
    this.#services = services
    this.#get = targetGet(posted, rules)
    this.#vouch = services.acceptances.begin(this.#get)
  }

  takes(head: ResponseHead, times: ResponseTimes): boolean {
    const routed = answeredGet(this.#posted, head, times, this.#get)
    if (routed !== undefined) this.#asked = { routed, fields: head.fields }
    return routed !== undefined
  }

  /** The last moment to see that somebody else purged what the POST will purge too. */
  beforeInvalidation(): void {
    if (this.#asked === undefined) return
    const { routed, fields } = this.#asked
    this.#before = this.#services.epochs.current()
    this.#purged = !this.#services.epochs.admits(this.#fence, scopesOf(routed, fields))
  }

  afterInvalidation(): void {
    // A number between two is one that the others have not given yet.
    if (Number.isInteger(this.#services.epochs.current())) this.#follow()
  }

  afterAgreement(count: number): void {
    const unbroken = Math.floor(this.#before) + count
    if (this.#after !== undefined) return
    if (this.#services.epochs.current() === unbroken) this.#follow()
    else this.#letGo()
  }

  #follow(): void {
    if (this.#asked === undefined || this.#purged) {
      this.#letGo()
      return
    }
    this.#after = this.#services.epochs.begin()
    this.#commit(this.#asked.routed)
  }

  onWhole(whole: Whole): { response: StoredResponse; kept: boolean } {
    const { routed = this.#posted } = this.#asked ?? {}
    this.#whole = whole
    this.#commit(routed)
    return { response: makeStored(routed, whole), kept: true }
  }

  end(): void {
    if (this.#whole !== undefined) return
    if (this.#after !== undefined) this.#services.epochs.end(this.#after)
    this.#asked = undefined
    this.#letGo()
  }

  /** Nothing is kept from here on: without its vouch nobody could say whether it may be. */
  #letGo(): void {
    this.#over = true
    this.#services.acceptances.end(this.#vouch)
    this.#vouch = undefined
  }

  #commit(routed: RoutedRequest): void {
    if (this.#whole === undefined || this.#after === undefined || this.#over) return
    const { epochs, store, searches, quarantine, acceptances } = this.#services
    const asked = { ...routed, sequence: this.#after.sequence }
    const response = makeStored(asked, this.#whole)
    const reach = responseReach(asked, response.nominated)
    const admitted = epochs.admits(this.#after, response.scopes) && !quarantine.holds(routed.route)
    if (admitted && acceptances.mayKeep(asked, this.#vouch))
      store.store(searches.learn(asked, response.fields), response, reach)
    this.#letGo()
    epochs.end(this.#after)
  }
}
