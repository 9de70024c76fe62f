// From single requests to a profile of the traffic, in bounded memory.
//
// Logs and a running Pillion both come through here. Requests are told apart by route,
// method and path shape, up to a number of these; what comes after that counts for its
// route as a whole. Nothing grows with the traffic, and nothing is kept of a caller but
// what tells callers apart.

import type { OriginHeadEvent, RepresentationEvent, UncacheableEvent, VerifiedEvent } from '../../base/events.ts'
import { type EpochMs, epochMs } from '../../base/units.ts'
import type { TrafficProfile, TrafficRecord, WriteProfile } from '../traffic-profile.ts'
import { PathShapes } from './path-shape.ts'
import { ShapeGatherer } from './shape-gatherer.ts'

const MOST_SHAPES = 200
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'QUERY'])
/** Neither asks for nor writes anything. */
const ASIDE: ReadonlySet<string> = new Set(['OPTIONS', 'TRACE', 'CONNECT'])

type Located = Pick<TrafficRecord, 'route' | 'method' | 'path'>

interface Write {
  readonly route: string
  readonly method: string
  readonly shape: string
  requests: number
  successes: number
}

export class TrafficGatherer {
  readonly #source: TrafficProfile['source']
  readonly #shapes = new PathShapes()
  readonly #reads = new Map<string, ShapeGatherer>()
  readonly #writes = new Map<string, Write>()
  #from: EpochMs | undefined
  #to: EpochMs = epochMs(0)

  readonly #patternOf: (route: string) => string | undefined

  /** `patternOf`: the path of a route whose requests belong together as they are; undefined where shapes are to be learnt. */
  constructor(source: TrafficProfile['source'], patternOf: (route: string) => string | undefined = () => undefined) {
    this.#source = source
    this.#patternOf = patternOf
  }

  record(record: TrafficRecord): void {
    if (ASIDE.has(record.method)) return
    this.#from = epochMs(Math.min(this.#from ?? record.at, record.at))
    this.#to = epochMs(Math.max(this.#to, record.at))
    if (SAFE.has(record.method)) this.#recordRead(record)
    else this.#recordWrite(record)
  }

  look(event: RepresentationEvent): void {
    this.#readsOf(event)?.look(event, event)
  }

  /** Of what was really given; what would have been is told by `look` already. */
  verified(event: VerifiedEvent): void {
    if (event.asIf || (event.result !== 'same' && event.result !== 'changed')) return
    this.#readsOf(event)?.aged(event.age, event.result === 'changed')
  }

  head(event: OriginHeadEvent): void {
    this.#readsOf(event)?.head(event)
  }

  uncacheable(event: UncacheableEvent): void {
    this.#readsOf(event)?.uncacheable(event.reason)
  }

  /** `purges`: whether the route of this name has a `purge`. */
  profile(purges: (route: string) => boolean): TrafficProfile {
    const reads = [...this.#reads.values()].filter(each => each.requests > 0 && this.#isCurrent(each))
    const routes = reads.map(each => each.profile())
    routes.sort((a, b) => (b.originTime?.total ?? 0) - (a.originTime?.total ?? 0) || b.requests - a.requests)
    const writes: WriteProfile[] = [...this.#writes.values()]
      .map(write => ({ ...write, purges: purges(write.route) }))
      .sort((a, b) => b.requests - a.requests)
    return { source: this.#source, from: this.#from ?? epochMs(0), to: this.#to, routes, writes }
  }

  #recordRead(record: TrafficRecord): void {
    const { route, method, path, status } = record
    const shape = this.#patternOf(route) ?? (status < 400 ? this.#shapes.learn(path) : this.#shapes.known(path))
    if (shape !== undefined) this.#gathererOf({ route, method: spoken(method), shape }).record(record)
  }

  /** Of what was learnt from answers before. */
  #readsOf({ route, method, path }: Located): ShapeGatherer | undefined {
    const shape = SAFE.has(method) ? (this.#patternOf(route) ?? this.#shapes.known(path)) : undefined
    return shape === undefined ? undefined : this.#gathererOf({ route, method: spoken(method), shape })
  }

  #gathererOf(about: { readonly route: string; readonly method: string; readonly shape: string }): ShapeGatherer {
    const name = nameOf(about)
    const known = this.#reads.get(name)
    if (known !== undefined) return known
    if (this.#reads.size >= MOST_SHAPES && about.shape !== REST) return this.#gathererOf({ ...about, shape: REST })
    const fresh = new ShapeGatherer(about)
    this.#reads.set(name, fresh)
    return fresh
  }

  #recordWrite({ route, method, path, status, weight }: TrafficRecord): void {
    const shape = status < 400 ? this.#shapes.learn(path) : this.#shapes.known(path)
    if (shape === undefined) return
    const about = { route, method, shape }
    let write = this.#writes.get(nameOf(about))
    if (write === undefined) {
      if (this.#writes.size >= MOST_SHAPES) return
      write = { ...about, requests: 0, successes: 0 }
      this.#writes.set(nameOf(about), write)
    }
    write.requests += weight
    if (status < 400) write.successes += weight
  }

  /** False for a shape made before its words turned out to be identifiers. */
  #isCurrent({ route, shape }: ShapeGatherer): boolean {
    return (
      shape === REST ||
      this.#patternOf(route) !== undefined ||
      shape.includes('{') ||
      shape.endsWith('/**') ||
      this.#shapes.known(shape) === shape
    )
  }
}

const REST = '/**'

const spoken = (method: string) => (method === 'HEAD' ? 'GET' : method)

/** Routes and methods are bounded by the configuration and by HTTP; a made-up method is a shape like others. */
function nameOf({ route, method, shape }: { readonly route: string; readonly method: string; readonly shape: string }) {
  return `${route} ${method} ${shape}`
}
