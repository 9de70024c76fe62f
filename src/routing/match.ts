// Which methods and paths does a `match` line name?
//
// `[METHOD|METHOD…] PATH` (contract §2). Methods are case-sensitive (RFC 9110 §9.1), so
// `get` is refused instead of never matching. GET brings HEAD with it. CONNECT never
// gets as far as a route.

import { isToken } from '../http/list-syntax.ts'
import { type PathPattern, parsePattern, type TextFlaw } from './path-pattern.ts'

export interface CompiledMatch {
  /** Undefined: all. */
  readonly methods: ReadonlySet<string> | undefined
  readonly pattern: PathPattern
}

/** Reads a `match` line; the flaw's place counts from the line's beginning. Never throws. */
export function compileMatch(text: string): CompiledMatch | { readonly flaw: TextFlaw } {
  const parts = /^(?:([^\s/]\S*)\s+)?(\S.*)$/s.exec(text)
  const methods = parts?.[1]
  const path = parts?.[2] ?? ''
  const at = text.length - path.length
  if (methods === undefined && !path.startsWith('/')) return { flaw: noPath(text) }
  const flaw = methods === undefined ? undefined : methodsFlaw(methods)
  if (flaw !== undefined) return { flaw }
  const parsed = parsePattern(path)
  if ('flaw' in parsed) return { flaw: { ...parsed.flaw, at: at + parsed.flaw.at } }
  return { methods: methods === undefined ? undefined : methodSet(methods), pattern: parsed.pattern }
}

function noPath(text: string): TextFlaw {
  const only = /^[A-Z|]+\s*$/.test(text) ? `"${text}" has no path` : `"${text}" does not begin with a method or "/"`
  return { message: only, hint: 'write `[METHOD|METHOD…] PATH`, such as `GET /api/items/{id}`', at: 0 }
}

function methodsFlaw(methods: string): TextFlaw | undefined {
  let at = 0
  for (const method of methods.split('|')) {
    const flaw = methodFlaw(method)
    if (flaw !== undefined) return { ...flaw, at }
    at += method.length + 1
  }
  return undefined
}

function methodFlaw(method: string): Omit<TextFlaw, 'at'> | undefined {
  if (method === '') return { message: 'a method is missing beside "|"', hint: 'write `GET|POST`, without spaces' }
  if (!isToken(method)) return { message: `"${method}" is no method`, hint: 'several methods are joined by "|"' }
  if (method === 'CONNECT') return { message: 'CONNECT is answered 501, so no route can match it' }
  const upper = method.toUpperCase()
  return upper === method ? undefined : { message: `"${method}" is no method`, hint: `did you mean \`${upper}\`?` }
}

function methodSet(methods: string): ReadonlySet<string> {
  const named = new Set(methods.split('|'))
  if (named.has('GET')) named.add('HEAD')
  return named
}
