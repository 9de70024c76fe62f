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
import { type IdentitySecret, namingKey } from '../routing/identity.ts'
import type { Route } from '../routing/route.ts'
import type { AcceptanceRecords, AcceptanceStanding, Vouch, Withdrawal } from '../store/acceptance-records.ts'
import type { PurgeEpochs, PurgeListener } from '../store/purge-epochs.ts'
import {
  ALL_SCOPE,
  ALL_USERS_SCOPE,
  newsScope,
  parseNews,
  parseUserScope,
  type Scope,
  userOnRouteScope,
  userScope,
} from '../store/scopes.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { representationId } from './representation-id.ts'
import type { RouteWords } from './route-words.ts'
import type { RoutedRequest } from './routed-request.ts'
import { TokenWithdrawals, tokenNews } from './token-withdrawals.ts'

/** `untested`: by the word of a route that control requests have still to test. */
export type Acceptance = 'not-needed' | 'accepted' | 'untested' | 'lapsed' | 'none'

/** Whoever is named by a credential alone may have tokens of any end. */
const LONGEST_TOKEN = epochMs(Number.MAX_SAFE_INTEGER)

export interface AcceptanceServices {
  readonly clock: Clock
  readonly epochs: Pick<PurgeEpochs, 'purge' | 'listen'>
  readonly records: AcceptanceRecords
  /** Its naming key tells representations apart, which replicas may share. */
  readonly secret: IdentitySecret
}

/** Who asks, and where. */
type Asked = Pick<RoutedRequest, 'route' | 'sharing' | 'request' | 'key' | 'callers'>

export class Acceptances implements PurgeListener {
  readonly words: RouteWords
  readonly #services: AcceptanceServices
  readonly #tokens = new TokenWithdrawals()
  readonly #secret: string
  #heedsTokens = false

  constructor(services: AcceptanceServices, words: RouteWords) {
    this.#services = services
    this.words = words
    this.#secret = namingKey(services.secret)
    services.epochs.listen(this)
  }

  /** Withdrawn elsewhere: by a refusal, a logout or an operator. */
  heard(scopes: readonly Scope[]): void {
    for (const scope of scopes) {
      const user = parseUserScope(scope)
      const token = parseNews(scope, 'token')
      if (user !== undefined) this.#services.records.drop({ credentials: [user.user], route: user.route })
      else if (token !== undefined) this.#tokens.learn(token, this.#services.clock.now())
      else if (scope === ALL_SCOPE || scope === ALL_USERS_SCOPE) this.missed()
    }
  }

  missed(): void {
    this.#services.records.endAll()
  }

  news(): Scope[] {
    return this.#tokens.standing(this.#services.clock.now()).map(each => newsScope('token', each))
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
    return representationId(key, stored, this.#secret)
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
    const about = { subject, caller, credentials: vouch.credentials, route: route.name, sequence: routed.sequence }
    this.#services.records.accept(vouch, { ...about, lasts: route.trust, ends }, this.#services.clock.now())
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
    const scopes = credentials.map(each => (route === undefined ? userScope(each) : userOnRouteScope(each, route)))
    void this.#services.epochs.purge(scopes, 'hard')
  }

  /** In force at once, and taken back where the token turns out to be none. */
  #withdrawToken(routed: RoutedRequest, withdrawal: Withdrawal): void {
    if (!this.#heedsTokens) return
    const holds = routed.tokenHolds()
    const ends = routed.expiry()
    if (holds === false || ends === undefined) return
    this.#tokens.add(withdrawal, ends, this.#services.clock.now())
    if (holds === true) this.#tellOfToken(withdrawal, ends)
    if (holds === true) return
    void holds.then(verified => {
      if (verified) this.#tellOfToken(withdrawal, ends)
      else this.#tokens.remove(withdrawal)
    })
  }

  #tellOfToken(withdrawal: Withdrawal, ends: EpochMs): void {
    const news = tokenNews(withdrawal, ends).map(text => newsScope('token', text))
    void this.#services.epochs.purge(news, 'hard')
  }

  /** A logout: what is stored for the caller is purged already. */
  signedOut(routed: RoutedRequest): void {
    const withdrawal = { credentials: routed.callers(), route: undefined }
    this.#withdrawToken(routed, withdrawal)
    this.#services.records.withdraw(withdrawal)
  }

  /** An operator's purge of a user; it purges what is stored itself. */
  withdrawUser(credentials: readonly string[]): void {
    const now = this.#services.clock.now()
    const withdrawal = { credentials, route: undefined }
    if (this.#heedsTokens) {
      this.#tokens.add(withdrawal, LONGEST_TOKEN, now)
      this.#tellOfToken(withdrawal, LONGEST_TOKEN)
    }
    this.#services.records.withdraw(withdrawal)
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
