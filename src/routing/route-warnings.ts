// What in the routes is allowed but probably not meant?
//
// A warning each: `origin: override` where more than one user shares, since it stores what
// the origin calls private; `override` or `cap` without any lifetime to put in its place; a
// route whose requests another takes; and a purged tag that nothing carries but that
// resembles one. Tags may come from the origin's own headers, so an unknown one alone says
// nothing.

import type { KeyPath } from '../config/problems.ts'
import { suggest } from '../config/suggest.ts'
import { type CompiledRoutes, writtenAt } from './compiled-routes.ts'
import type { Condition } from './conditions.ts'
import type { PathPattern, Segment, TextFlaw } from './path-pattern.ts'
import type { Route } from './route.ts'
import { compareRoutes } from './router.ts'
import { couldRender } from './tag-template.ts'

export interface RouteWarning {
  readonly code: string
  readonly path: KeyPath
  readonly flaw: TextFlaw
}

export function routeWarnings(compiled: CompiledRoutes): RouteWarning[] {
  return [...originWarnings(compiled), ...shadowWarnings(compiled.router.routes), ...tagWarnings(compiled)]
}

function originWarnings({ router, written }: CompiledRoutes): RouteWarning[] {
  const warnings: RouteWarning[] = []
  for (const route of [...router.routes, router.fallback]) {
    const settings = written.get(route.name)
    const flaw = originFlaw(route)
    if (settings !== undefined && flaw !== undefined) {
      warnings.push({ code: 'origin-rule', path: writtenAt(settings, 'origin'), flaw: { at: 0, ...flaw } })
    }
  }
  return warnings
}

function originFlaw(route: Route): Omit<TextFlaw, 'at'> | undefined {
  const { origin, ttl, statuses } = route.lifetime
  if (route.cache === 'off' || origin === 'obey') return undefined
  if (ttl === undefined && statuses.size === 0) {
    const message = `\`origin: ${origin}\` does nothing on \`${route.name}\`: there is neither \`ttl\` nor \`statuses\``
    return { message, hint: 'add `ttl`, or leave `origin` out' }
  }
  if (origin === 'cap' || route.share.kind === 'user') return undefined
  const { kind } = route.share
  const shared =
    kind === 'everyone' ? 'everyone' : kind === 'auto' ? 'every request without credentials' : 'all whom it accepts'
  const message = `\`origin: override\` on \`${route.name}\` gives ${shared} the same response even where the origin says \`private\` or \`no-store\``
  return { message, hint: 'use `share: user`, or `origin: cap` to keep what the origin forbids' }
}

/** Only `*` where another route has `{name}` can be covered whole by something more specific. */
function shadowWarnings(routes: readonly Route[]): RouteWarning[] {
  const warnings: RouteWarning[] = []
  for (const route of routes) {
    if (!route.pattern.segments.some(segment => segment.kind === 'any')) continue
    const cover = routes.find(other => compareRoutes(other, route) < 0 && covers(other, route))
    if (cover === undefined) continue
    const message = `\`${route.name}\` never takes a request: \`${cover.name}\` (${cover.match}) takes all of them first`
    const flaw = { message, hint: '`{name}` comes before `*`; remove one of the two', at: 0 }
    warnings.push({ code: 'shadowed', path: ['routes', route.name, 'match'], flaw })
  }
  return warnings
}

function covers(wider: Route, route: Route): boolean {
  if (!patternCovers(wider.pattern, route.pattern)) return false
  const methods = wider.methods
  if (
    methods !== undefined &&
    (route.methods === undefined || [...route.methods].some(method => !methods.has(method)))
  ) {
    return false
  }
  return wider.when.every(condition => route.when.some(other => isSame(condition, other)))
}

function isSame(a: Condition, b: Condition): boolean {
  if (a.on === 'host' || b.on === 'host') return a.on === 'host' && b.on === 'host' && a.value === b.value
  return a.on === b.on && a.name === b.name && a.expected === b.expected
}

function patternCovers(wider: PathPattern, pattern: PathPattern): boolean {
  if (wider.segments.length !== pattern.segments.length) return false
  return wider.segments.every((segment, index) => segmentCovers(segment, pattern.segments[index] as Segment))
}

function segmentCovers(wider: Segment, segment: Segment): boolean {
  if (wider.kind === 'rest' || segment.kind === 'rest') return wider.kind === segment.kind
  if (wider.kind !== 'literal') return segment.kind !== 'literal' || segment.text !== ''
  return segment.kind === 'literal' && segment.text === wider.text
}

function tagWarnings({ router, written }: CompiledRoutes): RouteWarning[] {
  const routes = [...router.routes, router.fallback]
  const tags = routes.flatMap(route => route.tags)
  const carried = new Set(tags.map(withoutNames))
  const warnings: RouteWarning[] = []
  for (const route of routes) {
    const settings = written.get(route.name)
    for (const { text } of route.purge) {
      if (carried.has(withoutNames({ text })) || tags.some(tag => couldRender(tag, text))) continue
      const meant = suggest(text, new Set(tags.map(tag => tag.text)))
      if (settings === undefined || meant === undefined) continue
      const flaw = { message: `no route's \`tags\` holds "${text}"`, hint: `did you mean \`${meant}\`?`, at: 0 }
      warnings.push({
        code: 'unknown-tag',
        path: [...writtenAt(settings, 'purge'), settings.purge.indexOf(text)],
        flaw,
      })
    }
  }
  return warnings
}

/** `patient:{id}` and `patient:{patient}` are the same tag. */
function withoutNames({ text }: { readonly text: string }): string {
  return text.replaceAll(/\{[^{}]*\}/g, '{}')
}
