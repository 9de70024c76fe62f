// By which names may a response be purged, as its origin says?
//
// Cache groups (RFC 9875): a list of strings; one that is malformed, or holds anything
// else, is ignored. Groups hold within one origin (§2.1), which is for the caller to see
// to. Surrogate tags as the field has known them for years: Surrogate-Key and xkey by
// white space (xkey by comma too), Cache-Tag by comma. All but Cache-Groups end here.

import { parseList } from 'structured-headers'
import { type Fields, fieldLines, fieldValue } from './fields.ts'
import { trimOws } from './list-syntax.ts'

/** Response fields that speak to this cache alone: not sent to clients. */
export const CACHE_ONLY_FIELDS: ReadonlySet<string> = new Set([
  'cache-tag',
  'pillion-cache-control',
  'surrogate-key',
  'xkey',
])

/** Groups a response belongs to (RFC 9875 §2), each once. */
export function cacheGroups(response: Fields): string[] {
  return groupList(fieldValue(response, 'cache-groups'))
}

/** Groups to invalidate (RFC 9875 §3). The field means nothing in an answer to a safe method. */
export function invalidatedGroups(response: Fields): string[] {
  return groupList(fieldValue(response, 'cache-group-invalidation'))
}

function groupList(value: string | undefined): string[] {
  if (value === undefined) return []
  const members = listOf(value)
  const groups = members?.map(([group]) => group)
  return groups?.every(group => typeof group === 'string') === true ? [...new Set(groups)] : []
}

function listOf(value: string): ReturnType<typeof parseList> | undefined {
  try {
    return parseList(value)
  } catch {
    return undefined
  }
}

/** Tags from Surrogate-Key, Cache-Tag and xkey, each once. Cache-Groups are apart: see `cacheGroups`. */
export function responseTags(response: Fields): string[] {
  const tags = new Set<string>()
  for (const [name, separator] of TAG_FIELDS) {
    for (const tag of fieldLines(response, name).flatMap(line => line.split(separator))) tags.add(trimOws(tag))
  }
  tags.delete('')
  return [...tags]
}

const TAG_FIELDS = [
  ['surrogate-key', /[ \t]+/],
  ['cache-tag', ','],
  ['xkey', /[ \t,]+/],
] as const
