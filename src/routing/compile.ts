// What becomes of the routes in a configuration?
//
// Each route's `match`, `when`, `tags` and `purge` are read here, ties are refused, and
// the router is built from what is sound, so that one attempt finds all problems. What a
// person should think twice about is a warning (`route-warnings.ts`). Compiling the same
// settings again gives equal key prefixes: what is stored survives a reload that changes
// nothing about sharing.

import { createHash } from 'node:crypto'
import { milliseconds } from '../base/units.ts'
import { isError, type KeyPath, type Problem } from '../config/problems.ts'
import { needsAcceptance } from '../config/route-values.ts'
import type { RouteSettings, RoutingSettings } from '../config/settings.ts'
import type { ConfigurationSource } from '../config/source-document.ts'
import { type CompiledRoutes, writtenAt } from './compiled-routes.ts'
import { compileConditions, describeCondition, hostFlaw } from './conditions.ts'
import { Identification, type IdentitySecret } from './identity.ts'
import { checkIdentity, checkSharing, type IdentityFinding } from './identity-checks.ts'
import { type CompiledMatch, compileMatch } from './match.ts'
import { parsePattern, type TextFlaw } from './path-pattern.ts'
import type { Route } from './route.ts'
import { routeWarnings } from './route-warnings.ts'
import { findTies, Router, sharedMethods } from './router.ts'
import { parseTag, type TagTemplate } from './tag-template.ts'

/** Knows where a key is written. */
export type Located = Pick<ConfigurationSource, 'locate'>

export type { CompiledRoutes } from './compiled-routes.ts'

export interface Compilation {
  /** Of the routes without errors. */
  readonly compiled: CompiledRoutes
  readonly problems: readonly Problem[]
}

/** Compiles all routes; serve with the outcome only when no problem is an error. `secret` stays the same over reloads. */
export function compileRoutes(settings: RoutingSettings, source: Located, secret: IdentitySecret): Compilation {
  const problems = new ProblemList(source)
  problems.addAll(checkIdentity(settings.identity))
  const routes = settings.routes.flatMap(written => compileRoute(written, settings, problems) ?? [])
  const fallback = compileFallback(settings, problems)
  for (const [one, other] of findTies(routes)) problems.add(['routes', other.name, 'match'], tieFlaw(one, other))
  const compiled = {
    router: new Router(routes, fallback),
    identification: new Identification(settings, secret),
    written: new Map([...settings.routes, settings.defaultRoute].map(route => [route.name, route])),
    settings,
  }
  for (const { path, flaw, code } of routeWarnings(compiled)) problems.add(path, flaw, { code, severity: 'warning' })
  return { compiled, problems: problems.all }
}

/** Collects problems with their places. */
class ProblemList {
  readonly #found = new Map<string, Problem>()
  readonly #source: Located

  constructor(source: Located) {
    this.#source = source
  }

  /** A key of `defaults` is read once for every route, but reported once. */
  add(path: KeyPath, flaw: TextFlaw, { code = 'routing', severity = 'error' }: Partial<Problem> = {}): void {
    const place = this.#source.locate(path, { of: 'value', offset: flaw.at })
    const problem = { code, severity, path, ...place, message: flaw.message, hint: flaw.hint }
    this.#found.set(`${place.line}:${place.column}:${flaw.message}`, problem)
  }

  addAll(findings: readonly IdentityFinding[]): void {
    for (const { path, message, hint, severity } of findings) {
      this.add(path, { message, hint, at: 0 }, { code: 'identity', severity })
    }
  }

  get all(): Problem[] {
    return [...this.#found.values()]
  }

  get errors(): number {
    return this.all.filter(isError).length
  }
}

function compileRoute(written: RouteSettings, settings: RoutingSettings, problems: ProblemList): Route | undefined {
  const path = ['routes', written.name] as const
  const match = compileMatch(written.match)
  if ('flaw' in match) {
    problems.add([...path, 'match'], match.flaw)
    return undefined
  }
  const before = problems.errors
  const route = assemble(written, match, { settings, problems })
  return problems.errors === before ? route : undefined
}

/** Takes whatever no route matches, so its conditions don't count. */
function compileFallback(settings: RoutingSettings, problems: ProblemList): Route {
  const parsed = parsePattern('/**')
  if ('flaw' in parsed) throw new Error(`the pattern of the default route: ${parsed.flaw.message}`)
  const match = { methods: undefined, pattern: parsed.pattern }
  return { ...assemble(settings.defaultRoute, match, { settings, problems }), when: [] }
}

interface Around {
  readonly settings: RoutingSettings
  readonly problems: ProblemList
}

function assemble(written: RouteSettings, { methods, pattern }: CompiledMatch, { settings, problems }: Around): Route {
  checkHost(written, problems)
  problems.addAll(checkSharing(written, pattern, settings))
  const known = [...pattern.parameters, ...settings.identity.parts.map(part => part.name)]
  const purge = written.purge.filter(tag => tag !== 'user')
  return {
    name: written.name,
    match: written.match,
    methods,
    pattern,
    when: compileConditions(written.when),
    cache: settings.mode === 'observe' && written.cache === 'on' ? 'observe' : written.cache,
    lifetime: lifetimeOf(written),
    requestDirectives: written.requestDirectives,
    ...sharingOf(written, settings),
    query: written.query,
    vary: [...new Set(written.vary.map(name => name.toLowerCase()))],
    body: written.body,
    setCookie: written.setCookie,
    tags: compileTags({ written, key: 'tags', known }, written.tags, problems),
    purge: compileTags({ written, key: 'purge', known }, purge, problems),
    purgeUser: purge.length < written.purge.length,
    client: written.client,
    compress: written.compress,
    timeout: written.timeout,
    verify: written.verify,
    fallback:
      written.fallback === undefined ? undefined : { ...written.fallback, body: Buffer.from(written.fallback.body) },
    store: written.store,
    refreshAhead: written.refreshAhead === 'on',
    keyPrefix: keyPrefix(written, settings),
    definition: definitionOf(written, settings),
  }
}

function sharingOf(written: RouteSettings, settings: RoutingSettings) {
  const { share, accepted, audit } = written
  return { share, accepted, audit, trust: trustOf(written), usesToken: usesToken(written, settings) }
}

/** Contract §2: the route's ttl, at most 5m. */
const LONGEST_TRUST = milliseconds(300_000)

function trustOf({ trust, ttl }: RouteSettings): Route['trust'] {
  return trust ?? milliseconds(Math.min(ttl ?? LONGEST_TRUST, LONGEST_TRUST))
}

/** Whether anything about the route rests on a verified token. */
function usesToken(written: RouteSettings, { identity }: RoutingSettings): boolean {
  if (written.accepted === 'token' || (written.audit && identity.audit?.kind === 'jwt')) return true
  const shared = written.share.kind === 'parts' ? written.share.parts : []
  const tags = [...written.tags, ...written.purge]
  return identity.parts.some(({ name, source }) => {
    return (
      source.kind === 'jwt' && (written.audit || shared.includes(name) || tags.some(tag => tag.includes(`{${name}}`)))
    )
  })
}

function lifetimeOf(written: RouteSettings): Route['lifetime'] {
  const { ttl, origin, heuristic, statuses, staleWhileRevalidate, staleIfError, jitter } = written
  return {
    ttl,
    origin,
    heuristic: heuristic === 'off' ? undefined : heuristic,
    statuses: statuses ?? new Map(),
    staleWhileRevalidate,
    staleIfError,
    jitter,
  }
}

function checkHost(written: RouteSettings, problems: ProblemList): void {
  const flaw = written.when?.host === undefined ? undefined : hostFlaw(written.when.host)
  if (flaw !== undefined) problems.add([...writtenAt(written, 'when'), 'host'], flaw)
}

interface TagList {
  readonly written: RouteSettings
  readonly key: 'tags' | 'purge'
  readonly known: readonly string[]
}

function compileTags({ written, key, known }: TagList, tags: readonly string[], problems: ProblemList): TagTemplate[] {
  const path = writtenAt(written, key)
  return tags.flatMap(tag => {
    const parsed = tag === 'user' ? { flaw: USER_IS_NO_TAG } : parseTag(tag, known)
    if ('template' in parsed) return [parsed.template]
    problems.add([...path, written[key].indexOf(tag)], parsed.flaw)
    return []
  })
}

const USER_IS_NO_TAG: TextFlaw = {
  message: '"user" is no tag: under `purge` it means everything stored for the caller',
  hint: 'choose another name, such as "users"',
  at: 0,
}

/** What decides sharing goes in as a digest, the name as it is; both of known length. */
function keyPrefix(written: RouteSettings, settings: RoutingSettings): string {
  const share = written.share.kind
  const deciding = {
    share: written.share,
    vary: written.vary,
    user: share === 'user' || needsAcceptance(written.share) ? settings.identity.user : [],
    parts: written.share.kind === 'parts' ? partsOf(written.share.parts, settings.identity) : [],
    credentials: share === 'auto' ? [...settings.credentials].sort() : [],
  }
  const digest = createHash('sha256').update(JSON.stringify(deciding)).digest('base64url').slice(0, 22)
  return `${written.name.length}:${written.name}${digest}`
}

/** Claims of another issuer are other claims. */
function partsOf(names: readonly string[], { parts, jwt }: RoutingSettings['identity']): unknown[] {
  const own = parts.filter(({ name }) => names.includes(name))
  return own.some(({ source }) => source.kind === 'jwt') ? [...own, jwt?.issuer, jwt?.audience] : own
}

/** What the file says of the route, defaults included; where it says so doesn't matter. */
function definitionOf({ writtenIn: _, ...policy }: RouteSettings, settings: RoutingSettings): string {
  const said = {
    ...policy,
    statuses: [...(policy.statuses ?? [])],
    sharing: keyPrefix({ ...policy, writtenIn: _ }, settings),
  }
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 22)
}

function tieFlaw(one: Route, other: Route): TextFlaw {
  const methods = sharedMethods(one, other)
  const taken = methods === 'all' || methods === undefined ? 'any method' : methods.join('|')
  const when = one.when.length === 0 ? '' : `, under \`when\` ${one.when.map(describeCondition).join(', ')}`
  return {
    message: `routes \`${one.name}\` and \`${other.name}\` tie: both take ${taken} ${other.pattern.text}${when}`,
    hint: 'make one of them more specific: a literal segment, a method of its own, or a `when` condition',
    at: 0,
  }
}
