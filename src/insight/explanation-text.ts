// How is an explanation said to a person?
//
// One line a question: which route and why, what the cache does with such a request, how
// long a response lives and which part of the file says so, who is given the same one,
// what tells responses apart, which writes purge it, why the other routes lost. Whether a
// response may be stored is asked of `cache/decide.ts`, as the proxy does.

import { epochMs, type Milliseconds, milliseconds } from '../base/units.ts'
import { decide } from '../cache/decide.ts'
import { formatDuration, formatPercentage } from '../config/quantities.ts'
import type { RouteKey } from '../config/route-schema.ts'
import { requestDirectives } from '../http/cache-control.ts'
import type { PresentedRequest } from '../http/message.ts'
import { heededDirectives } from '../http/staleness.ts'
import type { CompiledRoutes } from '../routing/compiled-routes.ts'
import { forwardedQuery, parametersOf } from '../routing/query.ts'
import type { Route } from '../routing/route.ts'
import type { Explanation } from './explain.ts'

interface Told {
  readonly explanation: Explanation
  readonly compiled: CompiledRoutes
  readonly request: PresentedRequest
  readonly route: Route
}

/** Lines without a newline at the end. */
export function formatExplanation(
  explanation: Explanation,
  compiled: CompiledRoutes,
  request: PresentedRequest,
): string {
  const told = { explanation, compiled, request, route: compiled.router.match(request) }
  const rows: [label: string, text: string | undefined][] = [
    ['route', routeText(told)],
    ['cache', cacheText(told)],
    ['lifetime', lifetimeText(told)],
    ['stale', staleText(told)],
    ['shared', sharedText(told)],
    ['key', keyText(told)],
    ['left out', leftOutText(told)],
    ['tags', listed(explanation.tags)],
    ['purged by', purgedByText(told)],
    ['purges', listed(explanation.purges)],
    ...explanation.others.map(({ route, lost }, at): [string, string] => [
      at === 0 ? 'others' : '',
      `${route}: ${lost}`,
    ]),
  ]
  const shown = rows.filter(([, text]) => text !== undefined)
  const target = `${request.scheme}://${request.host}${request.path}${request.query === undefined ? '' : `?${request.query}`}`
  return [`${request.method} ${target}`, ...shown.map(([label, text]) => `  ${label.padEnd(10)}${text}`)].join('\n')
}

function routeText({ explanation: { params }, route, compiled }: Told): string {
  if (route === compiled.router.fallback) return 'default (no route matches)'
  const values = Object.entries(params).map(([name, value]) => `, ${name} = ${value}`)
  return `${route.name} (${route.match})${values.join('')}`
}

const BECAUSE: Readonly<Record<string, string>> = {
  'cache-off': 'off: the route says `cache: off`, so every request is forwarded',
  observe: 'observed: the origin answers every request, and what the cache would have done is counted',
  'method-override': 'bypassed: a method-override header makes the request count as unsafe',
  'request-content': 'bypassed: the request has content, and the route does not say `body: true`',
  'no-store': "bypassed: the request's Cache-Control says no-store",
  'identity-missing': 'passed through: nothing under `identity.user` is in the request',
  'identity-empty': 'passed through: what should tell the caller is empty',
  'identity-repeated': 'passed through: what should tell the caller is there twice',
  'part-missing': 'passed through: a part of identity that `share` names is not in the request',
  'part-empty': 'passed through: a part of identity that `share` names is empty',
  'part-repeated': 'passed through: a part of identity that `share` names is there twice',
  'token-unverified': 'passed through: no token that is verified here is in the request',
}

function cacheText({ compiled, request, route }: Told): string {
  const decision = decide({
    request: route.body ? { ...request, bodyDigest: '' } : request,
    directives: heededDirectives(requestDirectives(request.fields), route.requestDirectives),
    route,
    sharing: compiled.identification.sharing(route, request),
    stored: undefined,
    standing: 'kept',
    otherVariants: false,
    now: epochMs(0),
  })
  if (decision.kind === 'refuse') return 'only-if-cached: answered 504 while nothing suitable is stored'
  if (decision.kind === 'reuse') return 'answered from the cache'
  if (decision.because === 'method')
    return `not used: ${request.method} is forwarded, and invalidates this URL when unsafe`
  const known = BECAUSE[decision.detail ?? '']
  if (known !== undefined) return known
  if (decision.mayStore)
    return 'answered from the cache when something fresh is stored; otherwise forwarded and stored if it may be'
  return 'answered from the cache when something fresh is stored; otherwise forwarded, and not stored'
}

/** `key: value (where it is written)`. */
function sourced({ compiled, route }: Told, key: RouteKey): string {
  const from = compiled.written.get(route.name)?.writtenIn[key] ?? 'default'
  return from === 'defaults' ? 'from `defaults`' : from === 'route' ? 'from the route' : 'by default'
}

const ORIGIN_TEXTS = {
  obey: 'where the origin says nothing; its own lifetime, no-store and private win',
  cap: "or the origin's own lifetime if that is shorter",
  override: 'whatever the origin says',
} as const

function lifetimeText(told: Told): string {
  const { ttl, origin, statuses, heuristic, jitter } = told.route.lifetime
  const parts = [
    ttl === undefined
      ? 'the origin decides (no `ttl`)'
      : `${formatDuration(ttl)} (ttl ${sourced(told, 'ttl')}) ${ORIGIN_TEXTS[origin]} (origin: ${origin}, ${sourced(told, 'origin')})`,
    ...[...statuses].map(
      ([status, lifetime]) => `${status}: ${formatDuration(lifetime)} (statuses ${sourced(told, 'statuses')})`,
    ),
  ]
  if (heuristic !== undefined)
    parts.push(`else ${formatPercentage(heuristic)} of the time since Last-Modified (${sourced(told, 'heuristic')})`)
  if (jitter > 0) parts.push(`± ${formatPercentage(jitter)} (jitter ${sourced(told, 'jitter')})`)
  return parts.join('; ')
}

function staleText(told: Told): string {
  const { staleIfError, staleWhileRevalidate } = told.route.lifetime
  const span = (what: string, length: Milliseconds, key: RouteKey) =>
    `${formatDuration(length)} ${what} (${sourced(told, key)})`
  return [
    span('more when the origin fails', staleIfError, 'staleIfError'),
    span('more while a new one is fetched', staleWhileRevalidate, 'staleWhileRevalidate'),
  ].join('; ')
}

function sharedText(told: Told): string {
  return `${shareWords(told)} (share: ${told.explanation.share}, ${sourced(told, 'share')})`
}

function shareWords({ explanation, compiled, request }: Told): string {
  if (explanation.share === 'everyone') return 'one stored response for everyone; credentials are not looked at'
  if (explanation.share === 'user') {
    const sources = explanation.key.identity ?? []
    const apart =
      sources.length === 0 ? 'who is told apart by `identity.user`' : `told apart here by ${sources.join(' and ')}`
    return `one stored response per user, ${apart}`
  }
  if (explanation.share !== 'auto') return `${amongAccepted(explanation)}${acceptedWords(explanation)}`
  const credentials = compiled.identification.credentialsIn(request.fields)
  if (credentials.length === 0) return 'one stored response for all requests without credentials'
  return `this request carries credentials (${credentials.join(', ')}), so it takes and leaves only what the origin allows to be shared`
}

function amongAccepted({ share }: Explanation): string {
  if (share === 'signed-in') return 'one stored response for all callers that the origin accepts'
  return `one stored response per ${share.slice(1, -1).replaceAll(', ', ' and ')}, for callers that the origin accepts`
}

function acceptedWords({ accepted, trust }: Explanation): string {
  const lasts = formatDuration(milliseconds((trust ?? 0) * 1000))
  if (accepted === 'token') return ', for whom a verified token stands in until its `exp` (accepted: token)'
  const reach = accepted === 'route' ? 'for the whole route' : 'for this very response'
  return `, ${reach} and ${lasts} (accepted: ${accepted}, trust: ${lasts})`
}

function keyText({ explanation: { key }, request, route }: Told): string {
  const url = `${request.scheme}://${key.host}${key.path}${key.query === null ? '' : `?${key.query}`}`
  const fields = Object.entries(key.vary).map(([name, value]) => `${name}: ${value ?? '(absent)'}`)
  const caller = key.identity === null ? [] : route.share.kind === 'parts' ? [...route.share.parts] : ['the caller']
  return [url, ...fields, ...caller, ...(key.body ? ["the request's content"] : [])].join(' + ')
}

function leftOutText({ request, route }: Told): string | undefined {
  const kept = parametersOf(forwardedQuery(route.query, request.query))
  const left = parametersOf(request.query).filter(parameter => !kept.includes(parameter))
  return left.length === 0
    ? undefined
    : `${left.join('&')} (not in the key, not sent to the origin when its answer may be stored)`
}

function purgedByText({ explanation: { purgedBy }, compiled, route }: Told): string | undefined {
  if (route.cache === 'off') return undefined
  const byRoutes = purgedBy.map(name => `${name} (${compiled.written.get(name)?.match ?? name})`)
  return [...byRoutes, 'a successful unsafe request to this URL'].join(', ')
}

function listed(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(' ')
}
