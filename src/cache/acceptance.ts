// May this caller be given what the origin gave somebody else?
//
// Under `signed-in` and parts a stored response is for those whom the origin accepts, as far
// as the route says an acceptance reaches (contract §2 `accepted`, §3). This file knows
// what accepts and what withdraws; records are kept by store/acceptance-records.ts, and
// whether an operator's word on a whole route holds by control-requests.ts. `standing` is
// what a hit asks: a few Map lookups, in the same turn. Under `user` the fill itself is the
// acceptance, so withdrawing one purges what is stored for the caller.

import type { Clock } from '../base/clock.ts'
import { type EpochMs, epochMs } from '../base/units.ts'
import { hasField } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import type { Route } from '../routing/route.ts'
import type { AcceptanceRecords, AcceptanceStanding, Vouch, Withdrawal } from '../store/acceptance-records.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import { userScope } from '../store/scopes.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { representationId } from './representation-id.ts'
import type { RouteWords } from './route-words.ts'
import { callerOnRoute, type RoutedRequest } from './routed-request.ts'
import { TokenWithdrawals } from './token-withdrawals.ts'

/** `untested`: by the word of a route that control requests have still to test. */
export type Acceptance = 'not-needed' | 'accepted' | 'untested' | 'lapsed' | 'none'

export interface AcceptanceServices {
  readonly clock: Clock
  readonly epochs: Pick<PurgeEpochs, 'purge'>
  readonly records: AcceptanceRecords
  /** Keys what a representation is told by: the identity secret, which replicas may share. */
  readonly secret: string
}

/** Who asks, and where. */
type Asked = Pick<RoutedRequest, 'route' | 'sharing' | 'request' | 'key' | 'callers'>

export class Acceptances {
  readonly words: RouteWords
  readonly #services: AcceptanceServices
  readonly #tokens = new TokenWithdrawals()
  #heedsTokens = false

  constructor(services: AcceptanceServices, words: RouteWords) {
    this.#services = services
    this.words = words
  }

  /** A configuration came into force. */
  use(routes: readonly Route[]): void {
    this.words.clear()
    this.#heedsTokens = routes.some(route => route.accepted === 'token')
  }

  /** How the caller stands towards what is stored, or, where nothing is, towards the route. */
  standing(asked: Asked, stored: StoredResponse | undefined, now: EpochMs): Acceptance {
    const { acceptance } = asked.sharing
    if (acceptance === undefined) return 'not-needed'
    if (acceptance.proven !== undefined) return this.#byToken(asked, acceptance.proven, now)
    const own = stored === undefined ? 'none' : this.#look(asked, this.#subjectOf(asked, stored), now)
    if (own === 'accepted' || asked.route.accepted !== 'route') return own
    const word = this.words.stateOf(asked.route)
    if (word === 'broken') return own
    const wide = this.#look(asked, routeSubject(asked), now)
    if (wide === 'accepted') return word === 'holds' ? 'accepted' : 'untested'
    return own === 'none' ? wide : own
  }

  #subjectOf({ key }: Asked, stored: StoredResponse): string {
    return representationId(key, stored, this.#services.secret)
  }

  #look({ sharing, route }: Asked, subject: string, now: EpochMs): AcceptanceStanding {
    const caller = sharing.acceptance?.caller ?? ''
    return this.#services.records.standing(subject, caller, now, route.lifetime.staleIfError)
  }

  #byToken(asked: Asked, proven: EpochMs, now: EpochMs): Acceptance {
    if (now >= proven) return 'none'
    return this.#tokens.concerns(() => asked.callers(), asked.route.name, now) ? 'none' : 'accepted'
  }

  /** Call it before a request leaves whose answer may be stored; undefined where it has no caller. */
  begin(routed: RoutedRequest): Vouch | undefined {
    const { sharing, route } = routed
    const concerned = sharing.acceptance !== undefined || (route.share.kind === 'user' && sharing.caller !== undefined)
    return concerned ? this.#services.records.begin(routed.callers()) : undefined
  }

  end(vouch: Vouch | undefined): void {
    if (vouch !== undefined) this.#services.records.end(vouch)
  }

  /** The origin answered so that it accepts the caller, as far as a head can tell: for the whole route, if it may. */
  acceptRoute(routed: RoutedRequest, vouch: Vouch | undefined): void {
    if (routed.route.accepted === 'route') this.#accept(routed, vouch, routeSubject(routed))
  }

  /** The origin gave the caller this very representation, which is stored now in place of `former`. */
  acceptResponse(routed: RoutedRequest, vouch: Vouch | undefined, stored: StoredResponse): void {
    this.#accept(routed, vouch, this.#subjectOf(routed, stored))
  }

  /** What took the place of another representation took its acceptances too. */
  replaced(routed: RoutedRequest, former: StoredResponse | undefined, stored: StoredResponse): void {
    if (former === undefined || routed.sharing.acceptance === undefined) return
    const before = this.#subjectOf(routed, former)
    if (before !== this.#subjectOf(routed, stored)) this.#services.records.forget(before)
  }

  /** Under `user`: whether the fill may be kept, no credential of the caller having been withdrawn meanwhile. */
  mayKeep({ route }: RoutedRequest, vouch: Vouch | undefined): boolean {
    return vouch === undefined || route.share.kind !== 'user' || this.#services.records.hold(vouch, route.name)
  }

  #accept(routed: RoutedRequest, vouch: Vouch | undefined, subject: string): void {
    const { sharing, route } = routed
    if (vouch === undefined || sharing.acceptance === undefined) return
    const ends = routed.expiry()
    const { caller } = sharing.acceptance
    const record = { subject, caller, credentials: vouch.credentials, route: route.name, lasts: route.trust, ends }
    this.#services.records.accept(vouch, record, this.#services.clock.now())
  }

  /** What the origin's answer takes from the caller: 401 everywhere, 403 on this route. */
  heed(routed: RoutedRequest, { status }: ResponseHead): void {
    if (status === 401) this.withdraw(routed, 'everywhere')
    else if (status === 403) this.withdraw(routed, 'route')
  }

  /** Effective in this process when it returns. */
  withdraw(routed: RoutedRequest, where: 'everywhere' | 'route'): void {
    const credentials = routed.callers()
    const route = where === 'route' ? routed.route.name : undefined
    if (credentials.length === 0) return
    this.#withdrawToken(routed, { credentials, route })
    if (!this.#services.records.withdraw({ credentials, route })) return
    const scopes = credentials.map(each => userScope(route === undefined ? each : callerOnRoute(each, route)))
    void this.#services.epochs.purge(scopes, 'hard')
  }

  /** In force at once, and taken back where the token turns out to be none. */
  #withdrawToken(routed: RoutedRequest, withdrawal: Withdrawal): void {
    if (!this.#heedsTokens) return
    const holds = routed.tokenHolds()
    const ends = routed.expiry()
    if (holds === false || ends === undefined) return
    this.#tokens.add(withdrawal, ends, this.#services.clock.now())
    if (holds === true) return
    void holds.then(verified => {
      if (!verified) this.#tokens.remove(withdrawal)
    })
  }

  /** A logout or an operator's purge of a user, whose stored responses are purged already. */
  withdrawUser(credentials: readonly string[]): void {
    const now = this.#services.clock.now()
    if (this.#heedsTokens) this.#tokens.add({ credentials, route: undefined }, epochMs(Number.POSITIVE_INFINITY), now)
    this.#services.records.withdraw({ credentials, route: undefined })
  }
}

/** All responses of the route with equal parts, at one origin. */
function routeSubject({ route, sharing, request }: Asked): string {
  const { scheme, host } = request
  return `${route.keyPrefix}${scheme}${host.length}:${host}${sharing.caller ?? ''}`
}

/** Contract §3: whether this answer to a request in our shared form accepts its caller. */
export function accepts({ request }: RoutedRequest, { status, fields }: ResponseHead): boolean {
  if (status !== 200 || hasField(fields, 'set-cookie')) return false
  return request.method === 'GET' || request.bodyDigest !== undefined
}
