// Does a conditional request want the stored representation, a 304, or a 412?
//
// RFC 9110 §13.2.2, in that order: If-Match (strong), else If-Unmodified-Since; then
// If-None-Match (weak), else If-Modified-Since. A condition that can't be read is
// ignored, but for If-Match, where unread means unmatched. A cache may answer only the
// second pair by itself (RFC 9111 §4.3.2): `asksOrigin` says when the first is present.
// Without a Last-Modified, If-Modified-Since is held against Date (§4.3.2 there).

import type { EpochMs } from '../base/units.ts'
import { dateField, parseHttpDate } from './dates.ts'
import { type Fields, fieldLines, fieldValue, hasField } from './fields.ts'
import { trimOws } from './list-syntax.ts'
import type { RequestHead } from './message.ts'
import {
  type EntityTag,
  entityTagOf,
  isStrongLastModified,
  lastModifiedOf,
  parseEntityTag,
  parseEntityTags,
  stronglyEqual,
  weaklyEqual,
} from './validators.ts'

/** What conditions are held against. */
export interface SelectedRepresentation {
  readonly etag: EntityTag | undefined
  readonly lastModified: EpochMs | undefined
  /** When the response that carries it was made. */
  readonly date: EpochMs
}

export type PreconditionOutcome = 'perform' | 'not-modified' | 'precondition-failed'

/** The representation that a stored or received response carries. */
export function representationOf(head: { readonly fields: Fields; readonly date: EpochMs }): SelectedRepresentation {
  return { etag: entityTagOf(head.fields), lastModified: lastModifiedOf(head.fields, head.date), date: head.date }
}

/** True where a condition is present that only the origin may evaluate. */
export function asksOrigin(request: Fields): boolean {
  return hasField(request, 'if-match') || hasField(request, 'if-unmodified-since')
}

/** Evaluates all conditions but If-Range against a representation that exists (RFC 9110 §13.2.2). */
export function evaluatePreconditions(request: RequestHead, selected: SelectedRepresentation): PreconditionOutcome {
  if (!meetsOriginConditions(request.fields, selected)) return 'precondition-failed'
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const noneMatch = fieldValue(request.fields, 'if-none-match')
  if (noneMatch !== undefined) {
    if (!matchesAny(noneMatch, selected.etag, weaklyEqual)) return 'perform'
    return reads ? 'not-modified' : 'precondition-failed'
  }
  return reads && isUnmodified(request.fields, selected) ? 'not-modified' : 'perform'
}

/** If-Match, else If-Unmodified-Since; true where neither stands in the way. */
function meetsOriginConditions(request: Fields, selected: SelectedRepresentation): boolean {
  const match = fieldValue(request, 'if-match')
  if (match !== undefined) return matchesAny(match, selected.etag, stronglyEqual)
  const since = dateField(request, 'if-unmodified-since', selected.date)
  if (since === undefined || since === 'invalid' || selected.lastModified === undefined) return true
  return selected.lastModified <= since
}

function matchesAny(
  value: string,
  etag: EntityTag | undefined,
  equal: (one: EntityTag, other: EntityTag) => boolean,
): boolean {
  const tags = parseEntityTags(value)
  if (tags === '*') return true
  return etag !== undefined && tags.some(tag => equal(tag, etag))
}

function isUnmodified(request: Fields, selected: SelectedRepresentation): boolean {
  const since = dateField(request, 'if-modified-since', selected.date)
  if (since === undefined || since === 'invalid') return false
  return (selected.lastModified ?? selected.date) <= since
}

/**
 * Whether a Range may be applied: there is no If-Range, or it names exactly this
 * representation by a strong tag or a strong Last-Modified (RFC 9110 §13.1.5).
 */
export function rangeApplies(request: Fields, selected: SelectedRepresentation): boolean {
  const lines = fieldLines(request, 'if-range')
  const [line] = lines
  if (line === undefined) return true
  if (lines.length > 1) return false
  const value = trimOws(line)
  if (/^(?:W\/)?"/.test(value)) {
    const tag = parseEntityTag(value)
    return tag !== undefined && selected.etag !== undefined && stronglyEqual(tag, selected.etag)
  }
  const modified = selected.lastModified
  if (modified === undefined || !isStrongLastModified(modified, selected.date)) return false
  return parseHttpDate(value, selected.date) === modified
}
