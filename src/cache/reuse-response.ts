// How is a stored response given to a client?
//
// Preconditions first (RFC 9110 §13.2.2: a 304 or 412 stands in for the 200), then
// ranges (§14), then head and content. The stored Date stays; Age is what it is now.
// Everything said to the client about caching is said here and in client-fields.ts.

import { randomBytes } from 'node:crypto'
import { type Bytes, bytes, type Milliseconds } from '../base/units.ts'
import { ageValue } from '../http/age.ts'
import { type CacheStatusFacts, formatCacheStatus } from '../http/cache-status.ts'
import { type Fields, fieldValue, withoutFields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import { multipartEnd, multipartType, partHead } from '../http/multipart-byteranges.ts'
import { evaluatePreconditions, rangeApplies, representationOf } from '../http/preconditions.ts'
import { type ByteRange, contentRange, rangeOf, resolveRanges, unsatisfiedContentRange } from '../http/range.ts'
import { notModifiedFields } from '../http/validation.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { clientFields } from './client-fields.ts'
import type { RoutedRequest } from './routed-request.ts'

export interface Reuse {
  readonly stored: StoredResponse
  /** What is left of its freshness; negative when stale. */
  readonly remaining: Milliseconds
  readonly age: Milliseconds
  readonly status: CacheStatusFacts
  /** The origin answered this very request: Age is only what it said itself (RFC 9111 §5.1). */
  readonly firstHand?: boolean
}

interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer | null
}

/** Answers the exchange from a stored response. */
export function reuseResponse(routed: RoutedRequest, reuse: Reuse): void {
  const answer = answerFrom(routed, reuse)
  const body = routed.request.method === 'HEAD' ? null : answer.body
  routed.exchange.respond(answer.head, body)
}

function answerFrom(routed: RoutedRequest, reuse: Reuse): Answer {
  const { request } = routed
  const { stored } = reuse
  const fields = reusedFields(routed, reuse)
  if (stored.status !== 200) return whole(stored.status, fields, stored.body)
  const selected = representationOf(stored)
  switch (evaluatePreconditions(request, selected)) {
    case 'not-modified':
      return { head: { status: 304, fields: notModifiedFields(fields) }, body: null }
    case 'precondition-failed':
      return {
        head: { status: 412, fields: [...notModifiedFields(fields), 'Content-Length', '0'] },
        body: Buffer.alloc(0),
      }
    case 'perform': {
      const range =
        request.method === 'GET' && rangeApplies(request.fields, selected) ? rangeOf(request.fields) : undefined
      return range === undefined ? whole(200, fields, stored.body) : ranged(range, fields, stored.body)
    }
  }
}

/** The client's fields of a stored response: Age, our member of Cache-Status, and what the route says about caching. */
export function reusedFields(routed: RoutedRequest, reuse: Reuse): string[] {
  const received = reuse.firstHand === true ? reuse.stored.fields : withoutFields(reuse.stored.fields, AGE)
  const fields = clientFields(routed.route, received, {
    remaining: reuse.remaining,
    status: formatCacheStatus(reuse.status),
    stored: true,
  })
  if (reuse.firstHand !== true) fields.push('Age', ageValue(reuse.age))
  return fields
}

const AGE: ReadonlySet<string> = new Set(['age'])
const LENGTH: ReadonlySet<string> = new Set(['content-length'])
const LENGTH_AND_TYPE: ReadonlySet<string> = new Set(['content-length', 'content-type'])
const NO_CONTENT: ReadonlySet<number> = new Set([204, 304])

function whole(status: number, fields: Fields, body: Buffer): Answer {
  if (NO_CONTENT.has(status)) return { head: { status, fields }, body: null }
  return { head: { status, fields: [...withoutFields(fields, LENGTH), 'Content-Length', String(body.length)] }, body }
}

function ranged(range: string, fields: Fields, body: Buffer): Answer {
  const length = bytes(body.length)
  const resolved = resolveRanges(range, length)
  if (resolved.kind === 'ignore') return whole(200, fields, body)
  const plain = withoutFields(fields, LENGTH)
  if (resolved.kind === 'unsatisfiable') {
    const unsatisfied = [...withoutFields(fields, LENGTH_AND_TYPE), 'Content-Range', unsatisfiedContentRange(length)]
    return { head: { status: 416, fields: [...unsatisfied, 'Content-Length', '0'] }, body: Buffer.alloc(0) }
  }
  const [only, ...more] = resolved.ranges as [ByteRange, ...ByteRange[]]
  if (more.length > 0) return severalParts(resolved.ranges, plain, body)
  const part = body.subarray(only.first, only.last + 1)
  const head = [...plain, 'Content-Range', contentRange(only, length), 'Content-Length', String(part.length)]
  return { head: { status: 206, fields: head }, body: part }
}

function severalParts(ranges: readonly ByteRange[], fields: Fields, body: Buffer): Answer {
  const multipart = {
    boundary: randomBytes(18).toString('hex'),
    type: fieldValue(fields, 'content-type'),
    length: bytes(body.length) as Bytes,
  }
  const pieces: Buffer[] = []
  for (const range of ranges) {
    pieces.push(Buffer.from(partHead(multipart, range), 'latin1'), body.subarray(range.first, range.last + 1))
  }
  pieces.push(Buffer.from(multipartEnd(multipart), 'latin1'))
  const content = Buffer.concat(pieces)
  const head = [...withoutFields(fields, LENGTH_AND_TYPE), 'Content-Type', multipartType(multipart)]
  return { head: { status: 206, fields: [...head, 'Content-Length', String(content.length)] }, body: content }
}
