// May two parts of a representation be joined, and what comes of it?
//
// RFC 9111 §3.4 and RFC 9110 §15.3.7.3: only with the same strong validator, and, beyond
// the RFCs, only where both agree on the complete length and leave no gap, so that what
// is kept is always one run of octets. Where they overlap the newer octets count. A 206
// whose Content-Range disagrees with its content is no part of anything.

import { type Bytes, bytes } from '../base/units.ts'
import { fieldLines, withoutFields } from './fields.ts'
import type { StoredHead } from './message.ts'
import { parseContentRange } from './range.ts'
import { freshenedFields } from './validation.ts'
import { strongValidator } from './validators.ts'

/** A run of octets of one representation. */
export interface Part {
  readonly head: Pick<StoredHead, 'status' | 'fields' | 'date'>
  readonly first: Bytes
  readonly body: Uint8Array
  /** Length of the whole representation, where it is known. */
  readonly complete: Bytes | undefined
}

/** A 200 or 206 as a part; undefined where it can't be one: several ranges, or a Content-Range that doesn't fit. */
export function partOf(head: Part['head'], body: Uint8Array): Part | undefined {
  if (head.status === 200) return { head, first: bytes(0), body, complete: bytes(body.length) }
  const [line, ...more] = fieldLines(head.fields, 'content-range')
  const range = line === undefined || more.length > 0 ? undefined : parseContentRange(line)
  if (head.status !== 206 || range === undefined || range.last - range.first + 1 !== body.length) return undefined
  return { head, first: range.first, body, complete: range.complete }
}

/** True where the part is the whole representation. */
export function isWhole(part: Part): boolean {
  return part.first === 0 && part.complete === part.body.length
}

/** Whether the two may be joined to one run (RFC 9110 §15.3.7.3). */
export function combinable(stored: Part, received: Part): boolean {
  const validator = strongValidator(stored.head)
  if (validator === undefined || validator !== strongValidator(received.head)) return false
  if (stored.complete !== undefined && received.complete !== undefined && stored.complete !== received.complete) {
    return false
  }
  return stored.first <= endOf(received) && received.first <= endOf(stored)
}

const endOf = (part: Part): number => part.first + part.body.length

/**
 * One part from a stored one and a newly received 206; undefined where they may not be joined.
 *
 * The stored fields are freshened by the new ones (RFC 9111 §3.4). A whole becomes a 200
 * without Content-Range; a larger part stays a 206 whose Content-Range the caller writes.
 */
export function combineParts(stored: Part, received: Part): Part | undefined {
  if (!combinable(stored, received)) return undefined
  const first = Math.min(stored.first, received.first)
  const body = new Uint8Array(Math.max(endOf(stored), endOf(received)) - first)
  body.set(stored.body, stored.first - first)
  body.set(received.body, received.first - first)
  const complete = stored.complete ?? received.complete
  const whole = first === 0 && complete === body.length
  const fields = withoutFields(freshenedFields(stored.head.fields, received.head.fields), SPAN_FIELDS)
  const head = { status: whole ? 200 : 206, fields, date: received.head.date }
  return { head, first: bytes(first), body, complete }
}

/** Fields that describe the octets of one response, not of the joined ones. */
const SPAN_FIELDS: ReadonlySet<string> = new Set(['content-length', 'content-range', 'content-digest', 'content-md5'])
