// Which routes turned out to be declared too wide, and what becomes of them?
//
// A route whose answers were caught being personal is quarantined: all that is stored for
// it is purged, and its requests pass through until its definition changes at a reload or
// an operator lifts it. It is held by the definition, not the name, so that a replica that
// already runs other rules is not concerned. Other workers and replicas are told as they
// are told of purges (`newsScope`), those that were away too; for whoever has other ways
// there are `onChange` and `receive`.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { EpochMs } from '../base/units.ts'
import type { Route } from '../routing/route.ts'
import type { PurgeEpochs, PurgeListener } from '../store/purge-epochs.ts'
import { newsScope, parseNews, routeScope, type Scope } from '../store/scopes.ts'

/** What others are told, and tell. */
export interface QuarantineChange {
  readonly route: string
  /** Route.definition: whom it concerns. */
  readonly definition: string
  readonly imposed: boolean
  /** One sentence for people; holds no URL, credential or content. */
  readonly evidence: string
}

export interface Quarantined extends QuarantineChange {
  readonly since: EpochMs
}

export interface QuarantineServices {
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly epochs: Pick<PurgeEpochs, 'purge' | 'receive' | 'listen'>
}

/** Definitions remembered that are not in force here; the oldest go first. */
const MOST_FOREIGN = 256

export class Quarantine implements PurgeListener {
  readonly #services: QuarantineServices
  /** By definition. */
  readonly #held = new Map<string, Quarantined>()
  /** Names by definition. */
  #inForce: ReadonlyMap<string, string> = new Map()
  #tell: (change: QuarantineChange) => void = () => undefined

  constructor(services: QuarantineServices) {
    this.#services = services
    services.epochs.listen(this)
  }

  /** Imposed or lifted elsewhere. */
  heard(scopes: readonly Scope[]): void {
    for (const scope of scopes) {
      const text = parseNews(scope, 'quarantine')
      if (text !== undefined) this.receive(parseChange(text))
    }
  }

  missed(): void {
    // What is held stays held.
  }

  news(): Scope[] {
    return [...this.#held.values()].map(changeScope)
  }

  holds({ definition }: Pick<Route, 'definition'>): boolean {
    return this.#held.size > 0 && this.#held.has(definition)
  }

  /** The routes from now on; one whose definition changed is free. */
  use(routes: readonly Pick<Route, 'name' | 'definition'>[]): void {
    const inForce = new Map(routes.map(({ definition, name }) => [definition, name]))
    for (const definition of this.#inForce.keys()) if (!inForce.has(definition)) this.#held.delete(definition)
    this.#inForce = inForce
  }

  /** Those that concern the routes in force. */
  get all(): Quarantined[] {
    return [...this.#held.values()].filter(({ definition }) => this.#inForce.has(definition))
  }

  /** Every route in force, and whether it is quarantined. */
  byRoute(): Map<string, boolean> {
    return new Map([...this.#inForce].map(([definition, name]) => [name, this.#held.has(definition)]))
  }

  /** Called with each change made here, for other workers and replicas. */
  onChange(listener: (change: QuarantineChange) => void): void {
    this.#tell = listener
  }

  /** Effective when it returns; the promise ends once replicas know of the purge, and never rejects. */
  async impose({ name, definition }: Pick<Route, 'name' | 'definition'>, evidence: string): Promise<void> {
    if (this.#held.has(definition)) return
    const change = { route: name, definition, imposed: true, evidence }
    this.#hold(change)
    this.#services.telemetry.emit({ kind: 'purge', by: 'route', soft: false })
    const told = this.#services.epochs.purge([routeScope(name), changeScope(change)], 'hard')
    this.#tell(change)
    await told
  }

  /** By an operator; false when the route named is not quarantined. */
  lift(route: string): boolean {
    const held = this.all.find(each => each.route === route)
    if (held === undefined) return false
    this.#release(held)
    const change = { ...held, imposed: false }
    void this.#services.epochs.purge([changeScope(change)], 'hard')
    this.#tell(change)
    return true
  }

  /** A change made by another worker or replica. May be heard more than once. */
  receive(change: QuarantineChange): void {
    const held = this.#held.get(change.definition)
    if (!change.imposed) {
      if (held !== undefined) this.#release(held)
      return
    }
    if (held !== undefined) return
    this.#hold(change)
    this.#services.epochs.receive([routeScope(change.route)], 'hard')
    this.#boundForeign()
  }

  #hold(change: QuarantineChange): void {
    this.#held.set(change.definition, { ...change, since: this.#services.clock.now() })
    const { route, evidence } = change
    const message = `route ${route} is quarantined: ${evidence}; its requests pass through uncached`
    this.#services.telemetry.emit({ kind: 'notice', level: 'error', message, fields: { route } })
  }

  #release({ definition, route }: QuarantineChange): void {
    this.#held.delete(definition)
    const message = `route ${route} is quarantined no more`
    this.#services.telemetry.emit({ kind: 'notice', level: 'warn', message, fields: { route } })
  }

  #boundForeign(): void {
    let tooMany = this.#held.size - this.all.length - MOST_FOREIGN
    for (const definition of this.#held.keys()) {
      if (tooMany <= 0) return
      if (this.#inForce.has(definition)) continue
      this.#held.delete(definition)
      tooMany -= 1
    }
  }
}

function changeScope({ route, definition, imposed, evidence }: QuarantineChange): Scope {
  return newsScope('quarantine', JSON.stringify({ route, definition, imposed, evidence }))
}

/** What `changeScope` of another replica wrote. */
function parseChange(text: string): QuarantineChange {
  return JSON.parse(text) as QuarantineChange
}
