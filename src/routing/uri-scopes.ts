// By which URI text can a stored response be purged?
//
// A stored response is named by `scheme://host/path?query` with the query of its key, for
// that is the resource the origin was asked for. Whoever invalidates or purges a URL knows
// neither route nor rule, so its query is reduced in every way that a route of this path
// would reduce it: the texts are as many as there are different rules there. A prefix is a
// purge by `scheme://host/path` and needs nothing from here.

import type { PresentedRequest } from '../http/message.ts'
import { keyedQuery } from './query.ts'
import type { Route } from './route.ts'
import type { Router } from './router.ts'

export type UriParts = Pick<PresentedRequest, 'host' | 'path' | 'query'> & { readonly scheme: string }

/** The same resource under every scheme and host: what a purge by path alone means. */
export function withoutOrigin(uri: UriParts): UriParts {
  return { scheme: '', host: '', path: uri.path, query: uri.query }
}

/** What the response to this request is named by. */
export function storedUri(route: Route, request: UriParts): string {
  return uriText(request, keyedQuery(route.query, request.query))
}

/**
 * What a response is named by besides, whose origin calls other queries of this path
 * equivalent (No-Vary-Search): a purge of any of them means it. No URI holds a '#'.
 */
export function searchUri({ scheme, host, path }: UriParts): string {
  return `${scheme}://${host}${path}#`
}

/** Every text under which something for this URL may be stored, each once. */
export function purgedUris(router: Router, uri: UriParts): string[] {
  const texts = new Set<string>([searchUri(uri)])
  for (const route of [...router.matchingPath(uri.path), router.fallback]) texts.add(storedUri(route, uri))
  return [...texts]
}

function uriText({ scheme, host, path }: UriParts, query: string | undefined): string {
  return query === undefined ? `${scheme}://${host}${path}` : `${scheme}://${host}${path}?${query}`
}
