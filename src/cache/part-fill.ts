// What of the answer to a Range is kept for later ones?
//
// RFC 9111 §3.3 and §3.4. A 206 with a strong validator, explicit freshness and a
// Content-Range that its content agrees with is kept as a part beside the whole, under a
// key of its own, and joined with the part that is there where both are of the same
// representation and meet; once all of it is there it is a 200 like any other. An origin
// that answers a Range with the whole representation fills with that. Parts never leave
// memory, and only routes have them on which a stored response needs no acceptance of
// each caller, for a 206 accepts nobody.

import { type Bytes, bytes } from '../base/units.ts'
import { dateOf } from '../http/dates.ts'
import { fieldLines, hasField, withField } from '../http/fields.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import { combineParts, isWhole, type Part, partOf } from '../http/partial.ts'
import { contentRange, parseContentRange, rangeOf } from '../http/range.ts'
import type { Vouch } from '../store/acceptance-records.ts'
import type { Fence } from '../store/purge-epochs.ts'
import type { CacheKey } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { Aside } from './aside.ts'
import type { Forward } from './decide.ts'
import { type RoutedRequest, responseReach } from './routed-request.ts'
import type { FlightServices } from './services.ts'
import { judge, makeStored, type Whole } from './store-response.ts'

const SHARED_WITHOUT_ACCEPTANCE: ReadonlySet<string> = new Set(['auto', 'everyone', 'user'])

/** Whether parts may answer, or be made of the answer: a plain miss of one Range. */
export function concernsParts({ request, route, sharing }: RoutedRequest, decision: Forward): boolean {
  if (decision.mayStore || request.method !== 'GET' || !hasField(request.fields, 'range')) return false
  if (decision.because !== 'uri-miss' && decision.because !== 'vary-miss') return false
  return sharing.credentials === 'none' && rangeOf(request.fields) !== undefined && hasNoAcceptances(route.share.kind)
}

function hasNoAcceptances(kind: string): boolean {
  return SHARED_WITHOUT_ACCEPTANCE.has(kind)
}

/** Keys of whole responses begin with a digit. */
export function partKey(key: CacheKey): CacheKey {
  return `p${key}` as CacheKey
}

export interface PartOrder {
  /** The part that is there. */
  readonly stored?: StoredResponse
}

export class PartFill implements Aside {
  readonly #routed: RoutedRequest
  readonly #stored: StoredResponse | undefined
  readonly #fence: Fence
  readonly #services: FlightServices
  readonly #maxBody: Bytes
  /** What is kept under `user` ends when the caller's credential is withdrawn, as of any fill. */
  readonly #vouch: Vouch | undefined

  constructor(
    routed: RoutedRequest,
    { stored, fence, maxBody }: PartOrder & { readonly fence: Fence; readonly maxBody: Bytes },
    services: FlightServices,
  ) {
    this.#routed = routed
    this.#stored = stored
    this.#fence = fence
    this.#maxBody = maxBody
    this.#services = services
    this.#vouch = services.acceptances.begin(routed)
  }

  takes(head: ResponseHead, times: ResponseTimes): boolean {
    if (head.status !== 200 && head.status !== 206) return false
    if (!judge(this.#routed, head, times, true).storable) return false
    return head.status === 200 || announcesItsRange(head)
  }

  onWhole(whole: Whole): { response: StoredResponse; kept: boolean } {
    if (whole.status === 200) return this.#keepWhole(whole)
    const received = partOf({ ...whole, date: dateOf(whole.fields, whole.responseTime) }, whole.body)
    if (received?.complete === undefined) return { response: makeStored(this.#routed, whole), kept: false }
    const joined = this.#joined(received)
    const { head, body } = joined
    const made = { ...whole, status: head.status, fields: head.fields, body: Buffer.from(body) }
    return isWhole(joined) ? this.#keepWhole({ ...made, status: 200 }) : this.#keepPart(joined, made)
  }

  /** With what is there, where both are of one representation and meet; else the new one alone. */
  #joined(received: Part): Part {
    const stored = this.#stored === undefined ? undefined : partOf(this.#stored, this.#stored.body)
    const joined = stored === undefined ? undefined : combineParts(stored, received)
    return joined === undefined || joined.body.length > this.#maxBody ? received : joined
  }

  #keepWhole(whole: Whole): { response: StoredResponse; kept: boolean } {
    const { searches, store } = this.#services
    const response = makeStored(this.#routed, whole)
    const key = searches.learn(this.#routed, response.fields)
    const reach = responseReach(this.#routed, response.nominated)
    const kept = this.#admits(response) && store.store(key, response, reach)
    store.remove(partKey(this.#routed.key))
    return { response, kept }
  }

  #keepPart({ first, body, complete }: Part, made: Whole): { response: StoredResponse; kept: boolean } {
    const range = { first, last: bytes(first + body.length - 1) }
    const fields = withField(made.fields, 'Content-Range', contentRange(range, complete as Bytes))
    const response = makeStored(this.#routed, { ...made, status: 206, fields })
    const kept = this.#admits(response) && this.#services.store.store(partKey(this.#routed.key), response, 'memory')
    return { response, kept }
  }

  #admits({ scopes }: StoredResponse): boolean {
    const { epochs, acceptances } = this.#services
    return epochs.admits(this.#fence, scopes) && acceptances.mayKeep(this.#routed, this.#vouch)
  }

  end(): void {
    this.#services.acceptances.end(this.#vouch)
  }
}

/** False where the head already shows that Content-Range and content disagree. */
function announcesItsRange({ fields }: ResponseHead): boolean {
  const [line] = fieldLines(fields, 'content-range')
  const range = line === undefined ? undefined : parseContentRange(line)
  if (range?.complete === undefined) return false
  const lengths = fieldLines(fields, 'content-length')
  return lengths.every(length => Number(length) === range.last - range.first + 1)
}
