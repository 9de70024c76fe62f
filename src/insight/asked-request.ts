// Which request does somebody mean who writes a method, a URL and some header lines?
//
// The presented request that the proxy would see, without anything being sent: scheme and
// host from the URL, or from a Host line, or `http://localhost` for a bare path. The
// fragment goes, as it never reaches a server. Nothing is repaired: what the proxy would
// refuse is refused here, with the reason.

import { type Fields, fieldLines, hasField } from '../http/fields.ts'
import { isToken } from '../http/list-syntax.ts'
import type { PresentedRequest } from '../http/message.ts'
import { hasForbiddenPath, parseAuthority } from '../http/uri.ts'

export interface AskedRequest {
  readonly method: string
  /** Absolute, or path and query. */
  readonly url: string
  readonly fields: Fields
}

const URL_PARTS = /^(?:(https?):\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/is

/** The request, or one sentence that says why the proxy would never route it. */
export function presentedRequest(asked: AskedRequest): PresentedRequest | string {
  const { method, url, fields } = asked
  const [, written, authority, rest = '', query] = URL_PARTS.exec(url) ?? []
  const scheme = written?.toLowerCase() === 'https' ? 'https' : 'http'
  const path = rest === '' && written !== undefined ? '/' : rest
  const named = fieldLines(fields, 'host').at(-1) ?? authority ?? 'localhost'
  const host = parseAuthority(named, scheme)
  if (!isToken(method)) return `"${method}" is no method`
  if (host === undefined) return `"${named}" is no host`
  return pathRefusal(path, query) ?? { method, scheme, host, path, query, fields, hasBody: announcesContent(fields) }
}

function pathRefusal(path: string, query: string | undefined): string | undefined {
  if (!path.startsWith('/')) return `"${path}" is no URL: it begins with neither "http://", "https://" nor "/"`
  const foreign = /[^\x21-\x7e]/u.exec(query === undefined ? path : `${path}?${query}`)?.[0]
  if (foreign !== undefined)
    return `"${foreign}" can't stand in a URL; write ${encodeURIComponent(foreign.toWellFormed())}`
  return hasForbiddenPath(path)
    ? `the path ${path} is answered 400: it holds a dot segment, %00 or a backslash`
    : undefined
}

function announcesContent(fields: Fields): boolean {
  return (
    hasField(fields, 'transfer-encoding') || fieldLines(fields, 'content-length').some(length => Number(length) > 0)
  )
}
