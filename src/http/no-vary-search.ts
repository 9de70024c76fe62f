// Which differences between two queries does the origin declare meaningless?
//
// No-Vary-Search (the HTTP working group's field of that name): a dictionary of
// `key-order`, `params` and `except`. Queries are read as forms are
// (application/x-www-form-urlencoded), so `%41=1` and `A=1` are one. A field that is
// malformed in any way says nothing at all, and then only identical queries are
// equivalent: the rule only ever widens reuse, and must be certain.

import { isInnerList, parseDictionary } from 'structured-headers'
import { type Fields, fieldValue } from './fields.ts'

export interface SearchVariance {
  /** False: the order of parameters with different names means nothing. */
  readonly order: boolean
  /** Names that mean nothing, or all but the names that do. */
  readonly ignored: { readonly only: ReadonlySet<string> } | { readonly except: ReadonlySet<string> }
}

type Dictionary = ReturnType<typeof parseDictionary>

/** The rule of a response; undefined where there is none, or none that can be understood. */
export function searchVariance(response: Fields): SearchVariance | undefined {
  const members = dictionaryOf(fieldValue(response, 'no-vary-search'))
  if (members === undefined || members.size === 0) return undefined
  const keyOrder = members.get('key-order')?.[0] ?? false
  if (typeof keyOrder !== 'boolean') return undefined
  const ignored = ignoredNames(members)
  return ignored === undefined ? undefined : { order: !keyOrder, ignored }
}

function dictionaryOf(value: string | undefined): Dictionary | undefined {
  try {
    return value === undefined ? undefined : parseDictionary(value)
  } catch {
    return undefined
  }
}

function ignoredNames(members: Dictionary): SearchVariance['ignored'] | undefined {
  const params = members.get('params')?.[0] ?? false
  const except = namesOf(members, 'except')
  if (typeof params === 'boolean') {
    if (params) return except === 'invalid' ? undefined : { except: except ?? new Set() }
    return except === undefined ? { only: new Set() } : undefined
  }
  const only = namesOf(members, 'params')
  return only === undefined || only === 'invalid' || except !== undefined ? undefined : { only }
}

function namesOf(members: Dictionary, key: string): ReadonlySet<string> | 'invalid' | undefined {
  const member = members.get(key)
  if (member === undefined) return undefined
  if (!isInnerList(member)) return 'invalid'
  const names = member[0].map(([name]) => name)
  return names.every(name => typeof name === 'string') ? new Set(names.map(decodedName)) : 'invalid'
}

/** Names are compared as a form's are: percent-encoding and '+' resolved. */
function decodedName(name: string): string {
  const [pair] = new URLSearchParams(`${name.replaceAll('&', '%26').replaceAll('=', '%3D')}=`)
  return pair?.[0] ?? ''
}

/**
 * The one form that equivalent queries share, for keys; without a rule the query itself.
 *
 * Not a query to send: it is length-prefixed, so that distinct queries have distinct forms.
 */
export function canonicalQuery(query: string | undefined, variance: SearchVariance | undefined): string {
  if (variance === undefined) return query === undefined ? '' : `?${query}`
  const { ignored } = variance
  const counts = (name: string) => ('only' in ignored ? !ignored.only.has(name) : ignored.except.has(name))
  const all = [...new URLSearchParams(query ?? '')]
  // Octets that are no UTF-8 all read as U+FFFD: such a query is equivalent to itself alone.
  if (all.some(pair => pair.join('').includes('\ufffd'))) return `?${query}`
  const pairs = all.filter(([name]) => counts(name))
  if (!variance.order) pairs.sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
  return pairs.map(([name, value]) => `${name.length}:${name}${value.length}:${value}`).join('')
}

/** Whether the origin calls two queries equivalent; without a rule, whether they are identical. */
export function equivalentQuery(
  one: string | undefined,
  other: string | undefined,
  variance: SearchVariance | undefined,
): boolean {
  return one === other || (variance !== undefined && canonicalQuery(one, variance) === canonicalQuery(other, variance))
}
