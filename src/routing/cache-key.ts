// Under which key is the response to this request stored?
//
// Contract §3: route and the digest of what decides sharing there; method (HEAD as GET);
// scheme and host as forwarded; path as forwarded; kept query parameters sorted stably by
// name; the route's `vary` fields; identity; body digest. Every part is preceded by its
// length or by a mark that it is absent, so distinct inputs can't meet in one key
// (invariant 3). Built from strings at hand: no hashing on the way of a hit.

import { fieldValue } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { keyedQuery } from './query.ts'
import type { Route } from './route.ts'

/** The same brand as the store's: rooms of one rank don't import each other. */
export type CacheKey = string & { readonly cacheKey: true }

/** What the key takes from the request; `fields` only where the route has `vary`. */
export type KeyedRequest = Pick<
  PresentedRequest,
  'method' | 'scheme' | 'host' | 'path' | 'query' | 'fields' | 'bodyDigest'
>

/** The key; `caller` is the digest that identity gave, undefined for a response that is shared. */
export function cacheKey(route: Route, request: KeyedRequest, caller: string | undefined): CacheKey {
  const { method, scheme, host, path } = request
  const spoken = method === 'HEAD' ? 'GET' : method
  const query = keyedQuery(route.query, request.query)
  let key = `${route.keyPrefix}${spoken.length}:${spoken}${scheme === 'https' ? 's' : 'p'}`
  key += `${host.length}:${host}${path.length}:${path}${part(query)}`
  for (const name of route.vary) key += part(fieldValue(request.fields, name))
  return (key + part(caller) + part(route.body ? request.bodyDigest : undefined)) as CacheKey
}

/** No length begins with '-', so absent and empty differ. */
function part(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`
}
