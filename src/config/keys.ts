// How is a key declared, and how is the schema walked?
//
// A key is one line: its kind, and what is to be said of it (default as written in the
// file, one or two sentences, an example). Validation, types, the JSON Schema, the
// reference page, suggestions and redaction all come from that line. The walking
// functions see through what zod wraps around a kind.

import { z } from 'zod'

export interface About {
  /** As it would be written in the file; absent: the key has no default. */
  readonly default?: unknown
  readonly prose: string
  readonly examples?: readonly unknown[]
}

/** A key of a section: optional, or filled with its default. */
export function key<T extends z.ZodType>(kind: T, about: About & { readonly default: unknown }): z.ZodPrefault<T>
export function key<T extends z.ZodType>(kind: T, about: About): z.ZodOptional<T>
export function key(kind: z.ZodType, about: About): z.ZodType {
  const examples = about.examples === undefined ? {} : { examples: [...about.examples] }
  const meta = { description: about.prose, ...examples }
  if (about.default === undefined) return kind.optional().meta(meta)
  return kind.prefault(about.default).meta({ ...meta, default: about.default })
}

/** A key that has to be there. */
export function requiredKey<T extends z.ZodType>(kind: T, about: Omit<About, 'default'>): T {
  return kind.meta({
    description: about.prose,
    ...(about.examples === undefined ? {} : { examples: [...about.examples] }),
  })
}

/** The same key without its default: left out, it stays undefined. */
export function withoutDefault(schema: z.ZodType): z.ZodOptional<z.ZodType> {
  const inner =
    schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema
  return inner.optional().meta(schema.meta() ?? {})
}

/** The kind inside optionals, defaults and what is done before or after reading it. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return unwrapped(schema.unwrap() as z.ZodType)
  if (schema instanceof z.ZodPipe) {
    return unwrapped((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType)
  }
  return schema
}

/** Keys that the section knows, in the order of the file; empty where it is no section. */
export function keysOf(schema: z.ZodType): string[] {
  const kind = unwrapped(schema)
  if (kind instanceof z.ZodUnion) return kind.options.flatMap(option => keysOf(option as z.ZodType))
  return kind instanceof z.ZodObject ? Object.keys(kind.shape) : []
}

/** What stands under `part` of a section, map or list; undefined where nothing can. */
export function childOf(schema: z.ZodType, part: string | number): z.ZodType | undefined {
  const kind = unwrapped(schema)
  if (kind instanceof z.ZodObject) {
    if (Object.hasOwn(kind.shape, part)) return kind.shape[part] as z.ZodType
    const { catchall } = kind.def
    return catchall === undefined || catchall instanceof z.ZodNever ? undefined : (catchall as z.ZodType)
  }
  if (kind instanceof z.ZodRecord) return kind.valueType as z.ZodType
  if (kind instanceof z.ZodArray) return kind.element as z.ZodType
  if (kind instanceof z.ZodUnion) {
    for (const option of kind.options) {
      const child = childOf(option as z.ZodType, part)
      if (child !== undefined) return child
    }
  }
  return undefined
}
