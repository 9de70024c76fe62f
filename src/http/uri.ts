// Which host, path and target do these characters name?
//
// Authorities (RFC 3986 §3.2, RFC 9110 §4.2, §7.2), paths that a proxy must not pass on,
// and references in Location and Content-Location (RFC 3986 §5.2). Written out instead
// of `new URL`, which repairs what it is given: it unescapes, lower-cases, turns
// backslashes round and drops control bytes, and then two parties see two paths.

import type { PresentedRequest } from './message.ts'

const REG_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+$/
const PORT = /^\d{0,5}$/
const DEFAULT_PORTS = { http: 80, https: 443 } as const

/**
 * A Host field's value in one form: lower case, without the scheme's default port.
 *
 * Undefined where it is empty or invalid: user information, a comma (two hosts in one),
 * a port over 65535, a bracket that holds no IPv6 address.
 */
export function parseAuthority(text: string, scheme: 'http' | 'https' = 'http'): string | undefined {
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(text)
  const host = parts?.[1] ?? ''
  const port = parts?.[2] ?? ''
  if (!PORT.test(port) || Number(port) > 65535) return undefined
  const valid = host.startsWith('[') ? isIpv6(host.slice(1, -1)) : REG_NAME.test(host)
  if (!valid) return undefined
  const number = Number(port)
  const spoken = port === '' || number === DEFAULT_PORTS[scheme] ? '' : `:${number}`
  return host.toLowerCase() + spoken
}

/** An IPv6 address without zone (RFC 3986 §3.2.2): eight groups, or fewer around one `::`; the last two may be an IPv4 address. */
export function isIpv6(text: string): boolean {
  if (!text.includes(':')) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map(half => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)?.at(-1)
  const embedded = last !== undefined && isIpv4(last)
  const hex = embedded ? groups.flat().slice(0, -1) : groups.flat()
  if (!hex.every(group => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  const count = hex.length + (embedded ? 2 : 0)
  return halves.length === 2 ? count < 8 : count === 8
}

/** Four decimal octets without leading zeros. */
export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)
}

/**
 * Whether a path is refused: a control byte, `%00`, a backslash, or a dot segment, also
 * where its dots or the slashes and backslashes round it are percent-encoded.
 */
export function hasForbiddenPath(path: string): boolean {
  for (let at = 0; at < path.length; at += 1) {
    const code = path.charCodeAt(at)
    if (code < 0x20 || code === 0x7f || code === 0x5c) return true
  }
  if (!path.includes('.') && !path.includes('%')) return false
  if (path.includes('%00')) return true
  const plain = path.replace(/%2e/gi, '.').replace(/%2f|%5c/gi, '/')
  return plain.split('/').some(segment => DOTS.test(segment))
}

/** Some servers take what follows a `;` for parameters of the segment, and see a dot segment before it. */
const DOTS = /^\.\.?(?:;|$)/

/** Where a relative reference starts from. */
export type BaseTarget = Pick<PresentedRequest, 'scheme' | 'host' | 'path' | 'query'>

const REFERENCE = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/

/** The target (`path?query`) a reference means, where it has the base's origin; undefined elsewhere (RFC 3986 §5.2.2). */
export function resolveSameOrigin(reference: string, base: BaseTarget): string | undefined {
  const [, scheme, authority, path = '', query] = REFERENCE.exec(reference.trim()) ?? []
  if (/[^\x21-\x7e\x80-\uffff]/.test(path + (query ?? '')) || reference.trim() === '') return undefined
  if (scheme !== undefined && (scheme.toLowerCase() !== base.scheme || authority === undefined)) return undefined
  if (authority !== undefined && parseAuthority(authority, base.scheme) !== base.host) return undefined
  if (authority !== undefined) return targetFrom(removeDotSegments(path === '' ? '/' : path), query)
  if (path === '') return targetFrom(base.path, query ?? base.query)
  const merged = path.startsWith('/') ? path : base.path.slice(0, base.path.lastIndexOf('/') + 1) + path
  return targetFrom(removeDotSegments(merged), query)
}

function targetFrom(path: string, query: string | undefined): string {
  return query === undefined ? path : `${path}?${query}`
}

/** RFC 3986 §5.2.4, for a path that begins with '/'. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  for (const [at, segment] of segments.entries()) {
    const dots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!dots) kept.push(segment)
    // A dot segment at the end leaves its slash behind.
    else if (at === segments.length - 1) kept.push('')
  }
  return `/${kept.join('/')}`
}
