// What is a request, what is a response, before anybody reasons about them?
//
// Facts only: what came off the wire, split into the parts of RFC 9110 §7.1 and §15.
// Path and query are byte for byte what the client sent (routing, key and origin see
// the same bytes); scheme and host are as forwarded by a trusted proxy, else as received.

import type { EpochMs } from '../base/units.ts'
import type { Fields } from './fields.ts'

export interface RequestHead {
  readonly method: string
  readonly fields: Fields
}

/** The request as the client presented it (RFC 9111 §4). */
export interface PresentedRequest extends RequestHead {
  readonly scheme: 'http' | 'https'
  /** Host and optional port, lower case, default port removed. */
  readonly host: string
  /** Path as received, beginning with '/'. */
  readonly path: string
  /** Query as received without '?'; undefined where there is no '?', '' for a bare one. */
  readonly query: string | undefined
  /** Present where the client speaks HTTP/1.0; for Via. */
  readonly version?: '1.0'
  /** True when content is announced (Content-Length > 0 or Transfer-Encoding). */
  readonly hasBody: boolean
  /** Digest of the content, where the route keys on it (`body: true`); never the content. */
  readonly bodyDigest?: string
}

export interface ResponseHead {
  readonly status: number
  readonly fields: Fields
}

/** The instants of one exchange with the origin (RFC 9111 §4.2.3). */
export interface ResponseTimes {
  /** When the request left. */
  readonly requestTime: EpochMs
  /** When the head arrived. */
  readonly responseTime: EpochMs
}

/** A response head whose instants are known: what age, freshness and validators are reckoned from. */
export interface StoredHead extends ResponseHead, ResponseTimes {
  /** Date of the response as received, or `responseTime` where it was missing or unreadable. */
  readonly date: EpochMs
}

/** `path?query` as it goes on the wire. */
export function targetOf(request: Pick<PresentedRequest, 'path' | 'query'>): string {
  return request.query === undefined ? request.path : `${request.path}?${request.query}`
}
