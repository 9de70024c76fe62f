// What does a client's response head say besides what the origin said?
//
// Via, our member of Cache-Status behind the origin's own, and the Cache-Control that
// the route's `client` rule makes of it. Fields that speak to this cache alone are taken
// out. Hop-by-hop fields were taken out when the response arrived.

import { type Milliseconds, milliseconds, toSeconds } from '../base/units.ts'
import { type Fields, hasField, withField, withoutFields } from '../http/fields.ts'
import { withVia } from '../http/forwarding.ts'
import { CACHE_ONLY_FIELDS } from '../http/groups.ts'
import type { ClientRule, Route } from '../routing/route.ts'

export interface ClientFacts {
  /** What is left of its freshness here. */
  readonly remaining: Milliseconds
  /** Our member of Cache-Status. */
  readonly status: string
  /** It is in the store, so that `ttl` may have made it fresh. */
  readonly stored: boolean
}

const CACHING: ReadonlySet<string> = new Set(['cache-control', 'expires', 'pragma'])
const IMMUTABLE = 'public, max-age=31536000, immutable'

export function clientFields(route: Route, received: Fields, facts: ClientFacts): string[] {
  const passed = withVia(withoutFields(received, CACHE_ONLY_FIELDS))
  const control = clientCacheControl(route, received, facts)
  const fields = control === undefined ? passed : withField(withoutFields(passed, CACHING), 'Cache-Control', control)
  fields.push('Cache-Status', facts.status)
  return fields
}

/** The Cache-Control to send instead of the origin's; undefined: leave it as it came (contract §2 `client`). */
function clientCacheControl(route: Route, received: Fields, facts: ClientFacts): string | undefined {
  if (!facts.stored && route.client.kind !== 'off') return undefined
  return ruledCacheControl(route.client, route.share.kind === 'everyone', () => originControl(route, received, facts))
}

function ruledCacheControl(
  rule: ClientRule,
  everyone: boolean,
  otherwise: () => string | undefined,
): string | undefined {
  switch (rule.kind) {
    case 'origin':
      return undefined
    case 'off':
      return 'no-cache'
    case 'immutable':
      return IMMUTABLE
    case 'duration':
      return `${everyone ? 'public' : 'private'}, max-age=${toSeconds(rule.maxAge)}`
    case 'literal':
      return rule.value
    case 'default':
      return otherwise()
  }
}

/** Where the origin said nothing and `ttl` made it fresh, the browser asks here: a 304 costs the origin nothing. */
function originControl(route: Route, received: Fields, facts: ClientFacts): string | undefined {
  const silent = !hasField(received, 'cache-control') && !hasField(received, 'expires')
  if (!silent || route.lifetime.ttl === undefined) return undefined
  if (route.share.kind !== 'everyone') return 'private, no-cache'
  return `public, max-age=${toSeconds(milliseconds(Math.max(0, facts.remaining)))}`
}
