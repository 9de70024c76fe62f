// Which octets does a Range ask for, and which does a Content-Range announce?
//
// RFC 9110 §14. Byte ranges alone; anything malformed, of another unit, or out to do
// harm is ignored, and the whole representation sent (§14.2): more than 16 ranges, more
// than two that overlap, or more octets in all than there are. Positions and lengths
// are octets; a last position is inclusive, as on the wire.

import { type Bytes, bytes } from '../base/units.ts'
import { type Fields, fieldLines } from './fields.ts'
import { splitOutsideQuotes, trimOws } from './list-syntax.ts'

/** Inclusive positions, 0 ≤ first ≤ last < length. */
export interface ByteRange {
  readonly first: Bytes
  readonly last: Bytes
}

/** As asked: from `first` (to the end where `last` is missing), or the last `suffix` octets. */
export type RangeSpec = { readonly first: Bytes; readonly last: Bytes | undefined } | { readonly suffix: Bytes }

export type ResolvedRanges =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] }

const MAX_RANGES = 16
const MAX_OVERLAPS = 2

/** The specs of a Range field value; undefined where it is to be ignored (RFC 9110 §14.1.1, §14.2). */
export function parseRange(value: string): readonly RangeSpec[] | undefined {
  const set = /^bytes=(.*)$/is.exec(trimOws(value))?.[1]
  if (set === undefined) return undefined
  const members = splitOutsideQuotes(set, { separator: ',', escapes: false }).filter(member => member !== '')
  const specs = members.map(parseSpec)
  return specs.length === 0 || specs.includes(undefined) ? undefined : (specs as RangeSpec[])
}

function parseSpec(text: string): RangeSpec | undefined {
  const parts = /^(\d*)-(\d*)$/.exec(text)
  const [first, last] = [octets(parts?.[1]), octets(parts?.[2])]
  if (first === undefined) return last === undefined ? undefined : { suffix: last }
  return last !== undefined && last < first ? undefined : { first, last }
}

function octets(digits: string | undefined): Bytes | undefined {
  return digits === undefined || digits === '' ? undefined : bytes(Math.min(Number(digits), Number.MAX_SAFE_INTEGER))
}

/** The Range of a request; undefined where there is none, or more than one line. */
export function rangeOf(request: Fields): string | undefined {
  const lines = fieldLines(request, 'range')
  return lines.length === 1 ? lines[0] : undefined
}

/** The octets a Range field value selects of a representation of `length` octets, in the order asked. */
export function resolveRanges(value: string, length: Bytes): ResolvedRanges {
  const specs = parseRange(value)
  if (specs === undefined || specs.length > MAX_RANGES) return { kind: 'ignore' }
  // No Content-Range can describe a part of nothing.
  if (length === 0 && specs.some(spec => 'suffix' in spec && spec.suffix > 0)) return { kind: 'ignore' }
  const ranges = specs.map(spec => resolveSpec(spec, length)).filter(range => range !== undefined)
  if (ranges.length === 0) return { kind: 'unsatisfiable' }
  return isAbusive(ranges, length) ? { kind: 'ignore' } : { kind: 'ranges', ranges }
}

function resolveSpec(spec: RangeSpec, length: Bytes): ByteRange | undefined {
  if ('suffix' in spec) {
    if (spec.suffix === 0) return undefined
    return { first: bytes(Math.max(0, length - spec.suffix)), last: bytes(length - 1) }
  }
  if (spec.first >= length) return undefined
  return { first: spec.first, last: bytes(Math.min(spec.last ?? length, length - 1)) }
}

function isAbusive(ranges: readonly ByteRange[], length: Bytes): boolean {
  if (ranges.length === 1) return false
  const total = ranges.reduce((sum, range) => sum + rangeLength(range), 0)
  const overlaps = ranges.filter((range, at) => ranges.slice(0, at).some(other => overlap(range, other)))
  return total > length || overlaps.length > MAX_OVERLAPS
}

function overlap(one: ByteRange, other: ByteRange): boolean {
  return one.first <= other.last && other.first <= one.last
}

/** How many octets a range holds. */
export function rangeLength(range: ByteRange): Bytes {
  return bytes(range.last - range.first + 1)
}

/** The Content-Range of a 206 (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, length: Bytes): string {
  return `bytes ${range.first}-${range.last}/${length}`
}

/** The Content-Range of a 416 (RFC 9110 §15.5.17). */
export function unsatisfiedContentRange(length: Bytes): string {
  return `bytes */${length}`
}

export interface ContentRange extends ByteRange {
  /** Of the whole representation; undefined for `*`. */
  readonly complete: Bytes | undefined
}

/** A 206's Content-Range; undefined where it is malformed, of another unit, or contradicts itself (RFC 9110 §14.4). */
export function parseContentRange(value: string): ContentRange | undefined {
  const parts = /^bytes[ \t]+(\d+)-(\d+)\/(\d+|\*)$/i.exec(trimOws(value))
  const [first, last] = [octets(parts?.[1]), octets(parts?.[2])]
  if (parts === null || first === undefined || last === undefined || last < first) return undefined
  const complete = parts[3] === '*' ? undefined : octets(parts[3])
  return complete !== undefined && last >= complete ? undefined : { first, last, complete }
}
