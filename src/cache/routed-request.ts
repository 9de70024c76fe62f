// A presented request, once it is known which route it takes and who is asking.
//
// Everything later steps need to know, put together once: no step routes, identifies or
// makes keys again. `sequence` is the purge sequence when the request was begun: what
// was purged later doesn't concern it, what was purged earlier must not reach it.

import type { Readable } from 'node:stream'
import type { EpochMs } from '../base/units.ts'
import { type CacheDirectives, requestDirectives } from '../http/cache-control.ts'
import type { PresentedRequest } from '../http/message.ts'
import { heededDirectives } from '../http/staleness.ts'
import type { NominatedField } from '../http/vary.ts'
import { cacheKey } from '../routing/cache-key.ts'
import type { CallerDigest, Identification, Sharing } from '../routing/identity.ts'
import { pathParameters } from '../routing/path-pattern.ts'
import type { Route } from '../routing/route.ts'
import type { Router } from '../routing/router.ts'
import { tagsOf } from '../routing/tag-template.ts'
import { storedUri, withoutOrigin } from '../routing/uri-scopes.ts'
import { routeScope, type Scope, tagScope, uriScope, userOnRouteScope, userScope } from '../store/scopes.ts'
import type { CacheKey, Reach } from '../store/store.ts'
import type { Exchange } from './exchange.ts'
import type { StoredForms } from './stored-forms.ts'

/** Who is on the other end of the connection. */
export interface Peer {
  /** IP address; undefined on a unix socket. */
  readonly address: string | undefined
  /** Inside `trustedProxies`. */
  readonly trusted: boolean
}

export interface RoutedRequest {
  readonly exchange: Exchange
  readonly peer: Peer
  readonly request: PresentedRequest
  readonly route: Route
  /** Of the path, and parts of identity that are beyond doubt: what fills the holes of tags. */
  readonly params: ReadonlyMap<string, string>
  readonly sharing: Sharing
  /** As the route heeds them. */
  readonly directives: CacheDirectives
  readonly key: CacheKey
  /** How far a response to this request may travel; see also `responseReach`. */
  readonly reach: Reach
  readonly rules: Rules
  /** Content to forward: a stream still to be read, whole and repeatable, or none. */
  readonly content: Buffer | Readable | null
  readonly sequence: number
  /** The coded forms of what is stored; undefined: everything goes out as it came. */
  readonly forms: StoredForms | undefined
  /** Digests that a purge may name this caller by: all credentials together, and each alone. */
  callers(): CallerDigest[]
  /** When the credentials end by their own word, verified or not. */
  expiry(): EpochMs | undefined
  /** For audit lines. */
  parts(): Record<string, string>
  auditName(): string | undefined
  /** Whether it carries a token that verifies here. */
  tokenHolds(): boolean | Promise<boolean>
}

/** The part of the configuration that routes and identifies. */
export interface Rules {
  readonly router: Router
  readonly identification: Identification
  /** What is shared with other replicas is unreadable there: responses for fewer than everyone may go too. */
  readonly sealed: boolean
}

/** Puts together what the engine needs to know of one exchange. */
export function routeRequest(exchange: Exchange, peer: Peer, rules: Rules, sequence: number): RoutedRequest {
  const { request } = exchange
  const route = rules.router.match(request)
  const params = new Map([
    ...rules.identification.parts(route, request),
    ...pathParameters(route.pattern, request.path),
  ])
  const sharing = rules.identification.sharing(route, request)
  return {
    exchange,
    peer,
    request,
    route,
    params,
    sharing,
    directives: heededDirectives(requestDirectives(request.fields), route.requestDirectives),
    key: cacheKey(route, request, sharing.caller),
    reach: reachOf(route, rules.sealed),
    rules,
    content: null,
    sequence,
    forms: undefined,
    callers: () => callersOf(rules.identification, request),
    parts: () => Object.fromEntries(rules.identification.parts(route, request)),
    auditName: () => rules.identification.auditName(request),
    tokenHolds: () => rules.identification.tokenHolds(request),
    expiry: () => rules.identification.expiry(request),
  }
}

/** Contract §3: without a secret only what is for `everyone`, or stored under `auto`, leaves this process. */
function reachOf({ store, share }: Route, sealed: boolean): Reach {
  if (store === 'memory') return 'memory'
  return sealed || share.kind === 'everyone' || share.kind === 'auto' ? 'all' : 'memory'
}

/** Where nothing is sealed, a credential that tells variants apart keeps the response here. */
export function responseReach({ reach, rules }: RoutedRequest, nominated: readonly NominatedField[]): Reach {
  if (reach === 'memory' || rules.sealed) return reach
  const present = nominated.flatMap(({ name, value }) => (value === undefined ? [] : [name, value]))
  return rules.identification.credentialsIn(present).length === 0 ? 'all' : 'memory'
}

function callersOf(identification: Identification, request: PresentedRequest): CallerDigest[] {
  const { digest } = identification.caller(request)
  return [...new Set([...(digest === undefined ? [] : [digest]), ...identification.aliases(request)])]
}

/** What a purge may name this request's response by, as far as the request alone tells. */
export function knownScopes(routed: RoutedRequest): Scope[] {
  const { request, route, params, sharing } = routed
  const scopes = [routeScope(route.name), uriScope(storedUri(route, request))]
  scopes.push(uriScope(storedUri(route, withoutOrigin(request))))
  if (route.share.kind === 'user' && sharing.caller !== undefined) {
    const callers = routed.callers()
    scopes.push(...callers.map(userScope), ...callers.map(each => userOnRouteScope(each, route.name)))
  }
  for (const template of route.tags) scopes.push(...tagsOf(template, params).map(tagScope))
  return scopes
}
