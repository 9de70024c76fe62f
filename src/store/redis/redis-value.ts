// What lies under one name in Redis?
//
// Either a stored response's frame, or, where the origin varies, the list of its variants:
// the nominated names and the ids of the variants that are there, newest first. In front
// stands the incarnation that wrote it, and a letter for which of the two it is; the rest
// is sealed for its name and letter. What can't be opened or read is `undefined`: a miss.

import type { Fields } from '../../http/fields.ts'
import { type Conceal, type NominatedField, normalisedValue } from '../../http/vary.ts'
import { decodeStoredResponse, encodeStoredResponse } from '../codec.ts'
import type { StoredResponse } from '../stored-response.ts'
import type { Digest } from './key-names.ts'
import type { Seal } from './seal.ts'

/** The variants of one key, by nominated names in lower case. */
export interface VariantList {
  readonly names: readonly string[]
  /** Newest first. */
  readonly ids: readonly string[]
}

export type RedisValue =
  | { readonly kind: 'response'; readonly response: StoredResponse }
  | { readonly kind: 'variants'; readonly variants: VariantList }

/** Sixteen hexadecimal digits and a letter. */
const HEADER = 17
/** The same bound as in memory. */
const MOST_VARIANTS = 64

export interface ValueContext {
  readonly incarnation: string
  readonly name: string
  readonly seal: Seal
}

export function writeResponse(response: StoredResponse, context: ValueContext): Buffer {
  return write('R', encodeStoredResponse(response), context)
}

export function writeVariants(variants: VariantList, context: ValueContext): Buffer {
  return write('V', Buffer.from(JSON.stringify(variants)), context)
}

function write(letter: 'R' | 'V', plain: Buffer, { incarnation, name, seal }: ValueContext): Buffer {
  return Buffer.concat([Buffer.from(incarnation + letter, 'latin1'), seal.seal(`${letter}${name}`, plain)])
}

/** Another incarnation's value is no damage, but a miss all the same. */
export function readValue(value: Buffer, context: ValueContext): RedisValue | 'other-incarnation' | undefined {
  if (value.length < HEADER) return undefined
  if (value.toString('latin1', 0, HEADER - 1) !== context.incarnation) return 'other-incarnation'
  const letter = String.fromCharCode(value[HEADER - 1] as number)
  const plain = context.seal.open(`${letter}${context.name}`, value.subarray(HEADER))
  if (plain === undefined) return undefined
  if (letter === 'V') return readVariants(plain)
  const response = letter === 'R' ? decodeStoredResponse(plain) : undefined
  return response === undefined ? undefined : { kind: 'response', response }
}

function readVariants(plain: Buffer): RedisValue | undefined {
  const isTexts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every(text => typeof text === 'string')
  try {
    const { names, ids } = JSON.parse(plain.toString()) as { names?: unknown; ids?: unknown }
    return isTexts(names) && isTexts(ids) ? { kind: 'variants', variants: { names, ids } } : undefined
  } catch {
    // Not JSON: damaged, like any other value that can't be read.
    return undefined
  }
}

/** The list with one more variant; a list of other names starts anew. */
export function withVariant(former: VariantList | undefined, names: readonly string[], id: string): VariantList {
  const kept = former !== undefined && sameNames(former.names, names) ? former.ids.filter(other => other !== id) : []
  return { names, ids: [id, ...kept].slice(0, MOST_VARIANTS) }
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at])
}

export function variantIdOf(nominated: readonly NominatedField[], digest: Digest): string {
  return digest(JSON.stringify(nominated.map(({ name, value }) => [name, value ?? null])))
}

/** The id that a request would select. */
export function variantIdFor(
  variants: VariantList,
  presented: Fields,
  way: { digest: Digest; conceal: Conceal },
): string {
  const nominated = variants.names.map(name => {
    const value = normalisedValue(name, presented)
    return { name, value: value === undefined ? undefined : way.conceal(name, value) }
  })
  return variantIdOf(nominated, way.digest)
}
