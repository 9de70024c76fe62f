// Which fields behind the content go on to the client?
//
// RFC 9110 §6.5: a trailer section holds what is known only once the content was made (a
// digest, a signature, a status). What frames, routes, authenticates, controls caching or
// tells how to read the content means nothing there, or harm: a recipient that merges
// trailers into the head would obey it (§6.5.1), so such fields are dropped. They are not
// stored (RFC 9111 §3.1 allows that): a hit has none. A request's end at Pillion.

import { type Fields, fieldLines, withoutFields } from './fields.ts'
import { CACHE_ONLY_FIELDS } from './groups.ts'
import { connectionOptions, endToEndFields } from './hop-by-hop.ts'
import { isToken, splitList } from './list-syntax.ts'

const NEVER_BEHIND: ReadonlySet<string> = new Set([
  ...CACHE_ONLY_FIELDS,
  'age',
  'authentication-info',
  'authorization',
  'cache-control',
  'cache-groups',
  'cache-group-invalidation',
  'cache-status',
  'cdn-cache-control',
  'clear-site-data',
  'content-encoding',
  'content-length',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'location',
  'max-forwards',
  'pragma',
  'proxy-status',
  'range',
  'retry-after',
  'set-cookie',
  'strict-transport-security',
  'vary',
  'via',
  'warning',
  'www-authenticate',
])

/** Of a trailer section, what may be sent on as one. */
export function passedTrailers(received: Fields): string[] {
  const passed: string[] = []
  const candidates = withoutFields(endToEndFields(received), NEVER_BEHIND)
  for (let at = 0; at < candidates.length; at += 2) {
    const [name, value] = [candidates[at] as string, candidates[at + 1] as string]
    if (mayTrail(name.toLowerCase()) && !hasControl(value)) passed.push(name, value)
  }
  return passed
}

/** The Trailer field that announces them, of a response's head; undefined where none is left. */
export function announcedTrailers(head: Fields): string | undefined {
  const nominated = new Set(connectionOptions(head))
  const names = fieldLines(head, 'trailer')
    .flatMap(line => splitList(line))
    .filter(name => !nominated.has(name.toLowerCase()) && passedTrailers([name, '']).length > 0)
  return names.length === 0 ? undefined : names.join(', ')
}

/** Names that speak to servers, proxies or gateways, by their prefixes. */
function mayTrail(name: string): boolean {
  return isToken(name) && !/^(?:if-|pillion-|access-control-|x-forwarded-|x-accel-)/.test(name)
}

/** The parser lets none through; a field with one would break the connection. */
function hasControl(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return true
  }
  return false
}
