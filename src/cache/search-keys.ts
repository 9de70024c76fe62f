// Under which key is a response whose origin calls some queries equivalent?
//
// No-Vary-Search: the newest stored response of a path says which differences between
// queries mean nothing. Until one says so the key holds the query as it is; from then on
// it holds the one form that equivalent queries share, and the rule itself, so that what
// was stored under another rule is never found. What is remembered is bounded; a rule
// that was forgotten costs a forward request, never a wrong response. Flights go by the
// plain key: nobody waits for a response on the strength of the one before it.

import { BoundedMap } from '../base/bounded-map.ts'
import type { Fields } from '../http/fields.ts'
import { canonicalQuery, type SearchVariance, searchVariance } from '../http/no-vary-search.ts'
import { cacheKey } from '../routing/cache-key.ts'
import { keyedQuery } from '../routing/query.ts'
import type { CacheKey } from '../store/store.ts'
import type { RoutedRequest } from './routed-request.ts'

/** What a key is made of. */
export type Searched = Pick<RoutedRequest, 'route' | 'request' | 'sharing' | 'key'>

/** Paths (and callers) whose rule is remembered. */
const MOST_RULES = { keys: 10_000, characters: 2_000_000 }

export class SearchKeys {
  /** By the key without its query. */
  readonly #rules = new BoundedMap<SearchVariance>(MOST_RULES)

  /** The key to look for. */
  keyOf(routed: Searched): CacheKey {
    if (this.#rules.size === 0) return routed.key
    const base = withoutQuery(routed)
    const rule = this.#rules.get(base)
    return rule === undefined ? routed.key : variedKey(routed, base, rule)
  }

  /** The key to store a response with these fields under; later requests go by what it says. */
  learn(routed: Searched, response: Fields): CacheKey {
    const rule = searchVariance(response)
    if (rule === undefined && this.#rules.size === 0) return routed.key
    const base = withoutQuery(routed)
    if (rule === undefined) {
      this.#rules.delete(base)
      return routed.key
    }
    this.#rules.set(base, rule)
    return variedKey(routed, base, rule)
  }
}

function withoutQuery({ route, request, sharing }: Searched): CacheKey {
  return cacheKey(route, { ...keyed(request), query: undefined }, sharing.caller)
}

/** Field by field: a presented request may be an object whose properties are getters. */
function keyed({ method, scheme, host, path, fields, bodyDigest }: Searched['request']) {
  return { method, scheme, host, path, fields, ...(bodyDigest === undefined ? {} : { bodyDigest }) }
}

function variedKey({ route, request }: Searched, base: CacheKey, rule: SearchVariance): CacheKey {
  const form = canonicalQuery(keyedQuery(route.query, request.query), rule)
  const text = ruleText(rule)
  return `${base}n${text.length}:${text}${form}` as CacheKey
}

/** Equal for equal rules alone. */
function ruleText({ order, ignored }: SearchVariance): string {
  const [kind, names] = 'only' in ignored ? ['only', ignored.only] : ['except', ignored.except]
  return JSON.stringify([order, kind, [...names].sort()])
}
