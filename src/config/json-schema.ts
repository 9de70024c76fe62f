// What do editors need to know of the file?
//
// The JSON Schema (draft 2020-12) of what may be written, generated from the same table
// that validates: descriptions, defaults and examples included, `${VAR}` allowed where a
// scalar is, empty sections too. Annotations only zod knows are taken out.

import { z } from 'zod'
import { rootSchema } from './schema.ts'

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

const VARIABLE = {
  title: 'variable',
  description: `Text with variables: \${NAME}, or \${NAME:-default}, taken from the environment.`,
  type: 'string',
  pattern: '\\$\\{',
}

/** A fresh copy; `pillion schema` prints it. */
export function jsonSchema(): JsonSchema {
  const { $schema, ...body } = z.toJSONSchema(rootSchema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: restoreAnnotations,
  })
  const root = tidy(body) as Record<string, unknown>
  return { $schema, title: 'Pillion configuration', ...root, type: 'object', $defs: { variable: VARIABLE } }
}

/** zod leaves these out wherever a value is transformed, supposing that they are output; ours are as written. */
function restoreAnnotations(about: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const meta = z.globalRegistry.get(about.zodSchema) as
    | { examples?: unknown[]; default?: z.core.JSONSchema.BaseSchema['default'] }
    | undefined
  if (meta?.examples !== undefined) about.jsonSchema.examples = meta.examples
  if (meta?.default !== undefined) about.jsonSchema.default = meta.default
}

function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node)
    .filter(([keyword, value]) => !isSurplus(keyword, value))
    .map(([keyword, value]) => [keyword, isAnnotation(keyword) ? value : tidy(value)])
  const tidied = Object.fromEntries(entries) as Record<string, unknown>
  return mayBeLeftEmpty(tidied) ? { ...tidied, type: [tidied['type'], 'null'] } : tidied
}

function isAnnotation(keyword: string): boolean {
  return keyword === 'default' || keyword === 'examples'
}

function isSurplus(keyword: string, value: unknown): boolean {
  if (keyword === 'format') return value === 'starts_with'
  return (
    keyword === 'default' &&
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 0 &&
    !Array.isArray(value)
  )
}

/** Sections and lists with nothing below them count as empty. */
function mayBeLeftEmpty(node: Readonly<Record<string, unknown>>): boolean {
  return (
    (node['type'] === 'object' && ('properties' in node || 'additionalProperties' in node)) ||
    (node['type'] === 'array' && 'items' in node)
  )
}
