// What does a running Pillion learn of its traffic, and at what cost?
//
// Listens to the events that are there anyway and hands them to the gatherer. Of hits,
// which are many and cheap, one in eight (later in 64) is looked at and counts for as many;
// everything that went to the origin is. Hence most hits cost one comparison and one addition.

import type { RequestEvent, Telemetry, TelemetryEvent } from '../base/events.ts'
import { type Milliseconds, ratio } from '../base/units.ts'
import type { CompiledRoutes } from '../routing/compiled-routes.ts'
import { type Advice, advise } from './advice.ts'
import { TrafficGatherer } from './gather/traffic-gatherer.ts'
import type { TrafficProfile } from './traffic-profile.ts'

const ONE_HIT_IN = 8
/** After so many hits their spread is known well enough for a coarser look. */
const WELL_KNOWN = 65_536
const THEN_ONE_IN = 64
/** How many answers may be outdated, of what is proposed. */
export const ACCEPTED_STALENESS = ratio(0.05)

/** The part of the configuration that advice depends on. */
interface Observed {
  readonly settings: {
    readonly upstream: { readonly url: { readonly href: string } }
    readonly slo: { readonly uncached: Milliseconds }
  }
  readonly compiled: Pick<CompiledRoutes, 'written'>
}

/** The path of a `match`, where it is as fine as a path's shape would be. */
export function patternOf(match: string | undefined): string | undefined {
  const path = match?.slice(match.indexOf('/'))
  return path === undefined || path.includes('*') ? undefined : path
}

/** What `advise` makes of the traffic seen so far. */
export function liveAdvice(observation: LiveObservation, { settings, compiled }: Observed): Advice {
  const profile = observation.profile(route => (compiled.written.get(route)?.purge.length ?? 0) > 0)
  return advise(profile, {
    upstream: settings.upstream.url.href,
    slow: settings.slo.uncached,
    staleness: ACCEPTED_STALENESS,
  })
}

export class LiveObservation implements Telemetry {
  readonly #gatherer: TrafficGatherer
  readonly #hits = new HitSample()

  /** `routes`: those in force, by name. */
  constructor(routes: () => ReadonlyMap<string, { readonly match: string }>) {
    this.#gatherer = new TrafficGatherer('observation', name => patternOf(routes().get(name)?.match))
  }

  emit(event: TelemetryEvent): void {
    if (event.kind === 'request') this.#request(event)
    else if (event.kind === 'representation') this.#gatherer.look(event)
    else if (event.kind === 'verified') this.#gatherer.verified(event)
    else if (event.kind === 'origin-head') this.#gatherer.head(event)
    else if (event.kind === 'uncacheable') this.#gatherer.uncacheable(event)
  }

  profile(purges: (route: string) => boolean): TrafficProfile {
    return this.#gatherer.profile(purges)
  }

  #request(event: RequestEvent): void {
    const weight = this.#hits.weightOf(event)
    if (weight > 0) this.request(event, weight)
  }

  /** `weight`: for how many requests it stands. */
  request(event: RequestEvent, weight: number): void {
    this.#gatherer.record({
      at: event.at,
      route: event.route,
      method: event.method,
      path: event.path,
      query: event.query,
      status: event.status,
      size: event.bodyBytes,
      originTime: event.upstream,
      caller: event.who,
      weight,
    })
  }
}

/** Draws a sample from many hits; whatever went to the origin is looked at. */
export class HitSample {
  #hits = 0

  /** For how many requests this one stands; 0: it is left out. */
  weightOf(event: RequestEvent): number {
    if (event.status === 0 || event.path === '') return 0
    if (event.upstream !== undefined || event.outcome !== 'hit') return 1
    const oneIn = this.#hits < WELL_KNOWN ? ONE_HIT_IN : THEN_ONE_IN
    return this.#hits++ % oneIn === 0 ? oneIn : 0
  }
}
