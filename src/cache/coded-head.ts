// What does the head say of content in a coding that the origin did not choose?
//
// Content-Encoding, Vary, and an entity tag of its own (RFC 9110 §8.8.3.3). What was
// said of the origin's octets is not said of others: the digests of content and of the
// representation, which includes its coding (RFC 9530 §2, §3), lengths, and the offer of
// ranges, which are given of the origin's form alone. Conditions are compared under the
// stored tag; a 304 carries the tag that the client named, so that it speaks of the copy
// which the client has.

import type { Choice, Wishes } from '../encoding/choice.ts'
import { forbidsTransform } from '../encoding/choice.ts'
import { baseTag, encodedTag, type MadeCoding } from '../http/content-coding.ts'
import { type Fields, fieldLines, fieldValue, withoutFields } from '../http/fields.ts'
import { splitList } from '../http/list-syntax.ts'
import { notModifiedFields } from '../http/validation.ts'
import { entityTagText, parseEntityTag, splitTags, weaklyEqual } from '../http/validators.ts'

const OF_OTHER_OCTETS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'etag',
  'repr-digest',
])
const ETAG: ReadonlySet<string> = new Set(['etag'])
const VARY: ReadonlySet<string> = new Set(['vary'])

export function wishesOf(codings: readonly MadeCoding[], request: Fields): Wishes {
  return {
    codings,
    acceptEncoding: fieldValue(request, 'accept-encoding'),
    untouched: forbidsTransform(request),
  }
}

/** The head's fields for the chosen form. Content-Length is the caller's to add. */
export function codedFields(fields: Fields, { target, negotiable }: Choice): Fields {
  if (!negotiable) return fields
  if (target === 'as-is') return withVary(fields)
  const coded = withVary(withoutFields(fields, OF_OTHER_OCTETS))
  const tag = entityTagText(fields)
  if (tag !== undefined) coded.push('ETag', encodedTag(tag, target))
  if (target !== 'identity') coded.push('Content-Encoding', target)
  return coded
}

function withVary(fields: Fields): string[] {
  const names = fieldLines(fields, 'vary').flatMap(line => splitList(line))
  if (names.some(name => name === '*' || name.toLowerCase() === 'accept-encoding')) return [...fields]
  return [...withoutFields(fields, VARY), 'Vary', [...names, 'Accept-Encoding'].join(', ')]
}

/**
 * The request's fields with tags as the stored response knows them. A tag of a form that
 * the client takes no more is left as it is, and so matches nothing in If-None-Match.
 */
export function comparableFields(request: Fields, choice: Choice): Fields {
  let mapped: string[] | undefined
  for (let at = 0; at < request.length; at += 2) {
    const value = request[at + 1] as string
    const name = value.includes('.pillion-') ? (request[at] as string).toLowerCase() : ''
    if (name !== 'if-match' && name !== 'if-none-match') continue
    mapped ??= [...request]
    const all = name === 'if-match'
    mapped[at + 1] = splitTags(value)
      .map(tag => (all || isAcceptable(tag, choice) ? baseTag(tag).tag : tag))
      .join(', ')
  }
  return mapped ?? request
}

function isAcceptable(tag: string, { preference }: Choice): boolean {
  const { coding } = baseTag(tag)
  if (coding === undefined || preference === undefined) return true
  return coding === 'identity' ? preference.identity : preference.accepts.has(coding)
}

/** The fields of the 304 that stands for a response with these, in the chosen form or in one that the client named. */
export function notModifiedInstead(fields: Fields, request: Fields, choice: Choice): string[] {
  const negotiated = codedFields(fields, { ...choice, target: 'as-is' })
  return notModifiedFields(withNamedTag(negotiated, request, choice))
}

/** The tag is the one that the client named, else that of the chosen form. */
export function withNamedTag(fields: Fields, request: Fields, choice: Choice): Fields {
  const own = entityTagText(fields)
  if (own === undefined) return fields
  const chosen = choice.target === 'as-is' ? own : encodedTag(own, choice.target)
  const named = fieldLines(request, 'if-none-match')
    .flatMap(line => splitTags(line))
    .filter(tag => isAcceptable(tag, choice) && sameBase(tag, own))
    .map(tag => baseTag(tag).coding)
  const kept = named.map(coding => (coding === undefined ? own : encodedTag(own, coding)))
  const tag = kept.length === 0 || kept.includes(chosen) ? chosen : (kept[0] as string)
  return tag === own ? fields : [...withoutFields(fields, ETAG), 'ETag', tag]
}

function sameBase(named: string, own: string): boolean {
  const [one, other] = [parseEntityTag(baseTag(named).tag), parseEntityTag(own)]
  return one !== undefined && other !== undefined && weaklyEqual(one, other)
}
