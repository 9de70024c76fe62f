// How do several ranges travel in one response?
//
// multipart/byteranges (RFC 9110 §14.6). The boundary comes from the caller, who has
// randomness; it must not occur in the content. Only the octets between the parts are
// made here, so that content is never copied: write `partHead`, the octets, the next
// `partHead` … and `multipartEnd`. `multipartLength` is the Content-Length of all.

import { type Bytes, bytes } from '../base/units.ts'
import { type ByteRange, contentRange, rangeLength } from './range.ts'

export interface Multipart {
  /** Up to 70 characters of a token (RFC 2046 §5.1.1). */
  readonly boundary: string
  /** Content-Type of the representation; undefined where it has none. */
  readonly type: string | undefined
  /** Of the whole representation. */
  readonly length: Bytes
}

/** The Content-Type of the response. */
export function multipartType(multipart: Multipart): string {
  return `multipart/byteranges; boundary=${multipart.boundary}`
}

/** What goes before the octets of a range. */
export function partHead(multipart: Multipart, range: ByteRange): string {
  const type = multipart.type === undefined ? '' : `Content-Type: ${multipart.type}\r\n`
  return `\r\n--${multipart.boundary}\r\n${type}Content-Range: ${contentRange(range, multipart.length)}\r\n\r\n`
}

/** What goes after the octets of the last range. */
export function multipartEnd(multipart: Multipart): string {
  return `\r\n--${multipart.boundary}--\r\n`
}

/** How long the content of the response is. Heads are one octet a character, as field values are. */
export function multipartLength(multipart: Multipart, ranges: readonly ByteRange[]): Bytes {
  const parts = ranges.map(range => partHead(multipart, range).length + rangeLength(range))
  return bytes(parts.reduce((sum, part) => sum + part, multipartEnd(multipart).length))
}
