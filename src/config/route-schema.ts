// Which keys does a route have, what do they mean, and what holds where one is absent?
//
// One entry a key (contract §2, "Route keys"): a later feature adds its entry here and
// nowhere else in this folder. The same table serves `defaults` (every key but `match`)
// and each route; a key in the route replaces the one in `defaults` whole, nothing is
// merged inside a value. Paths, tags and conditions are compiled by `routing/`.

import { z } from 'zod'
import { key, requiredKey, withoutDefault } from './keys.ts'
import { choice, duration, headerName, list, mapOf, percentage, section, text, timeLimit, yesNo } from './kinds.ts'
import {
  clientControl,
  compressRule,
  conditions,
  fallback,
  heuristic,
  queryRule,
  shareRule,
  statuses,
} from './route-values.ts'

const policy = {
  when: key(conditions(), {
    prose: 'Further conditions, all of which must hold: header fields, query parameters and the host.',
    examples: [{ header: { 'X-Api-Version': '2' }, query: { draft: false } }],
  }),
  cache: key(choice('on', 'off', 'observe'), {
    default: 'on',
    prose:
      'Whether responses of this route are stored and reused at all. `observe`: the origin answers every request and no body is kept; digests, sizes and times are, as if, so that hit rate and wrong answers are known before caching is turned on.',
  }),
  ttl: key(duration(), {
    prose:
      "Freshness lifetime of a response; `origin` says when it holds. Without it the origin's own headers decide alone.",
    examples: ['5m'],
  }),
  origin: key(choice('obey', 'cap', 'override'), {
    default: 'obey',
    prose:
      "What becomes of the origin's Cache-Control, Expires and Pragma: `obey` (`ttl` only where the origin is silent), `cap` (the shorter of the two), `override` (`ttl` wins, over `no-store` and `private` too).",
  }),
  heuristic: key(heuristic(), {
    default: 'off',
    prose: 'Share of the time since Last-Modified that counts as freshness where nothing else says (RFC 9111 §4.2.2).',
    examples: ['10%'],
  }),
  statuses: key(statuses(), {
    prose:
      'Lifetime by status. Without it `ttl` holds for 200, 203, 301 and 308, and others follow explicit freshness from the origin.',
    examples: [{ 404: '30s' }],
  }),
  requestDirectives: key(choice('obey', 'ignore'), {
    default: 'obey',
    prose: "Whether the client's own Cache-Control counts; `ignore` keeps `no-store` and `only-if-cached`.",
  }),
  share: key(shareRule(), {
    default: 'auto',
    prose:
      'Who may be given the same stored response: `auto` (requests with credentials only where the origin allows sharing), `everyone` (credentials are not looked at), `signed-in` (all callers that the origin accepts), a list of parts of identity (those with equal parts that the origin accepts), `user` (one copy per identity).',
    examples: [['tenant']],
  }),
  accepted: key(choice('response', 'route', 'token'), {
    default: 'response',
    prose:
      "How far the origin's acceptance of a caller reaches, under `signed-in` and parts: one stored response (`response`), all of the route with equal parts (`route`: your word that credential and parts alone decide, tested by control requests), or a JWT verified here stands in (`token`).",
  }),
  trust: key(duration({ max: '30d' }), {
    prose:
      "How long an acceptance lasts, never beyond the token's `exp`. Without it as long as `ttl`, at most 5 minutes.",
    examples: ['1m'],
  }),
  query: key(queryRule(), {
    default: 'all',
    prose:
      'Which query parameters tell responses apart: `all`, `none`, `{ only: […] }` or `{ except: […] }`; their order never matters.',
    examples: [{ only: ['page', 'limit'] }, { except: ['utm_*'] }],
  }),
  vary: key(list(headerName()), {
    default: [],
    prose: "Request headers that tell responses apart, besides those that the origin's Vary names.",
    examples: [['Accept-Language']],
  }),
  body: key(yesNo(), {
    default: false,
    prose: 'Whether the request body (up to 64 KiB) tells responses apart: searches by POST, GraphQL queries, QUERY.',
  }),
  setCookie: key(choice('refuse', 'strip'), {
    default: 'refuse',
    prose:
      'A response with Set-Cookie is not stored (`refuse`), or stored without that header, which only the client that caused the fill receives (`strip`).',
  }),
  staleWhileRevalidate: key(duration(), {
    default: '0s',
    prose: 'How long after expiry a response is still given while a new one is fetched in the background (RFC 5861).',
  }),
  staleIfError: key(duration(), {
    default: '10m',
    prose:
      'How long after expiry a response is still given when the origin fails: no answer, reset, timeout, open breaker, 500, 502, 503, 504 (RFC 5861).',
  }),
  refreshAhead: key(choice('on', 'off'), {
    default: 'off',
    prose:
      'Whether responses that are asked for often are fetched again shortly before they expire: early by chance (XFetch), once over all replicas.',
  }),
  jitter: key(percentage(), { default: '0%', prose: 'Spreads expiry by plus or minus this share of the lifetime.' }),
  tags: key(list(text({ title: 'tag' })), {
    default: [],
    prose: 'Names that a purge may use for the stored response, with `{param}` from the path and `{part}` of identity.',
    examples: [['patient:{id}', 'patients']],
  }),
  purge: key(list(text({ title: 'tag' })), {
    default: [],
    prose:
      "Tags purged when a request of this route succeeded or may have, before its client has the answer; `user` purges all of the caller's.",
    examples: [['patients', 'patient:{id}']],
  }),
  client: key(clientControl(), {
    default: 'default',
    prose:
      "Cache-Control for the client: `origin`, `off` (`no-cache`), a duration, `immutable`, or a literal. `default` keeps the origin's, and where it sent none and `ttl` made the response fresh says `public, max-age=…` for `everyone` and `private, no-cache` for anything narrower.",
  }),
  verify: key(percentage(), {
    default: '0%',
    prose:
      'Share of the hits of GET and QUERY whose answer is compared in the background with a fresh one to the same caller. A route whose answers turn out to be personal is quarantined: purged and passed through.',
    examples: ['1%'],
  }),
  compress: key(compressRule(), {
    default: 'auto',
    prose:
      'Content codings for clients that take them: `auto` (zstd, br, gzip as the client prefers), `off`, or a list. Made once per stored response; what is compressed already, small, or marked no-transform is left alone.',
    examples: [['br', 'gzip']],
  }),
  timeout: key(timeLimit(), { prose: 'Longest wait for the response head; without it `upstream.timeout`.' }),
  store: key(choice('all', 'memory'), {
    default: 'all',
    prose: 'Where responses are kept: in memory and Redis (`all`), or in this process alone (`memory`).',
  }),
  audit: key(yesNo(), {
    default: false,
    prose:
      'Every answer given without the origin writes one line (who was given what), never sampled; where it cannot be written the request is forwarded.',
  }),
  fallback: key(fallback(), {
    prose: 'The answer when the origin fails and nothing stale is left.',
    examples: [{ status: 503, body: '{"error":"try again"}', type: 'application/json' }],
  }),
}

export type RouteKey = keyof typeof policy

export const ROUTE_KEYS = Object.keys(policy) as RouteKey[]

/** Every policy of a route, defaults filled in. */
export type RoutePolicy = z.output<z.ZodObject<typeof policy>>

/** What a user wrote of it. */
export type WrittenPolicy = Partial<RoutePolicy>

const writtenShape = Object.fromEntries(Object.entries(policy).map(([name, schema]) => [name, withoutDefault(schema)]))

export const defaultsSchema = section(writtenShape)

const match = requiredKey(text({ title: 'match' }), {
  prose:
    '`[METHOD|METHOD…] PATH`: segments, `{name}` for one segment, `*` for one, `**` for the rest or nothing. `GET` includes `HEAD`; no method means all.',
  examples: ['GET /api/v1/patients/{id}', 'POST|PUT|DELETE /api/v1/patients/**', '/static/**'],
})

const routeName = z
  .string()
  .refine(name => /^[A-Za-z0-9_.-]{1,64}$/.test(name), {
    message: 'is not a route name',
    params: { code: 'value', hint: 'use 1 to 64 letters, digits, `_`, `.` and `-`: the name is a label in metrics' },
  })
  .refine(name => name !== 'default', {
    message: '`default` is the name of what no route matches',
    params: { code: 'value', hint: 'choose another name, or put these keys under `defaults`' },
  })
  .meta({ pattern: '^[A-Za-z0-9_.-]{1,64}$' })

export const routesSchema = mapOf(routeName, section({ match, ...writtenShape }))

/** A policy in which nothing was written. */
export function builtInPolicy(): RoutePolicy {
  return z.strictObject(policy).parse({})
}

/** The schema behind one policy, for printing it. */
export const policySchema = z.strictObject(policy)
