// Which query parameters count, and in which order?
//
// A parameter is what stands between two `&`, byte for byte; its name ends at the first
// `=`. `?a` and `?a=` are two things, and so are a bare `?` and none: the origin sees
// them, so the key tells them apart. Order never matters between parameters of
// different names; those of one name keep theirs. "One name" means equal once decoded,
// for an origin that takes the last of `a=1&%61=2` must not be handed the other order's
// answer. What the rule leaves out is not sent to the origin in a request that may be
// stored, so that no two answers hide behind one key (contract §3).

import type { KeptQuery } from '../config/route-values.ts'

/** The parameters as sent; none for no query, one empty one for a bare `?`. */
export function parametersOf(query: string | undefined): string[] {
  return query === undefined ? [] : query.split('&')
}

export function parameterName(parameter: string): string {
  const equals = parameter.indexOf('=')
  return equals < 0 ? parameter : parameter.slice(0, equals)
}

/** The kept parameters sorted stably by name: the query's part of the key; undefined where none is left. */
export function keyedQuery(rule: KeptQuery, query: string | undefined): string | undefined {
  if (query === undefined) return undefined
  const kept = forwardedQuery(rule, query)
  return kept?.includes('&') ? inNameOrder(kept) : kept
}

/** The query that goes to the origin with a request that may be stored: kept parameters in the client's order. */
export function forwardedQuery(rule: KeptQuery, query: string | undefined): string | undefined {
  if (query === undefined || rule.kind === 'all') return query
  if (rule.kind === 'none') return undefined
  const wanted = rule.kind === 'only'
  const kept = query.split('&').filter(parameter => isListed(rule.names, parameterName(parameter)) === wanted)
  return kept.length === 0 ? undefined : kept.join('&')
}

function isListed(names: readonly string[], name: string): boolean {
  for (const listed of names) {
    if (listed === name || (listed.endsWith('*') && name.startsWith(listed.slice(0, -1)))) return true
  }
  return false
}

function inNameOrder(query: string): string {
  const parameters = query.split('&').map(text => ({ text, name: decodedName(text) }))
  // Array sort is stable: parameters of one name keep their order.
  parameters.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return parameters.map(({ text }) => text).join('&')
}

function decodedName(parameter: string): string {
  const name = parameterName(parameter)
  if (!name.includes('%') && !name.includes('+')) return name
  return name
    .replaceAll('+', ' ')
    .replace(/%[0-9A-Fa-f]{2}/g, octet => String.fromCharCode(Number.parseInt(octet.slice(1), 16)))
}
