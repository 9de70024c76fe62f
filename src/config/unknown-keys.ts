// What should be said about a key that isn't in the schema?
//
// The most useful of these, in this order: that version 1 doesn't have it on purpose
// (contract §1), that another key of this section was meant, that it belongs into
// another section, or which keys there are. Silence is never an answer.

import type { z } from 'zod'
import { childOf, keysOf } from './keys.ts'
import type { KeyPath } from './problems.ts'
import { suggest } from './suggest.ts'

const NOT_IN_VERSION_1: readonly { readonly under: RegExp; readonly keys: RegExp; readonly hint: string }[] = [
  {
    under: /^upstream\.tls$/,
    keys: /^(verify|insecure\w*|skip\w*|rejectUnauthorized)$/i,
    hint: "verification of the upstream's certificate cannot be turned off; name its authority in `ca`",
  },
  {
    under: /^(|listen|admin)$/,
    keys: /^(tls|ssl|https|http2|h2|certificates?)$/i,
    hint: 'TLS and HTTP/2 on the listener are not in version 1; an ingress or mesh does that',
  },
  {
    under: /^upstream$/,
    keys: /^(urls|servers|addresses|targets|backends|endpoints|hosts|balance|loadBalanc\w+|weights?)$/i,
    hint: 'load balancing over several addresses is not in version 1; set one `url`',
  },
  {
    under: /^(|upstream)$/,
    keys: /^health_?checks?$/i,
    hint: 'active health checks are not in version 1; `upstream.breaker` watches real requests',
  },
  { under: /^(|defaults|routes\..*|limits)$/, keys: /^rate_?limit\w*$/i, hint: 'rate limits are not in version 1' },
  {
    under: /^(|defaults|routes\..*)$/,
    keys: /^cors$/i,
    hint: 'a CORS policy is not in version 1; the origin answers for itself',
  },
]

/** The hint for `key` under `path`. `looksLikeRoute`: its value is a map with a `match`. */
export function hintForUnknownKey(
  root: z.ZodType,
  path: KeyPath,
  unknown: { key: string; looksLikeRoute: boolean },
): string {
  const { key, looksLikeRoute } = unknown
  const under = path.join('.')
  const planned = NOT_IN_VERSION_1.find(entry => entry.under.test(under) && entry.keys.test(key))
  if (planned !== undefined) return planned.hint
  const known = keysOf(schemaAt(root, path) ?? root)
  const meant = suggest(key, known)
  if (meant !== undefined) return `did you mean \`${meant}\`?`
  if (path.length === 0 && looksLikeRoute) return 'put routes under `routes`'
  const elsewhere = sectionsWith(root, key).filter(section => section !== under)
  if (elsewhere.length > 0) return `\`${key}\` belongs under ${elsewhere.map(section => `\`${section}\``).join(' or ')}`
  return `keys here: ${known.join(', ')}`
}

export function schemaAt(root: z.ZodType, path: KeyPath): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((schema, part) => schema && childOf(schema, part), root)
}

function sectionsWith(root: z.ZodType, key: string): string[] {
  const top = keysOf(root).flatMap(name => {
    const section = childOf(root, name) as z.ZodType
    if (name === 'routes') return keysOf(childOf(section, 'NAME') as z.ZodType).includes(key) ? ['routes.NAME'] : []
    return keysOf(section).includes(key) ? [name] : []
  })
  return keysOf(root).includes(key) ? ['the top of the file', ...top] : top
}
