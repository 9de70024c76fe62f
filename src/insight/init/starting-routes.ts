// Which routes would cache what this API document describes?
//
// One a path: its safe operations together, and one for its unsafe ones that purges what
// they change. Tags follow the path: the collection (`patients`) and, under a parameter,
// the member (`patients:{patient_id}`). Paths that Pillion could not tell apart (the same
// shape under other parameter names) become one route. Nothing is shared wider than the
// document's security says: `user` where a credential is asked for, else `auto`.

import { parsePattern } from '../../routing/path-pattern.ts'
import type { ApiDocument, Operation } from './openapi-document.ts'

export interface StartingRoute {
  readonly name: string
  readonly match: string
  readonly kind: 'read' | 'write' | 'off'
  readonly share: 'user' | 'auto'
  readonly tags: readonly string[]
  readonly purge: readonly string[]
  /** Query parameters that the document knows. */
  readonly query: readonly string[]
}

export interface StartingRoutes {
  readonly routes: readonly StartingRoute[]
  /** Paths that no `match` can express. */
  readonly left: readonly { readonly path: string; readonly why: string }[]
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Routes in the order of the document, names unique. */
export function startingRoutes(document: Pick<ApiDocument, 'operations'>): StartingRoutes {
  const places = new Map<string, { pattern: string; operations: Operation[] }>()
  const left: { path: string; why: string }[] = []
  for (const operation of document.operations) {
    const pattern = patternOf(operation.path)
    const parsed = parsePattern(pattern)
    if ('flaw' in parsed) {
      if (!left.some(({ path }) => path === operation.path))
        left.push({ path: operation.path, why: parsed.flaw.message })
      continue
    }
    const shape = parsed.pattern.segments.map(segment => (segment.kind === 'literal' ? segment.text : '{}')).join('/')
    const place = places.get(shape)
    if (place === undefined) places.set(shape, { pattern, operations: [operation] })
    else place.operations.push(operation)
  }
  const names = new Set<string>(['default'])
  const routes = [...places.values()].flatMap(place => routesAt(place, names))
  return { routes, left }
}

/** `{id:path}` of Starlette takes the rest; `{user-id}.json` and the like are one segment. */
function patternOf(path: string): string {
  const segments = path.split('/').map((segment, at, all) => {
    const named = /^\{([^{}:]+)(?::([a-z]+))?\}$/.exec(segment)
    if (named === null) return /[{}*]/.test(segment) ? '*' : segment
    if (named[2] === 'path' && at === all.length - 1) return '**'
    return `{${parameterName(named[1] as string)}}`
  })
  return distinct(segments).join('/')
}

function parameterName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '_')
  return /^[A-Za-z_]/.test(plain) ? plain : `p_${plain}`
}

function distinct(segments: readonly string[]): string[] {
  return segments.map((segment, at) => (segment.startsWith('{') && segments.indexOf(segment) < at ? '*' : segment))
}

interface Place {
  readonly pattern: string
  readonly operations: readonly Operation[]
}

function routesAt({ pattern, operations }: Place, names: Set<string>): StartingRoute[] {
  const safe = operations.filter(({ method }) => method === 'GET' || method === 'HEAD')
  const unsafe = operations.filter(({ method }) => !SAFE.has(method))
  const found: StartingRoute[] = []
  const tags = tagsOf(pattern)
  const common = { tags: [], purge: [], query: [] as readonly string[] }
  if (safe.length > 0) {
    const share = safe.some(({ secured }) => secured) ? 'user' : 'auto'
    const query = [...new Set(safe.flatMap(operation => operation.query))]
    const name = nameFor(pattern, '', names)
    found.push({ ...common, name, match: `GET ${pattern}`, kind: 'read', share, tags, query })
  }
  if (unsafe.length > 0) {
    const methods = [...new Set(unsafe.map(({ method }) => method))].join('|')
    const name = nameFor(pattern, '-writes', names)
    const kind = isSignIn(pattern) ? 'off' : 'write'
    const purge = kind === 'off' ? [] : purgesOf(pattern)
    found.push({ ...common, name, match: `${methods} ${pattern}`, kind, share: 'auto', purge })
  }
  return found
}

const SIGN_IN = /(^|\/)(auth|oauth2?|login|logout|log-?in|log-?out|sign-?in|sign-?out|token|session)s?(\/|$)/i
const isSignIn = (pattern: string): boolean => SIGN_IN.test(pattern)

interface Spot {
  readonly collection: string
  readonly parameter: string | undefined
}

/** `/api/v1/patients/{id}/notes` → patients with {id}, notes without. */
function spotsOf(pattern: string): Spot[] {
  const spots: Spot[] = []
  const segments = pattern.split('/').filter(segment => segment !== '')
  for (const [at, segment] of segments.entries()) {
    if (/^[{*]/.test(segment) || /^(api|rest|v\d+(\.\d+)*)$/i.test(segment)) continue
    const next = segments[at + 1]
    const parameter = next?.startsWith('{') ? next : undefined
    spots.push({ collection: segment.replace(/[^A-Za-z0-9_.-]/g, '_'), parameter })
  }
  return spots
}

/** What the response may be purged by: its collection, and the member it is about. */
function tagsOf(pattern: string): string[] {
  const spots = spotsOf(pattern)
  const tags = spots.flatMap(({ collection, parameter }, at) => [
    ...(at === spots.length - 1 ? [collection] : []),
    ...(parameter === undefined ? [] : [`${collection}:${parameter}`]),
  ])
  return [...new Set(tags)]
}

/** A write changes its collection's lists and the member it names, with all below it. */
function purgesOf(pattern: string): string[] {
  const spots = spotsOf(pattern)
  const nearest = spots.findLast(({ parameter }) => parameter !== undefined)
  const own = spots.at(-1)
  const tags = [own?.collection, nearest === undefined ? undefined : `${nearest.collection}:${nearest.parameter}`]
  return [...new Set(tags.filter(tag => tag !== undefined))]
}

function nameFor(pattern: string, suffix: string, names: Set<string>): string {
  const words = pattern.split('/').filter(segment => segment !== '' && !/^(api|rest|v\d+|\*\*?)$/i.test(segment))
  const plain = words.map(word => word.replace(/[{}]/g, '').replace(/[^A-Za-z0-9_.-]+/g, '-')).join('-')
  const base = (plain === '' ? 'root' : plain).slice(0, 64 - suffix.length - 4) + suffix
  let name = base
  for (let number = 2; names.has(name); number += 1) name = `${base}-${number}`
  names.add(name)
  return name
}
