// Which route does a request take?
//
// The most specific one whose method and `when` hold too; if they don't, the next most
// specific (contract §2). Routes hang in a tree of path segments, so that the cost of a
// match follows the path's length, not the number of routes: one look-up per segment,
// no regular expression, and nothing allocated but the segments' text. Routes at one
// place of the tree are kept in order: named method before none, more conditions first.
// Two that could take the same request there are a tie, which `findTies` reports.

import type { PresentedRequest } from '../http/message.ts'
import { areExclusive, conditionsHold, failedCondition } from './conditions.ts'
import { compareSpecificity, pathMismatch, type Segment } from './path-pattern.ts'
import type { Route } from './route.ts'

interface Place {
  literals: Map<string, Place> | undefined
  param: Place | undefined
  any: Place | undefined
  /** Routes whose pattern ends here. */
  ends: Route[]
  /** Routes whose pattern goes on with `**` here. */
  rests: Route[]
}

/** Why a route did not take a request. */
export interface Loser {
  readonly route: Route
  readonly lost: string
}

const SLASH = 47

export class Router {
  readonly routes: readonly Route[]
  /** Takes what no route matches. */
  readonly fallback: Route
  readonly #root: Place = emptyPlace()

  constructor(routes: readonly Route[], fallback: Route) {
    this.routes = routes
    this.fallback = fallback
    for (const route of routes) placeFor(this.#root, route).push(route)
    sortPlaces(this.#root)
  }

  /** The route that takes the request; `fallback` where none matches. */
  match(request: PresentedRequest): Route {
    if (request.path.charCodeAt(0) !== SLASH) return this.fallback
    return descend(this.#root, 0, request) ?? this.fallback
  }

  /** Routes whose path pattern matches, whatever the method and `when`; most specific first. */
  matchingPath(path: string): Route[] {
    return this.routes.filter(route => pathMismatch(route.pattern, path) === undefined).sort(compareRoutes)
  }

  /** Every route that did not take the request, with the reason, in the configuration's order. */
  losers(request: PresentedRequest): Loser[] {
    const winner = this.match(request)
    return this.routes
      .filter(route => route !== winner)
      .map(route => ({ route, lost: whyLost(route, winner, request) }))
  }
}

function emptyPlace(): Place {
  return { literals: undefined, param: undefined, any: undefined, ends: [], rests: [] }
}

function placeFor(root: Place, route: Route): Route[] {
  let place = root
  for (const segment of route.pattern.segments) {
    if (segment.kind === 'rest') return place.rests
    place = childFor(place, segment)
  }
  return place.ends
}

function childFor(place: Place, segment: Exclude<Segment, { kind: 'rest' }>): Place {
  if (segment.kind !== 'literal') {
    place[segment.kind] ??= emptyPlace()
    return place[segment.kind] as Place
  }
  place.literals ??= new Map()
  let child = place.literals.get(segment.text)
  if (child === undefined) {
    child = emptyPlace()
    place.literals.set(segment.text, child)
  }
  return child
}

function sortPlaces(place: Place): void {
  place.ends.sort(compareRoutes)
  place.rests.sort(compareRoutes)
  for (const child of place.literals?.values() ?? []) sortPlaces(child)
  if (place.param !== undefined) sortPlaces(place.param)
  if (place.any !== undefined) sortPlaces(place.any)
}

/** Negative when `a` is asked before `b`. */
export function compareRoutes(a: Route, b: Route): number {
  return compareSpecificity(a.pattern, b.pattern) || compareBesidesPath(a, b)
}

function compareBesidesPath(a: Route, b: Route): number {
  return Number(a.methods === undefined) - Number(b.methods === undefined) || b.when.length - a.when.length
}

/** `at` is the index of the "/" before the next segment, or the path's length at its end. */
function descend(place: Place, at: number, request: PresentedRequest): Route | undefined {
  const path = request.path
  if (at === path.length) return firstTaking(place.ends, request) ?? firstTaking(place.rests, request)
  const slash = path.indexOf('/', at + 1)
  const end = slash < 0 ? path.length : slash
  const literal = place.literals?.get(path.slice(at + 1, end))
  let route = literal === undefined ? undefined : descend(literal, end, request)
  if (route === undefined && end > at + 1) {
    if (place.param !== undefined) route = descend(place.param, end, request)
    if (route === undefined && place.any !== undefined) route = descend(place.any, end, request)
  }
  return route ?? firstTaking(place.rests, request)
}

function firstTaking(routes: readonly Route[], request: PresentedRequest): Route | undefined {
  for (const route of routes) {
    if (takesMethod(route, request.method) && conditionsHold(route.when, request)) return route
  }
  return undefined
}

function takesMethod(route: Route, method: string): boolean {
  return route.methods === undefined || route.methods.has(method)
}

function whyLost(route: Route, winner: Route, request: PresentedRequest): string {
  const path = pathMismatch(route.pattern, request.path)
  if (path !== undefined) return `path: ${path}`
  if (!takesMethod(route, request.method))
    return `method: ${request.method} is not ${[...(route.methods ?? [])].join('|')}`
  const condition = failedCondition(route.when, request)
  if (condition !== undefined) return `when: ${condition} does not hold`
  return `less specific than ${winner.name}: ${moreSpecificIn(winner, route)}`
}

function moreSpecificIn(winner: Route, loser: Route): string {
  if (compareSpecificity(winner.pattern, loser.pattern) !== 0) {
    return `${winner.pattern.text} comes before ${loser.pattern.text}`
  }
  return winner.methods !== undefined && loser.methods === undefined
    ? 'a named method comes before none'
    : 'more `when` conditions come first'
}

/** Pairs of routes that could take the same request with nothing to prefer one (contract: an error). */
export function findTies(routes: readonly Route[]): (readonly [Route, Route])[] {
  const ties: (readonly [Route, Route])[] = []
  for (const group of groupsOfOnePlace(routes)) {
    for (const [index, one] of group.entries()) {
      for (const other of group.slice(index + 1).filter(later => tie(one, later))) ties.push([one, other])
    }
  }
  return ties
}

/** Routes at one place of the tree, so that the pairs looked at stay few. */
function groupsOfOnePlace(routes: readonly Route[]): Iterable<Route[]> {
  const groups = new Map<string, Route[]>()
  for (const route of routes) {
    const shape = route.pattern.segments.map(shapeOf).join('/')
    const group = groups.get(shape)
    if (group === undefined) groups.set(shape, [route])
    else group.push(route)
  }
  return groups.values()
}

function shapeOf(segment: Segment): string {
  return segment.kind === 'literal' ? segment.text : `{${segment.kind}}`
}

function tie(a: Route, b: Route): boolean {
  return compareBesidesPath(a, b) === 0 && sharedMethods(a, b) !== undefined && !areExclusive(a.when, b.when)
}

/** Methods that both take; 'all' where neither names any; undefined for none. */
export function sharedMethods(a: Route, b: Route): readonly string[] | 'all' | undefined {
  if (a.methods === undefined && b.methods === undefined) return 'all'
  const shared = [...(a.methods ?? b.methods ?? [])].filter(method => takesMethod(a, method) && takesMethod(b, method))
  return shared.length === 0 ? undefined : shared
}
