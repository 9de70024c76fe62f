// How is a stored response given to a client?
//
// Preconditions first (RFC 9110 §13.2.2: a 304 or 412 stands in for the 200), then
// ranges (§14), then head and content, in the coding that the client takes. The stored Date stays; Age is what it is now.
// Everything said to the client about caching is said here and in client-fields.ts.

import { randomBytes } from 'node:crypto'
import { type Bytes, bytes, type Milliseconds } from '../base/units.ts'
import { type Choice, chooseCoding } from '../encoding/choice.ts'
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
import { codedFields, comparableFields, notModifiedInstead, wishesOf } from './coded-head.ts'
import type { RoutedRequest } from './routed-request.ts'
import type { Represented } from './stored-forms.ts'

export interface Reuse {
  readonly stored: StoredResponse
  /** What is left of its freshness; negative when stale. */
  readonly remaining: Milliseconds
  readonly age: Milliseconds
  readonly status: CacheStatusFacts
  /**
   * Present where the origin answered this very request: Age is only what it said itself
   * (RFC 9111 §5.1). What of its answer is this client's alone.
   */
  readonly firstHand?: Fields | undefined
}

interface Answer {
  readonly head: ResponseHead
  readonly body: Buffer | null
}

/** One stored response on its way to one client. */
interface Giving {
  readonly routed: RoutedRequest
  readonly stored: StoredResponse
  /** As they would be with the content as it is stored. */
  readonly fields: Fields
  readonly choice: Choice
}

/** Answers the exchange from a stored response. */
export function reuseResponse(routed: RoutedRequest, reuse: Reuse): void {
  const { request, route, exchange } = routed
  const { stored } = reuse
  const choice = chooseCoding(wishesOf(route.compress, request.fields), stored, stored.body.length)
  const giving = { routed, stored, fields: reusedFields(routed, reuse), choice }
  const short = stored.status === 200 ? (preconditionAnswer(giving) ?? rangedAnswer(giving)) : undefined
  if (short !== undefined) exchange.respond(short.head, request.method === 'HEAD' ? null : short.body)
  else giveWhole(giving)
}

function preconditionAnswer({ routed: { request }, stored, fields, choice }: Giving): Answer | undefined {
  const compared = { method: request.method, fields: comparableFields(request.fields, choice) }
  switch (evaluatePreconditions(compared, representationOf(stored))) {
    case 'not-modified':
      return { head: { status: 304, fields: notModifiedInstead(fields, request.fields, choice) }, body: null }
    case 'precondition-failed':
      return {
        head: { status: 412, fields: [...notModifiedFields(fields), 'Content-Length', '0'] },
        body: Buffer.alloc(0),
      }
    case 'perform':
      return undefined
  }
}

/** Parts are given of the origin's form, or of what it decodes to, never of a form that Pillion compressed. */
function rangedAnswer(giving: Giving): Answer | undefined {
  const { routed, stored, fields, choice } = giving
  const range = routed.request.method === 'GET' ? rangeOf(routed.request.fields) : undefined
  if (range === undefined) return undefined
  const target = choice.target === 'identity' ? 'identity' : 'as-is'
  const represented = representedOf({ ...giving, choice: { ...choice, target } })
  if (represented === undefined) return undefined
  const described = codedFields(fields, represented.choice)
  const selected = representationOf({ fields: described, date: stored.date })
  return rangeApplies(routed.request.fields, selected) ? ranged(range, described, represented.body) : undefined
}

/** The octets of the chosen form; undefined where it has to be made as it streams. */
function representedOf({ routed, stored, choice }: Giving): Represented | undefined {
  const { forms } = routed
  if (forms === undefined || choice.target === 'as-is') return { choice: asItIs(choice), body: stored.body }
  return forms.represent(forms.formsOf(routed, stored), choice)
}

function asItIs(choice: Choice): Choice {
  return choice.target === 'as-is' ? choice : { ...choice, target: 'as-is' }
}

function giveWhole(giving: Giving): void {
  const { routed, stored, fields, choice } = giving
  const { exchange, request, forms } = routed
  const represented = representedOf(giving)
  const hasContent = request.method !== 'HEAD'
  if (represented !== undefined) {
    const answer = whole(stored.status, codedFields(fields, represented.choice), represented.body)
    if (hasContent && choice.target !== 'identity') {
      exchange.account.compressionSaved = Math.max(0, stored.body.length - represented.body.length)
    }
    exchange.respond(answer.head, hasContent ? answer.body : null)
    return
  }
  const head = { status: stored.status, fields: withoutFields(codedFields(fields, choice), LENGTH) }
  if (forms === undefined || !hasContent) exchange.respond(head, null)
  else forms.job(forms.formsOf(routed, stored), choice).serve(exchange, exchange.stream(head))
}

/** The client's fields of a stored response: Age, our member of Cache-Status, and what the route says about caching. */
export function reusedFields(routed: RoutedRequest, reuse: Reuse): string[] {
  const received = reuse.firstHand === undefined ? withoutFields(reuse.stored.fields, AGE) : reuse.stored.fields
  const fields = clientFields(routed.route, received, {
    remaining: reuse.remaining,
    status: formatCacheStatus(reuse.status),
    stored: true,
  })
  if (reuse.firstHand === undefined) fields.push('Age', ageValue(reuse.age))
  else fields.push(...reuse.firstHand)
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
