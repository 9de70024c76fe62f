// What does a write make invalid, and when?
//
// An unsafe method that succeeded invalidates its target, and what Location and
// Content-Location name on the same origin (RFC 9111 §4.4); a successful answer may name
// groups (RFC 9875 §3); the route's `purge` names tags. A write whose outcome is unknown
// (reset, timeout, 502, 504, a client that left) counts as done for `purge`. All of it
// takes effect before the writer has its answer, so that it reads its own write.

import type { Telemetry } from '../base/events.ts'
import { invalidatedGroups } from '../http/groups.ts'
import { invalidatedTargets, isNonErrorStatus, isSafeMethod } from '../http/invalidation.ts'
import { type ResponseHead, targetOf } from '../http/message.ts'
import type { Router } from '../routing/router.ts'
import { renderTag } from '../routing/tag-template.ts'
import { purgedUris } from '../routing/uri-scopes.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import { groupScope, type Scope, tagScope, uriScope, userScope } from '../store/scopes.ts'
import type { Acceptances } from './acceptance.ts'
import { overridesMethod } from './decide.ts'
import type { RoutedRequest } from './routed-request.ts'

export interface InvalidationServices {
  readonly epochs: Pick<PurgeEpochs, 'purge'>
  readonly router: Router
  readonly telemetry: Telemetry
  readonly acceptances: Pick<Acceptances, 'signedOut'>
}

/**
 * Purges what the answered request made invalid; `head` undefined: the outcome is unknown.
 *
 * Effective in this process when it returns; what it returns, a member per purge, is over once
 * other replicas are told, or undefined where there was nothing to purge. Never rejects.
 */
export function invalidateAfter(
  routed: RoutedRequest,
  head: ResponseHead | undefined,
  services: InvalidationServices,
): Promise<readonly unknown[]> | undefined {
  const purges = [...purgesOfRoute(routed, head), ...invalidations(routed, head, services)]
  const begun = purges
    .filter(({ scopes }) => scopes.length > 0)
    .map(({ by, scopes }) => {
      if (by === 'user') services.acceptances.signedOut(routed)
      services.telemetry.emit({ kind: 'purge', by, soft: false })
      return services.epochs.purge(scopes, 'hard')
    })
  return begun.length === 0 ? undefined : Promise.all(begun)
}

interface Purge {
  readonly by: 'tag' | 'user' | 'unsafe-method' | 'group'
  readonly scopes: readonly Scope[]
}

const UNKNOWN_OUTCOME: ReadonlySet<number> = new Set([502, 504])

function purgesOfRoute(routed: RoutedRequest, head: ResponseHead | undefined): Purge[] {
  const { route, params } = routed
  if (route.purge.length === 0 && !route.purgeUser) return []
  if (head !== undefined && head.status >= 400 && !UNKNOWN_OUTCOME.has(head.status)) return []
  const tags = route.purge.map(template => tagScope(renderTag(template, params).tag))
  const callers = route.purgeUser ? routed.callers() : []
  return [
    { by: 'tag', scopes: tags },
    { by: 'user', scopes: callers.map(userScope) },
  ]
}

function invalidations(routed: RoutedRequest, head: ResponseHead | undefined, services: InvalidationServices): Purge[] {
  const { request } = routed
  if (isSafeMethod(request.method) && !overridesMethod(request)) return []
  if (head !== undefined && !isNonErrorStatus(head.status)) return []
  const named = head === undefined ? [] : invalidatedTargets(request, head)
  const targets = new Set([targetOf(request), ...named])
  const origin = `${request.scheme}://${request.host}`
  const groups = head === undefined ? [] : invalidatedGroups(head.fields)
  return [
    { by: 'unsafe-method', scopes: uriScopes(routed, [...targets], services) },
    { by: 'group', scopes: groups.map(group => groupScope(origin, group)) },
  ]
}

function uriScopes({ request }: RoutedRequest, targets: readonly string[], { router }: InvalidationServices): Scope[] {
  return targets.flatMap(target => {
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    const query = mark < 0 ? undefined : target.slice(mark + 1)
    return purgedUris(router, { scheme: request.scheme, host: request.host, path, query }).map(uriScope)
  })
}
