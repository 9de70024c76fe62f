// What does a running Pillion learn of its traffic, and at what cost?
//
// Listens to the events that are there anyway and hands them to the gatherer. Of hits,
// which are many and cheap, one in eight is looked at and counts for eight; everything
// that went to the origin is. Hence a hit costs one comparison and one addition.

import type { RequestEvent, Telemetry, TelemetryEvent } from '../base/events.ts'
import { TrafficGatherer } from './gather/traffic-gatherer.ts'
import type { TrafficProfile } from './traffic-profile.ts'

const ONE_HIT_IN = 8

export class LiveObservation implements Telemetry {
  readonly #gatherer = new TrafficGatherer('observation')
  #hits = 0

  emit(event: TelemetryEvent): void {
    if (event.kind === 'request') this.#request(event)
    else if (event.kind === 'representation') this.#gatherer.look(event)
    else if (event.kind === 'origin-head') this.#gatherer.head(event)
    else if (event.kind === 'uncacheable') this.#gatherer.uncacheable(event)
  }

  profile(purges: (route: string) => boolean): TrafficProfile {
    return this.#gatherer.profile(purges)
  }

  #request(event: RequestEvent): void {
    if (event.status === 0 || event.path === '') return
    const hit = event.upstream === undefined && event.outcome === 'hit'
    if (hit && (this.#hits++ & (ONE_HIT_IN - 1)) !== 0) return
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
      weight: hit ? ONE_HIT_IN : 1,
    })
  }
}
