// Which fields end at this hop, and which may never be stored?
//
// RFC 9110 §7.6.1: Connection and what it names, and the fields that concern one
// connection, go no further; RFC 9111 §3.1: neither are they stored, nor what speaks to
// a proxy alone, nor fields named by a qualified no-cache or private. TE and Trailer end
// here too: which trailers are passed on is told in trailers.ts. Deviation: Connection can't remove the fields
// that framing, caching and sharing are decided by (docs/decisions/0006: a sender must
// not name them, §7.6.1, and dropping a Vary or a Cache-Control would widen reuse).

import type { CacheDirectives } from './cache-control.ts'
import { type Fields, fieldLines, withoutFields } from './fields.ts'
import { isToken, splitList } from './list-syntax.ts'

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const NOT_TO_BE_NOMINATED: ReadonlySet<string> = new Set([
  'age',
  'cache-control',
  'cdn-cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'host',
  'last-modified',
  'pillion-cache-control',
  'set-cookie',
  'vary',
  'via',
])

/** Options of Connection, lower case: `close`, `upgrade`, or names of fields. */
export function connectionOptions(fields: Fields): string[] {
  return fieldLines(fields, 'connection')
    .flatMap(line => splitList(line))
    .map(option => option.toLowerCase())
}

function hopByHopNames(fields: Fields): ReadonlySet<string> {
  const options = connectionOptions(fields).filter(option => isToken(option) && !NOT_TO_BE_NOMINATED.has(option))
  return options.length === 0 ? HOP_BY_HOP : new Set([...HOP_BY_HOP, ...options])
}

/** What is passed on of a request or a response. */
export function endToEndFields(fields: Fields): string[] {
  return withoutFields(fields, hopByHopNames(fields))
}

/** Names that may not be stored of this response, lower case (RFC 9111 §3.1, §5.2.2.4, §5.2.2.7). */
export function unstoredNames(fields: Fields, directives: CacheDirectives): ReadonlySet<string> {
  const named = [...directives.noCacheFields, ...directives.privateFields]
  const hop = hopByHopNames(fields)
  return named.length === 0 ? hop : new Set([...hop, ...named])
}

/** What is stored of a response's fields. Set-Cookie is left out in any case: it is one client's. */
export function storedFields(fields: Fields, directives: CacheDirectives): string[] {
  return withoutFields(withoutFields(fields, unstoredNames(fields, directives)), SET_COOKIE)
}

/** What of a response's fields is for the one client whose request brought it: Set-Cookie, and what qualified directives name. */
export function oneClientsFields(fields: Fields, directives: CacheDirectives): string[] {
  const named = new Set(['set-cookie', ...directives.noCacheFields, ...directives.privateFields])
  return endToEndFields(fields).filter((_, at, all) => named.has((all[at - (at % 2)] as string).toLowerCase()))
}

const SET_COOKIE: ReadonlySet<string> = new Set(['set-cookie'])
