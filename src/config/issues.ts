// What do zod's findings mean for the person who wrote the file?
//
// Each issue becomes one Problem (an unknown key each its own) with the place in the
// file and our words. In a union the branch that fits the shape of what was written
// speaks for all: whoever wrote a list wants to know what is wrong with the list.

import type { z } from 'zod'
import { formatKeyPath, type KeyPath, type Problem } from './problems.ts'
import type { ConfigurationSource } from './source-document.ts'
import { hintForUnknownKey } from './unknown-keys.ts'
import { asWritten, describeWritten } from './written.ts'

type Issue = z.core.$ZodIssue

interface Context {
  readonly root: z.ZodType
  readonly content: unknown
  readonly source: ConfigurationSource
}

export function problemsOf(issues: readonly Issue[], context: Context, base: KeyPath = []): Problem[] {
  return issues.flatMap(issue => {
    const path = [...base, ...issue.path.map(part => (typeof part === 'number' ? part : String(part)))]
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map(key => unknownKey(path, key, context))
      case 'invalid_union':
        return fromUnion(issue.errors, path, context)
      case 'invalid_key':
        return [invalidKey(issue.issues[0], path, context)]
      case 'invalid_type':
        return [wrongShape(issue.expected, path, context)]
      default:
        return [fromKind(issue, path, context)]
    }
  })
}

function problem(
  context: Context,
  about: Pick<Problem, 'code' | 'path' | 'message' | 'hint'>,
  of: 'key' | 'value' = 'value',
): Problem {
  return { severity: 'error', ...about, ...context.source.locate(about.path, { of }) }
}

/** `routes.x.ttl is missing`, `routes.x.ttl: 60 has no unit`. */
function sentence(path: KeyPath, message: string): string {
  const joint = /^(is|has|needs|names|holds)\b/.test(message) ? ' ' : ': '
  return path.length === 0 ? message : `${formatKeyPath(path)}${joint}${message}`
}

function unknownKey(path: KeyPath, key: string, context: Context): Problem {
  const full = [...path, key]
  const value = valueAt(context.content, full)
  const looksLikeRoute = typeof value === 'object' && value !== null && 'match' in value
  const where = path.length === 0 ? '' : ` in \`${formatKeyPath(path)}\``
  return problem(
    context,
    {
      code: 'unknown-key',
      path: full,
      message: `unknown key \`${key}\`${where}`,
      hint: hintForUnknownKey(context.root, path, { key, looksLikeRoute }),
    },
    'key',
  )
}

function invalidKey(issue: Issue | undefined, path: KeyPath, context: Context): Problem {
  const { code, hint } = paramsOf(issue)
  const message = issue?.message ?? 'is not a key'
  const key = String(path.at(-1))
  const text = message.startsWith('`') ? message : `\`${key}\` ${message}`
  return problem(context, { code: code ?? 'value', path, message: sentence(path.slice(0, -1), text), hint }, 'key')
}

function wrongShape(expected: string, path: KeyPath, context: Context): Problem {
  const value = valueAt(context.content, path)
  const [due, hint] =
    expected === 'array' ? ['a list', listHint(value)] : ['a map', 'write `key: value` lines below it']
  const message =
    path.length === 0
      ? `the file holds ${describeWritten(value)} where a map is due`
      : `${describeWritten(value)} where ${due} is due`
  return problem(context, { code: 'shape', path, message: sentence(path, message), hint })
}

function listHint(value: unknown): string {
  const written = asWritten(value)
  return written === undefined || written.text.includes('\n')
    ? 'write `- item` lines below it'
    : `write \`[${written.text}]\``
}

function fromKind(issue: Issue, path: KeyPath, context: Context): Problem {
  const { code, hint } = paramsOf(issue)
  const special = code === 'shape' ? shapeHint(path) : undefined
  return problem(context, {
    code: code ?? 'value',
    path,
    message: sentence(path, issue.message),
    hint: special ?? hint,
  })
}

function shapeHint(path: KeyPath): string | undefined {
  if (path.join('.') === 'upstream.url')
    return 'load balancing over several addresses is not in version 1; write one URL'
  return path.at(-1) === 'match' ? 'write one `[METHOD|METHOD…] PATH`; another path is another route' : undefined
}

function paramsOf(issue: Issue | undefined): { code?: string; hint?: string } {
  return issue?.code === 'custom' ? ((issue.params ?? {}) as { code?: string; hint?: string }) : {}
}

function fromUnion(branches: readonly (readonly Issue[])[], path: KeyPath, context: Context): Problem[] {
  const fitting = branches.find(issues => issues.length > 0 && !issues.some(issue => isShapeMismatch(issue)))
  return problemsOf(fitting ?? branches[0] ?? [], context, path)
}

function isShapeMismatch(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  return issue.code === 'invalid_type' || paramsOf(issue).code === 'shape'
}

/** What is written at `path`; undefined where nothing is. */
function valueAt(content: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, part)
      ? (value as Record<string, unknown>)[part]
      : undefined
  }, content)
}

/**
 * A copy of `content` without what `problems` are about, for finding out what else is wrong.
 *
 * A list goes as a whole, and so does a map that lacks a required key.
 */
export function withoutFaulty(content: unknown, problems: readonly Problem[]): unknown {
  const copy = structure(content)
  for (const { path, code } of problems) {
    const list = path.findIndex(part => typeof part === 'number')
    const whole = list >= 0 ? path.slice(0, list) : code === 'required' ? path.slice(0, -1) : path
    const parent = valueAt(copy, whole.slice(0, -1))
    const last = whole.at(-1)
    if (last === undefined) return Object.create(null)
    if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[last]
  }
  return copy
}

function structure(value: unknown): unknown {
  if (asWritten(value) !== undefined || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(structure)
  return Object.assign(
    Object.create(null),
    Object.fromEntries(Object.entries(value).map(([name, item]) => [name, structure(item)])),
  )
}
