// By what names can stored responses be purged?
//
// A scope is one such name: a tag, a URI, a URI prefix, a route, a user, a group of an
// origin (RFC 9875), or everything. A stored response carries the scopes it belongs to;
// a purge names scopes. The first character tells the kinds apart, so no tag can ever
// pass for a URI. Prefixes and `everything` are never carried: they follow from the
// URI that is. News are carried by nothing: they tell other replicas something.

export type Scope = string & { readonly scope: true }

export const ALL_SCOPE = '*' as Scope

export const tagScope = (tag: string): Scope => `t${tag}` as Scope

/** `uri` is `scheme://host/path` with `?query` where there is one, as the cache key has it. */
export const uriScope = (uri: string): Scope => `u${uri}` as Scope

/** Names `uri` itself and every URI that goes on from it with '/' or '?'. A trailing '/' is left out. */
export const prefixScope = (uri: string): Scope => `p${uri.endsWith('/') ? uri.slice(0, -1) : uri}` as Scope

export const routeScope = (route: string): Scope => `r${route}` as Scope

/** `user` is the keyed digest of a caller's credentials, never the credentials. */
export const userScope = (user: string): Scope => `i${user}` as Scope

/** All users at once. */
export const ALL_USERS_SCOPE = 'i' as Scope

/** What one user has of one route. */
export const userOnRouteScope = (user: string, route: string): Scope => userScope(`${user} ${route}`)

/** The user named, and the one route if it is about one only; undefined for what is no user's scope, or all users'. */
export function parseUserScope(scope: Scope): { user: string; route: string | undefined } | undefined {
  if (!isUser(scope) || scope === ALL_USERS_SCOPE) return undefined
  const [user = '', ...route] = scope.slice(1).split(' ')
  return { user, route: route.length === 0 ? undefined : route.join(' ') }
}

/** Something that every replica has to learn, the sooner the better, and whoever was away too. */
export const newsScope = (kind: NewsKind, text: string): Scope => `n${kind[0]}${text}` as Scope

/** The text of news of this kind. */
export function parseNews(scope: Scope, kind: NewsKind): string | undefined {
  return scope.startsWith(`n${kind[0]}`) ? scope.slice(2) : undefined
}

type NewsKind = 'token' | 'quarantine'

/** A cache group of one origin (`scheme://host`), RFC 9875 §2: equal names of other origins are other groups. */
export const groupScope = (origin: string, group: string): Scope => `g${origin} ${group}` as Scope

export const isPrefix = (scope: Scope): boolean => scope.charCodeAt(0) === 0x70
export const isUser = (scope: Scope): boolean => scope.charCodeAt(0) === 0x69
const isUri = (scope: Scope): boolean => scope.charCodeAt(0) === 0x75

/**
 * Calls `visit` with every prefix scope that would name a response carrying `scopes`,
 * shortest first, until it returns true. The first is the origin (`scheme://host`).
 */
export function somePrefix(scopes: readonly Scope[], visit: (prefix: Scope) => boolean): boolean {
  for (const scope of scopes) {
    if (isUri(scope) && somePrefixOf(scope.slice(1), visit)) return true
  }
  return false
}

function somePrefixOf(uri: string, visit: (prefix: Scope) => boolean): boolean {
  const query = uri.indexOf('?')
  const pathEnd = query === -1 ? uri.length : query
  for (
    let end = uri.indexOf('/', uri.indexOf('://') + 3);
    end !== -1 && end < pathEnd;
    end = uri.indexOf('/', end + 1)
  ) {
    if (visit(`p${uri.slice(0, end)}` as Scope)) return true
  }
  return visit(`p${uri.slice(0, pathEnd)}` as Scope) || (query !== -1 && visit(`p${uri}` as Scope))
}

/** Whether a purge of `named` concerns a stored response that carries `carried`. */
export function namesAny(named: ReadonlySet<Scope>, carried: readonly Scope[]): boolean {
  if (named.has(ALL_SCOPE)) return true
  return carried.some(scope => named.has(scope)) || somePrefix(carried, prefix => named.has(prefix))
}
