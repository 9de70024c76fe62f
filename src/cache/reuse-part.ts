// How is a stored part of a representation given to a client?
//
// Only where one range is asked for and lies wholly inside the part (RFC 9111 §3.3); the
// client's conditions come first, as for any stored response. Anything else is for the
// origin: several ranges, one that reaches beyond the part, an If-Range that names another
// representation.

import { fieldValue, withoutFields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import { evaluatePreconditions, rangeApplies, representationOf } from '../http/preconditions.ts'
import { type ByteRange, contentRange, parseContentRange, rangeOf, resolveRanges } from '../http/range.ts'
import { notModifiedFields } from '../http/validation.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { type Reuse, reusedFields } from './reuse-response.ts'
import type { RoutedRequest } from './routed-request.ts'

const SPAN: ReadonlySet<string> = new Set(['content-length', 'content-range'])

/** Answers the exchange from the part; false where it can't. */
export function reusePart(routed: RoutedRequest, reuse: Reuse): boolean {
  const { request, exchange } = routed
  const { stored } = reuse
  const wanted = wantedRange(routed, stored)
  if (wanted === undefined) return false
  const fields = withoutFields(reusedFields(routed, reuse), SPAN)
  const outcome = evaluatePreconditions(request, representationOf(stored))
  if (outcome === 'perform') {
    const { head, body } = partial(stored, wanted, fields)
    exchange.respond(head, body)
  } else if (outcome === 'not-modified') {
    exchange.respond({ status: 304, fields: notModifiedFields(fields) }, null)
  } else {
    exchange.respond({ status: 412, fields: [...notModifiedFields(fields), 'Content-Length', '0'] }, Buffer.alloc(0))
  }
  return true
}

interface Wanted {
  readonly range: ByteRange
  /** Where the part begins in the representation. */
  readonly from: number
  readonly complete: NonNullable<ReturnType<typeof parseContentRange>>['complete'] & number
}

function wantedRange({ request }: RoutedRequest, stored: StoredResponse): Wanted | undefined {
  const held = parseContentRange(fieldValue(stored.fields, 'content-range') ?? '')
  const asked = rangeOf(request.fields)
  if (held?.complete === undefined || asked === undefined) return undefined
  if (!rangeApplies(request.fields, representationOf(stored))) return undefined
  const resolved = resolveRanges(asked, held.complete)
  const [range, ...more] = resolved.kind === 'ranges' ? resolved.ranges : []
  if (range === undefined || more.length > 0 || range.first < held.first || range.last > held.last) return undefined
  return { range, from: held.first, complete: held.complete }
}

function partial(
  stored: StoredResponse,
  { range, from, complete }: Wanted,
  fields: readonly string[],
): { head: ResponseHead; body: Buffer } {
  const body = stored.body.subarray(range.first - from, range.last - from + 1)
  const span = ['Content-Range', contentRange(range, complete), 'Content-Length', String(body.length)]
  return { head: { status: 206, fields: [...fields, ...span] }, body }
}
