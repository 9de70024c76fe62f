// In which coding does this client get this content?
//
// Facts about one response and one client's wishes in, one Choice out. Left alone are:
// what says no-transform, on either side (RFC 9111 §5.2.1.6, §5.2.2.6); parts of a
// representation; media that is compressed already; what is too small to gain. Content
// that the origin coded goes to whoever takes that coding, and decoded to whoever
// doesn't. Where a client excludes identity, size and type don't count.

import { contentCodings, MADE_CODINGS, type MadeCoding, type TaggedCoding } from '../http/content-coding.ts'
import { type Fields, fieldValue, hasField } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import { type Preference, preferenceOf } from './preference.ts'

export interface Choice {
  /** `as-is`: the content as it came from the origin. */
  readonly target: TaggedCoding | 'as-is'
  /** What the origin's coding has to be taken off, for target `identity`. */
  readonly from: MadeCoding | undefined
  /** Another Accept-Encoding could have got another form: Vary says so. */
  readonly negotiable: boolean
  readonly preference: Preference | undefined
}

/** Below this the fields that tell of the coding cost what it saves. */
const SMALLEST = 256
/** Content that is coded for one client alone and forgotten has to be worth more: less than this fits in three packets anyway. */
const SMALLEST_UNKEPT = 4096

const LEFT_ALONE: Choice = { target: 'as-is', from: undefined, negotiable: false, preference: undefined }
const NO_CONTENT: ReadonlySet<number> = new Set([204, 205, 206, 304])

/** What a client says about codings. */
export interface Wishes {
  /** What the route allows, best first where the client has no preference. */
  readonly codings: readonly MadeCoding[]
  /** The combined value of Accept-Encoding. */
  readonly acceptEncoding: string | undefined
  /** The request says no-transform. */
  readonly untouched: boolean
  /** The coded form will serve this client alone. */
  readonly once?: boolean
}

/** `length`: octets of the content where it is known. */
export function chooseCoding(wishes: Wishes, response: ResponseHead, length: number | undefined): Choice {
  const { codings, acceptEncoding } = wishes
  const { status, fields } = response
  if (status < 200 || NO_CONTENT.has(status) || hasField(fields, 'content-range')) return LEFT_ALONE
  if (wishes.untouched || forbidsTransform(fields)) return LEFT_ALONE
  const applied = contentCodings(fields)
  if (applied.length > 1 || (applied.length === 0 && codings.length === 0)) return LEFT_ALONE
  const preference = preferenceOf(codings, acceptEncoding)
  const negotiated = { from: undefined, negotiable: true, preference }
  const [own] = applied
  if (own !== undefined) {
    const from = MADE_CODINGS.find(coding => coding === own)
    if (from === undefined) return LEFT_ALONE
    const decodes = !preference.accepts.has(from) && preference.identity
    return decodes ? { ...negotiated, target: 'identity', from } : { ...negotiated, target: 'as-is' }
  }
  const smallest = wishes.once === true ? SMALLEST_UNKEPT : SMALLEST
  const worthIt = isCompressible(fields) && (length === undefined || length >= smallest)
  if (!worthIt && (preference.identity || length === 0)) return LEFT_ALONE
  return { ...negotiated, target: preference.best === 'identity' ? 'as-is' : preference.best }
}

/** Whether the response might be sent in a coding to somebody. */
export function isCompressible(fields: Fields): boolean {
  const type = fieldValue(fields, 'content-type')
  return type !== undefined && COMPRESSIBLE.test(type)
}

/** Text in all its forms, and the binary formats that nobody compressed before. */
const COMPRESSIBLE = new RegExp(
  '^(?:text/' +
    '|application/(?:json|javascript|x-javascript|ecmascript|xml|xhtml|graphql|wasm|manifest|x-ndjson|ndjson|jsonl|jwk-set' +
    '|yaml|x-yaml|toml|sql|rtf|x-www-form-urlencoded|vnd\\.ms-fontobject|x-protobuf|protobuf|cbor|msgpack)\\b' +
    '|[^;]*\\+(?:json|xml|yaml|text|cbor)\\s*(?:;|$)' +
    '|font/(?:ttf|otf|collection)|image/(?:bmp|svg|x-icon|vnd\\.microsoft\\.icon)|model/)',
  'i',
)

export function forbidsTransform(fields: Fields): boolean {
  const control = fieldValue(fields, 'cache-control')
  return control !== undefined && /(?:^|[\s,])no-transform(?:$|[\s,])/i.test(control)
}
