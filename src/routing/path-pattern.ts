// Which paths does a `match` line mean?
//
// A pattern is a list of segments: a literal, `{name}` or `*` (one segment that is not
// empty), and `**` (the rest or nothing), which can only come last. Compared byte for
// byte with the path as received: nothing is decoded, `%2F` is no boundary, a trailing
// slash counts unless `**` takes it. No regular expressions and no wildcard inside a
// segment, so that matching costs one walk along the path (contract §2 `match`).

import { hasForbiddenPath } from '../http/uri.ts'

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'rest' }

export interface PathPattern {
  /** As written. */
  readonly text: string
  readonly segments: readonly Segment[]
  /** Names of the `{name}` segments, in path order. */
  readonly parameters: readonly string[]
}

/** What is wrong with a piece of text, and where it begins in that text. */
export interface TextFlaw {
  readonly message: string
  readonly hint?: string | undefined
  /** Offset in the text that was parsed. */
  readonly at: number
}

export type ParsedPattern = { readonly pattern: PathPattern } | { readonly flaw: TextFlaw }

const RANK = { literal: 0, param: 1, any: 2, rest: 3 } as const
const PARAMETER = /^[A-Za-z_][A-Za-z0-9_-]*$/
/** Not in a segment by RFC 3986 §3.3, nor sent there by browsers all the same. */
const FOREIGN = /[^A-Za-z0-9\-._~!$&'()+,;=:@%|^"<>`[\]]/u
const LONE_PERCENT = /%(?![0-9A-Fa-f]{2})/

/** Reads a path pattern; the flaw names the first thing wrong. Never throws. */
export function parsePattern(text: string): ParsedPattern {
  if (!text.startsWith('/')) return { flaw: { message: `the path "${text}" does not begin with "/"`, at: 0 } }
  const segments: Segment[] = []
  const parameters: string[] = []
  const written = text.slice(1).split('/')
  let at = 1
  for (const [index, piece] of written.entries()) {
    const segment = parseSegment(piece)
    if ('message' in segment) return { flaw: { ...segment, at: at + segment.at } }
    if (segment.kind === 'rest' && index < written.length - 1) {
      return { flaw: { message: '"**" takes the rest of the path, so nothing can come after it', at } }
    }
    if (segment.kind === 'param') {
      if (parameters.includes(segment.name)) {
        return { flaw: { message: `the name {${segment.name}} is used twice in one path`, at } }
      }
      parameters.push(segment.name)
    }
    segments.push(segment)
    at += piece.length + 1
  }
  return { pattern: { text, segments, parameters } }
}

function parseSegment(piece: string): Segment | TextFlaw {
  if (piece === '**') return { kind: 'rest' }
  if (piece === '*') return { kind: 'any' }
  if (piece.startsWith('{') && piece.endsWith('}')) {
    const name = piece.slice(1, -1)
    if (PARAMETER.test(name)) return { kind: 'param', name }
    return { message: `"${piece}" is no parameter name`, hint: 'letters, digits, "_" and "-", e.g. {id}', at: 0 }
  }
  return literalFlaw(piece) ?? { kind: 'literal', text: piece }
}

function literalFlaw(piece: string): TextFlaw | undefined {
  const wildcard = piece.search(/[*{}]/)
  if (wildcard >= 0) {
    const hint = 'a wildcard is a whole segment: "{name}" or "*" for one, "**" for the rest'
    return { message: `"${piece}" mixes text and a wildcard in one segment`, hint, at: wildcard }
  }
  const query = piece.search(/[?#]/)
  if (query >= 0) {
    const hint = 'parameters are matched by `when: { query: … }`'
    return { message: `"${piece[query]}" ends a path`, hint, at: query }
  }
  return byteFlaw(piece)
}

/** Paths are compared as sent, so text that no client may send could never match. */
function byteFlaw(piece: string): TextFlaw | undefined {
  const foreign = FOREIGN.exec(piece)
  if (foreign !== null) {
    const hint = `paths are compared as clients send them: write ${encodeURIComponent(foreign[0].toWellFormed())}`
    return { message: `"${foreign[0]}" can't stand in a path`, hint, at: foreign.index }
  }
  const percent = piece.search(LONE_PERCENT)
  if (percent >= 0) return { message: '"%" is not followed by two hexadecimal digits', at: percent }
  if (!hasForbiddenPath(`/${piece}`)) return undefined
  return { message: `paths with the segment "${piece}" are refused with 400, so it can never match`, at: 0 }
}

/**
 * Negative when `a` is more specific, left to right: literal, `{name}`, `*`, `**`
 * (contract §2). Zero means that both stand at the same place of the router's tree.
 */
export function compareSpecificity(a: PathPattern, b: PathPattern): number {
  const length = Math.max(a.segments.length, b.segments.length)
  for (let index = 0; index < length; index += 1) {
    const difference = rankAt(a, index) - rankAt(b, index)
    if (difference !== 0) return difference
  }
  return 0
}

/** A pattern that has ended is more specific than `**`, which may match nothing. */
function rankAt(pattern: PathPattern, index: number): number {
  const segment = pattern.segments[index]
  return segment === undefined ? -1 : RANK[segment.kind]
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()

/** Values of the `{name}` segments, raw. For a path that `pattern` matches. */
export function pathParameters(pattern: PathPattern, path: string): ReadonlyMap<string, string> {
  if (pattern.parameters.length === 0) return NO_PARAMETERS
  const values = new Map<string, string>()
  const pieces = path.slice(1).split('/')
  for (const [index, segment] of pattern.segments.entries()) {
    if (segment.kind === 'param') values.set(segment.name, pieces[index] ?? '')
  }
  return values
}

/** Why `path` is none of the pattern's, in words; undefined when it is. The router's tree must agree. */
export function pathMismatch(pattern: PathPattern, path: string): string | undefined {
  const pieces = path.slice(1).split('/')
  for (const [index, segment] of pattern.segments.entries()) {
    if (segment.kind === 'rest') return undefined
    const piece = pieces[index]
    const mismatch = segmentMismatch(segment, piece)
    if (mismatch !== undefined) return `${mismatch} at segment ${index + 1}`
  }
  const extra = pieces[pattern.segments.length]
  if (extra === undefined) return undefined
  return extra === '' && pieces.length === pattern.segments.length + 1
    ? 'the path ends with "/", the pattern does not'
    : `the path goes on with "${extra}" where the pattern ends`
}

function segmentMismatch(segment: Segment, piece: string | undefined): string | undefined {
  if (piece === undefined) return 'the path is too short'
  if (segment.kind === 'literal') return segment.text === piece ? undefined : `"${piece}" is not "${segment.text}"`
  return piece === '' ? 'the segment is empty' : undefined
}
