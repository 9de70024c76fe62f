// What tells one version of a representation from another?
//
// Entity tags and Last-Modified (RFC 9110 §8.8), and when they are strong. Tags are read
// tolerantly, because they only ever get compared: what is not well formed counts as a
// weak tag of its text, so that it can satisfy If-None-Match but never join two parts.
// Nothing inside a tag's quotes is an escape, and a tag may hold commas (§8.8.3).

import type { EpochMs } from '../base/units.ts'
import { dateField, parseHttpDate } from './dates.ts'
import { type Fields, fieldLines } from './fields.ts'
import { splitList, trimOws } from './list-syntax.ts'
import type { StoredHead } from './message.ts'

export interface EntityTag {
  readonly weak: boolean
  /** What stands between the quotes. */
  readonly opaque: string
}

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/

/** One entity tag; undefined only for an empty text. */
export function parseEntityTag(text: string): EntityTag | undefined {
  const value = trimOws(text)
  if (value === '') return undefined
  const parts = ENTITY_TAG.exec(value)
  if (parts === null) return { weak: true, opaque: value }
  return { weak: parts[1] !== undefined, opaque: parts[2] as string }
}

const MADE = 'pillion-'

/** The tag that Pillion gives where the origin gave none, from one made of the content: `"abc"` → `"pillion-abc"`. */
export function madeTag(ofContent: string): string {
  return `"${MADE}${ofContent.slice(1)}`
}

export function isMadeTag(tag: EntityTag): boolean {
  return !tag.weak && tag.opaque.startsWith(MADE)
}

/** Members of If-Match or If-None-Match; `*` where that is the whole value (RFC 9110 §13.1.1). */
export function parseEntityTags(value: string): readonly EntityTag[] | '*' {
  if (trimOws(value) === '*') return '*'
  return splitTags(value)
    .map(parseEntityTag)
    .filter(tag => tag !== undefined)
}

/** The members of a list of entity tags as they were written. */
export function splitTags(value: string): string[] {
  return splitList(value, false)
}

/** RFC 9110 §8.8.3.2: same characters, both strong. */
export function stronglyEqual(one: EntityTag, other: EntityTag): boolean {
  return !one.weak && !other.weak && one.opaque === other.opaque
}

/** RFC 9110 §8.8.3.2: same characters. */
export function weaklyEqual(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque
}

/** The ETag as written; undefined where there is none or two lines differ. */
export function entityTagText(fields: Fields): string | undefined {
  const [first, ...others] = fieldLines(fields, 'etag')
  if (first === undefined || others.some(other => other !== first)) return undefined
  const text = trimOws(first)
  return text === '' ? undefined : text
}

export function entityTagOf(fields: Fields): EntityTag | undefined {
  const text = entityTagText(fields)
  return text === undefined ? undefined : parseEntityTag(text)
}

/** Last-Modified, where it is readable and said once. */
export function lastModifiedOf(fields: Fields, near: EpochMs): EpochMs | undefined {
  const modified = dateField(fields, 'last-modified', near)
  return modified === 'invalid' ? undefined : modified
}

/** Whether Last-Modified can't have missed a change within its second: Date is at least one second later (RFC 9110 §8.8.2.2). */
export function isStrongLastModified(lastModified: EpochMs, date: EpochMs): boolean {
  return date - lastModified >= 1000
}

/** Equal for two responses exactly where they carry the same strong validator; undefined where there is none. */
export function strongValidator(head: Pick<StoredHead, 'fields' | 'date'>): string | undefined {
  const tag = entityTagOf(head.fields)
  if (tag !== undefined) return tag.weak ? undefined : `etag ${tag.opaque}`
  const modified = lastModifiedOf(head.fields, head.date)
  // Without a Date of the origin's, nothing says that both times come from the same clock.
  const [date] = fieldLines(head.fields, 'date')
  if (modified === undefined || date === undefined || parseHttpDate(date, head.date) === undefined) return undefined
  return isStrongLastModified(modified, head.date) ? `last-modified ${modified}` : undefined
}

/** Whether the origin could be asked "still this one?": an ETag or a readable Last-Modified. */
export function hasValidator(head: Pick<StoredHead, 'fields' | 'date'>): boolean {
  return entityTagText(head.fields) !== undefined || lastModifiedOf(head.fields, head.date) !== undefined
}
