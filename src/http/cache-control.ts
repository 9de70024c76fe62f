// What do Cache-Control and its relatives say?
//
// Cache-Control is read leniently where that is safe and strictly where it is not: a
// max-age that is malformed, or given twice with different values, means stale (RFC 9111
// §4.2.1); restricting directives count whatever argument they carry, permitting ones
// only in their own form; unknown ones are ignored (§5.2.3). Targeted fields are
// structured fields (RFC 9213 §2.1): the first that is valid and not empty decides
// alone, an invalid one is as if absent. Pragma counts only without Cache-Control (§5.4).

import { parseDictionary } from 'structured-headers'
import { type Seconds, seconds } from '../base/units.ts'
import { type Fields, fieldLines, fieldValue } from './fields.ts'
import { hasOpenQuote, isToken, nameAndArgument, splitList } from './list-syntax.ts'

/** Directives of one request or response; durations clamped to 2^31 seconds (RFC 9111 §1.2.2). */
export interface CacheDirectives {
  readonly noStore: boolean
  /** Without field names. */
  readonly noCache: boolean
  /** Names in `no-cache="…"`, lower case. */
  readonly noCacheFields: readonly string[]
  /** Without field names. */
  readonly private: boolean
  /** Names in `private="…"`, lower case. */
  readonly privateFields: readonly string[]
  readonly public: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly immutable: boolean
  readonly onlyIfCached: boolean
  /** 0 where malformed or contradictory. */
  readonly maxAge: Seconds | undefined
  /** 0 where malformed or contradictory. */
  readonly sMaxage: Seconds | undefined
  /** 0 where malformed. */
  readonly staleWhileRevalidate: Seconds | undefined
  /** 0 where malformed. */
  readonly staleIfError: Seconds | undefined
  readonly minFresh: Seconds | undefined
  /** A bare `max-stale` is the longest duration there is. */
  readonly maxStale: Seconds | undefined
}

export type DirectiveSource = 'pillion-cache-control' | 'cdn-cache-control' | 'cache-control' | 'pragma' | 'none'

/** The directives that decide about a response, and the field they came from. */
export interface ResponsePolicy {
  readonly directives: CacheDirectives
  readonly source: DirectiveSource
}

/** RFC 9111 §1.2.2: what a larger delta-seconds counts as. */
export const MAX_DELTA_SECONDS = seconds(2147483648)

/** White space beside '=': the grammar has none there (RFC 9111 §5.2). */
const SPACED_ARGUMENT = /^[^=]*(?:[ \t]=|=[ \t])/
/** Stands for an argument that can't be trusted: neither digits nor a list of names. */
const MALFORMED = '?'

type Draft = { -readonly [Name in keyof CacheDirectives]: CacheDirectives[Name] }

const FLAGS = {
  'no-store': 'noStore',
  'must-revalidate': 'mustRevalidate',
  'proxy-revalidate': 'proxyRevalidate',
  'no-transform': 'noTransform',
  'only-if-cached': 'onlyIfCached',
  public: 'public',
  'must-understand': 'mustUnderstand',
  immutable: 'immutable',
} as const
const PERMITTING: ReadonlySet<string> = new Set(['public', 'must-understand', 'immutable'])

const DURATIONS = {
  'max-age': 'maxAge',
  's-maxage': 'sMaxage',
  'stale-while-revalidate': 'staleWhileRevalidate',
  'stale-if-error': 'staleIfError',
  'min-fresh': 'minFresh',
  'max-stale': 'maxStale',
} as const

const QUALIFIED = { 'no-cache': ['noCache', 'noCacheFields'], private: ['private', 'privateFields'] } as const

const own = <Table extends object>(table: Table, name: string): name is Extract<keyof Table, string> =>
  Object.hasOwn(table, name)

function emptyDraft(): Draft {
  return {
    noStore: false,
    noCache: false,
    noCacheFields: [],
    private: false,
    privateFields: [],
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    onlyIfCached: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
    minFresh: undefined,
    maxStale: undefined,
  }
}

/** No directive at all. */
export const NO_DIRECTIVES: CacheDirectives = Object.freeze(emptyDraft())

/** Reads Cache-Control field lines of a request or a response (RFC 9111 §5.2). Never throws. */
export function parseCacheControl(lines: readonly string[]): CacheDirectives {
  const draft = emptyDraft()
  for (const line of lines) {
    // After a quote that never closes, a lifetime may be part of an argument: it counts as malformed.
    const doubtful = hasOpenQuote(line)
    for (const member of splitList(line)) {
      const [name, argument] = nameAndArgument(member)
      const malformed = argument !== undefined && (doubtful || SPACED_ARGUMENT.test(member))
      applyDirective(draft, name.toLowerCase(), malformed ? MALFORMED : argument)
    }
  }
  return draft
}

function applyDirective(draft: Draft, name: string, argument: string | undefined): void {
  if (own(FLAGS, name)) {
    if (argument === undefined || !PERMITTING.has(name)) draft[FLAGS[name]] = true
  } else if (own(DURATIONS, name)) {
    applyDuration(draft, name, argument)
  } else if (own(QUALIFIED, name)) {
    const [bare, named] = QUALIFIED[name]
    const names = argument === undefined ? [] : splitList(argument).map(field => field.toLowerCase())
    // Names that can't be read: the whole response is meant, to be on the safe side.
    if (names.length > 0 && names.every(isToken)) draft[named] = [...draft[named], ...names]
    else draft[bare] = true
  }
}

function applyDuration(draft: Draft, name: keyof typeof DURATIONS, argument: string | undefined): void {
  const property = DURATIONS[name]
  const before = draft[property]
  const value = name === 'max-stale' && argument === undefined ? MAX_DELTA_SECONDS : parseDeltaSeconds(argument)
  if (name === 'min-fresh') {
    if (value !== undefined) draft.minFresh = seconds(Math.max(before ?? 0, value))
  } else if (name === 'max-stale') {
    if (value !== undefined) draft.maxStale = seconds(Math.min(before ?? value, value))
  } else if (before !== undefined && before !== value) {
    draft[property] = seconds(0)
  } else {
    draft[property] = value ?? seconds(0)
  }
}

/** delta-seconds (RFC 9111 §1.2.2), clamped; undefined where it is not one or more digits. */
export function parseDeltaSeconds(text: string | undefined): Seconds | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  return seconds(Math.min(Number(text), MAX_DELTA_SECONDS))
}

/** The directives that decide about a response: the first valid targeted field, else Cache-Control, else Pragma. */
export function responseDirectives(fields: Fields): ResponsePolicy {
  for (const source of ['pillion-cache-control', 'cdn-cache-control'] as const) {
    const value = fieldValue(fields, source)
    const directives = value === undefined ? undefined : parseTargeted(value)
    if (directives !== undefined) return { directives, source }
  }
  const lines = fieldLines(fields, 'cache-control')
  if (lines.length > 0) return { directives: parseCacheControl(lines), source: 'cache-control' }
  const pragma = pragmaDirectives(fields)
  return pragma === undefined ? { directives: NO_DIRECTIVES, source: 'none' } : { directives: pragma, source: 'pragma' }
}

/** True where a targeted field decides, and Cache-Control and Expires are not looked at (RFC 9213 §2.2). */
export function isTargeted(policy: ResponsePolicy): boolean {
  return policy.source === 'pillion-cache-control' || policy.source === 'cdn-cache-control'
}

/** The directives of a request; `no-cache` with an argument counts as without (RFC 9111 §5.2.1.4, §5.4). */
export function requestDirectives(fields: Fields): CacheDirectives {
  const lines = fieldLines(fields, 'cache-control')
  if (lines.length === 0) return pragmaDirectives(fields) ?? NO_DIRECTIVES
  const directives = parseCacheControl(lines)
  return directives.noCacheFields.length === 0 ? directives : { ...directives, noCache: true, noCacheFields: [] }
}

function pragmaDirectives(fields: Fields): CacheDirectives | undefined {
  const members = fieldLines(fields, 'pragma').flatMap(line => splitList(line))
  const named = members.some(member => nameAndArgument(member)[0].toLowerCase() === 'no-cache')
  return named ? { ...NO_DIRECTIVES, noCache: true } : undefined
}

/** A targeted field (RFC 9213 §2.1), or undefined where it is empty, no dictionary, or breaks a directive's type. */
export function parseTargeted(value: string): CacheDirectives | undefined {
  const members = dictionaryOf(value)
  if (members === undefined || members.size === 0) return undefined
  const draft = emptyDraft()
  for (const [name, [member]] of members) {
    const argument = targetedArgument(name, member, value)
    if (argument === 'invalid') return undefined
    applyDirective(draft, name, argument.text)
  }
  return draft
}

function dictionaryOf(value: string): ReturnType<typeof parseDictionary> | undefined {
  try {
    return parseDictionary(value)
  } catch {
    return undefined
  }
}

function targetedArgument(name: string, member: unknown, field: string): { text: string | undefined } | 'invalid' {
  if (own(DURATIONS, name)) {
    // The parser hands 10.0 over as 10, but a decimal is no delta-seconds.
    const decimal = new RegExp(`(?:^|,)[ \\t]*${name}=-?\\d+\\.`).test(field)
    const whole = typeof member === 'number' && Number.isInteger(member) && member >= 0 && !decimal
    return whole ? { text: String(member) } : 'invalid'
  }
  if (own(FLAGS, name)) return member === true ? { text: undefined } : 'invalid'
  if (own(QUALIFIED, name)) {
    if (member === true) return { text: undefined }
    return typeof member === 'string' ? { text: member } : 'invalid'
  }
  return { text: undefined }
}
