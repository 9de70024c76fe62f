// What would become of this request, and which line of the configuration says so?
//
// The same router, identification, key parts and decision as in the proxy, asked without
// anything stored, so that an explanation can't disagree with what happens. An
// Explanation is what `explain --json` prints (contract §1), durations in seconds;
// `explanation-text.ts` says it in words.

import { needsAcceptance, shareText } from '../config/route-values.ts'
import { fieldValue } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import type { CompiledRoutes } from '../routing/compiled-routes.ts'
import { pathParameters } from '../routing/path-pattern.ts'
import { keyedQuery } from '../routing/query.ts'
import type { Route } from '../routing/route.ts'
import { couldRender, renderTag } from '../routing/tag-template.ts'

export interface Explanation {
  readonly route: string
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly share: string
  /** How far an acceptance reaches, and for how long; null where sharing needs none. */
  readonly accepted: 'response' | 'route' | 'token' | null
  /** Seconds. */
  readonly trust: number | null
  readonly cache: 'on' | 'off' | 'observe'
  /** Seconds; null: the origin alone decides. */
  readonly ttl: number | null
  readonly origin: 'obey' | 'cap' | 'override'
  readonly key: {
    readonly host: string
    readonly path: string
    /** Kept parameters in the key's order, without "?"; null for none. */
    readonly query: string | null
    /** The route's own `vary` fields and their values here; null for an absent one. */
    readonly vary: Readonly<Record<string, string | null>>
    /** Where the caller's identity comes from in this request; null: it is no part of the key. Empty: it can't be made, so the request passes. */
    readonly identity: readonly string[] | null
    /** Whether the request's content is part of the key. */
    readonly body: boolean
  }
  readonly tags: readonly string[]
  /** Tags this request purges when it succeeds; `user`: everything stored for the caller. */
  readonly purges: readonly string[]
  /** Routes whose `purge` can name this response. */
  readonly purgedBy: readonly string[]
  readonly others: readonly { readonly route: string; readonly lost: string }[]
}

/** Explains one request; sends nothing and looks at nothing stored. */
export function explain(compiled: CompiledRoutes, request: PresentedRequest): Explanation {
  const { router } = compiled
  const route = router.match(request)
  const identified = compiled.identification.parts(route, request)
  const params = pathParameters(route.pattern, request.path)
  const values = new Map([...identified, ...params])
  const tags = tagsShown(compiled, route, values)
  const { ttl, origin } = route.lifetime
  return {
    route: route.name,
    method: request.method,
    path: request.path,
    params: Object.fromEntries(params),
    share: shareText(route.share),
    accepted: needsAcceptance(route.share) ? route.accepted : null,
    trust: needsAcceptance(route.share) ? route.trust / 1000 : null,
    cache: route.cache,
    ttl: ttl === undefined ? null : ttl / 1000,
    origin,
    key: keyOf(compiled, route, request),
    tags,
    purges: purgesOf(route, values),
    purgedBy: purgersOf([...router.routes, router.fallback], route, tags),
    others: router.losers(request).map(({ route: other, lost }) => ({ route: other.name, lost })),
  }
}

function keyOf({ identification }: CompiledRoutes, route: Route, request: PresentedRequest): Explanation['key'] {
  const { refusal } = identification.sharing(route, request)
  const own = route.share.kind === 'parts' ? route.share.parts : identification.sourcesIn(request)
  const sources = refusal === undefined ? own : []
  return {
    host: request.host,
    path: request.path,
    query: keyedQuery(route.query, request.query) ?? null,
    vary: Object.fromEntries(route.vary.map(name => [name, fieldValue(request.fields, name) ?? null])),
    identity: route.share.kind === 'user' || route.share.kind === 'parts' ? sources : null,
    body: route.body,
  }
}

/** Complete ones, and those that only lack a part of identity, with the hole left. */
function tagsShown({ settings }: CompiledRoutes, { tags }: Route, values: ReadonlyMap<string, string>): string[] {
  const parts = settings.identity.parts.map(({ name }) => `{${name}}`)
  return tags.flatMap(template => {
    const { tag, complete } = renderTag(template, values)
    return complete || parts.some(hole => tag.includes(hole)) ? [tag] : []
  })
}

function purgesOf(route: Route, params: ReadonlyMap<string, string>): string[] {
  const tags = route.purge.map(template => renderTag(template, params).tag)
  return route.purgeUser ? [...tags, 'user'] : tags
}

function purgersOf(routes: readonly Route[], route: Route, tags: readonly string[]): string[] {
  const purges = (other: Route) =>
    other.purge.some(template => tags.some(tag => couldRender(template, tag))) ||
    (other.purgeUser && route.share.kind === 'user')
  return routes.filter(purges).map(({ name }) => name)
}
