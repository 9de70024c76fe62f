// How is the origin asked whether a stored response still holds, and what does its answer change?
//
// RFC 9111 §4.3.1 (the conditions sent), §4.3.4 (which stored response a 304 speaks of,
// what it freshens), §4.3.5 (what a HEAD says about a stored GET), §3.2 (what an update
// leaves alone: Content-Length and Content-Range, and Content-Encoding, which the encoded
// forms of the stored octets depend on; Content-Type is updated like any other field).
// A 304 that names a tag other than the stored one freshens nothing. Set-Cookie is never
// taken over: it belongs to the one client whose request caused the validation.

import type { Bytes } from '../base/units.ts'
import { responseDirectives } from './cache-control.ts'
import { type Fields, fieldLines, hasField, withoutFields } from './fields.ts'
import { unstoredNames } from './hop-by-hop.ts'
import { trimOws } from './list-syntax.ts'
import type { ResponseHead, StoredHead } from './message.ts'
import { entityTagOf, entityTagText, lastModifiedOf, weaklyEqual } from './validators.ts'

/** The client's own conditions: not passed on in a validation request, where ours stand instead. */
export const CONDITIONAL_FIELDS: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
])

/** A stored response as validation looks at it. */
export type Validated = Pick<StoredHead, 'fields' | 'date'> & {
  /** True when Pillion made the ETag, which then means nothing to the origin. */
  readonly etagMade?: boolean
}

/** The conditions for a validation request, validators exactly as the origin wrote them; undefined where it gave none. */
export function validationFields(stored: Validated): string[] | undefined {
  const conditions: string[] = []
  const tag = stored.etagMade === true ? undefined : entityTagText(stored.fields)
  if (tag !== undefined) conditions.push('If-None-Match', tag)
  const [modified] = fieldLines(stored.fields, 'last-modified')
  if (modified !== undefined && lastModifiedOf(stored.fields, stored.date) !== undefined) {
    conditions.push('If-Modified-Since', trimOws(modified))
  }
  return conditions.length === 0 ? undefined : conditions
}

/** Whether a 304 to our validation request speaks of this stored response (RFC 9111 §4.3.4). */
export function selects(stored: Validated, notModified: Fields): boolean {
  const told = entityTagOf(notModified)
  const own = stored.etagMade === true ? undefined : entityTagOf(stored.fields)
  if (told !== undefined && own !== undefined) return weaklyEqual(told, own)
  const toldModified = lastModifiedOf(notModified, stored.date)
  const ownModified = lastModifiedOf(stored.fields, stored.date)
  // A 304 without validators can only mean the one response whose validators were sent.
  return toldModified === undefined || ownModified === undefined || toldModified === ownModified
}

/** Fields that describe or frame the stored octets, or one client's exchange: an update never replaces them. */
const NEVER_FRESHENED: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'set-cookie',
])

/**
 * The stored fields with those of a 304 or HEAD response laid over them (RFC 9111 §3.2).
 *
 * Age and Date speak of the old exchange and go in any case; where the update has no
 * Date, the caller records one (`withDate`).
 */
export function freshenedFields(stored: Fields, update: Fields): string[] {
  const unstored = unstoredNames(update, responseDirectives(update).directives)
  const added = withoutFields(withoutFields(update, unstored), NEVER_FRESHENED)
  const replaced = new Set(['age', 'date', ...unstored])
  for (let at = 0; at < added.length; at += 2) replaced.add((added[at] as string).toLowerCase())
  return [...withoutFields(stored, replaced), ...added]
}

/**
 * What a HEAD response means for a stored GET response (RFC 9111 §4.3.5): it freshens it,
 * shows that it is outdated, or says nothing about it.
 */
export function headUpdates(
  stored: Validated & Pick<ResponseHead, 'status'> & { readonly length: Bytes },
  head: ResponseHead,
): 'freshen' | 'outdated' | 'ignore' {
  if (head.status !== 200 || stored.status !== 200) return 'ignore'
  const own = stored.etagMade === true ? undefined : entityTagText(stored.fields)
  if (hasField(head.fields, 'etag') && entityTagText(head.fields) !== own) return 'outdated'
  const modified = lastModifiedOf(stored.fields, stored.date)
  if (hasField(head.fields, 'last-modified') && lastModifiedOf(head.fields, stored.date) !== modified) return 'outdated'
  const lengths = fieldLines(head.fields, 'content-length')
  return lengths.every(length => Number(length) === stored.length) ? 'freshen' : 'outdated'
}

/** Representation metadata that a 304 need not repeat (RFC 9110 §15.4.5). */
const NOT_IN_304: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'repr-digest',
])

/** The fields of a 304 that stands for a response with these: all but representation metadata; Last-Modified only without ETag. */
export function notModifiedFields(fields: Fields): string[] {
  const kept = withoutFields(fields, NOT_IN_304)
  return hasField(fields, 'etag') ? withoutFields(kept, new Set(['last-modified'])) : kept
}
