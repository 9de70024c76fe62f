// What does the rest of Pillion get to see of the configuration?
//
// Complete values with units: defaults filled in, `defaults` merged under each route,
// relative file names made absolute, the credential list spelt out. Each route also
// carries where each of its keys was written, because `explain` says so. Nothing here
// changes after loading; a reload makes a new one.

import { dirname, resolve } from 'node:path'
import type { UpstreamUrl } from './addresses.ts'
import type { IdentityRules, PartSource } from './identity-schema.ts'
import { builtInPolicy, ROUTE_KEYS, type RouteKey, type RoutePolicy, type WrittenPolicy } from './route-schema.ts'
import type { FileSettings } from './schema.ts'

/** Where a route's key was written. */
type WrittenIn = 'route' | 'defaults' | 'default'

export interface RouteSettings extends RoutePolicy {
  /** Its name in the file; `default` for what no route matches. */
  readonly name: string
  /** As written; the `default` route's is `/**`. */
  readonly match: string
  readonly writtenIn: Readonly<Record<RouteKey, WrittenIn>>
}

/** What routing needs; there even where other parts of the file are in error, so that all problems are found at once. */
export interface RoutingSettings {
  /** In the order of the file, which means nothing. */
  readonly routes: readonly RouteSettings[]
  /** What holds where no route matches: `defaults` alone. */
  readonly defaultRoute: RouteSettings
  readonly identity: IdentityRules
  /** Field names in lower case, a trailing `*` matches any rest. */
  readonly credentials: readonly string[]
  readonly expect: readonly string[]
  /** `observe`: routes with `cache: on` observe. */
  readonly mode: FileSettings['mode']
}

type Replaced = 'upstream' | 'defaults' | 'routes' | keyof RoutingSettings

export interface Settings extends Readonly<Omit<FileSettings, Replaced>>, RoutingSettings {
  readonly upstream: Readonly<Omit<FileSettings['upstream'], 'url'>> & { readonly url: UpstreamUrl }
  readonly store: Readonly<FileSettings['store']>
}

const CREDENTIALS = (
  'authorization cookie x-api-key x-auth-token x-access-token x-remote-user x-forwarded-user x-forwarded-email ' +
  'x-auth-request-* x-forwarded-client-cert x-ssl-client-*'
).split(' ')

export function routingSettings(file: FileSettings): RoutingSettings {
  const defaults = file.defaults as WrittenPolicy
  const builtIn = builtInPolicy()
  const routes = Object.entries(file.routes).map(([name, written]) => {
    const { match, ...policy } = written as { match: string } & WrittenPolicy
    return routeOf({ name, match }, policy, { defaults, builtIn })
  })
  const defaultRoute = routeOf({ name: 'default', match: '/**' }, {}, { defaults, builtIn })
  const { identity, expect, mode } = file
  return { routes, defaultRoute, identity, credentials: credentialsOf(file), expect, mode }
}

interface Beneath {
  readonly defaults: WrittenPolicy
  readonly builtIn: RoutePolicy
}

function routeOf(
  about: { name: string; match: string },
  policy: WrittenPolicy,
  { defaults, builtIn }: Beneath,
): RouteSettings {
  const place = (key: RouteKey): WrittenIn => {
    if (policy[key] !== undefined) return 'route'
    return defaults[key] === undefined ? 'default' : 'defaults'
  }
  const writtenIn = Object.fromEntries(ROUTE_KEYS.map(key => [key, place(key)])) as Record<RouteKey, WrittenIn>
  return { ...builtIn, ...present(defaults), ...present(policy), ...about, writtenIn }
}

function present(policy: WrittenPolicy): WrittenPolicy {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined))
}

function credentialsOf(file: FileSettings): readonly string[] {
  if (file.credentials !== 'default') return file.credentials
  const { user, parts } = file.identity
  const sources: PartSource[] = [...user, ...parts.map(part => part.source)]
  const named = sources.map(({ kind, name }) =>
    kind === 'header' ? name : kind === 'cookie' ? 'cookie' : 'authorization',
  )
  return [...new Set([...CREDENTIALS, ...named])]
}

/** The name in `identity.jwt.file` likewise (see `absoluteTls`). */
export function absoluteKeyFile(identity: IdentityRules, file: string | undefined): IdentityRules {
  const { jwt } = identity
  if (jwt?.file === undefined) return identity
  return { ...identity, jwt: { ...jwt, file: resolve(file === undefined ? '.' : dirname(file), jwt.file) } }
}

/** File names in `upstream.tls` count from the configuration's folder, so that it can be started from anywhere. */
export function absoluteTls(
  tls: FileSettings['upstream']['tls'],
  file: string | undefined,
): FileSettings['upstream']['tls'] {
  const base = file === undefined ? '.' : dirname(file)
  const absolute = (name: string | undefined) => (name === undefined ? undefined : resolve(base, name))
  return { ...tls, ca: absolute(tls.ca), cert: absolute(tls.cert), key: absolute(tls.key) }
}
