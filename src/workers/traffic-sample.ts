// What does the primary get to see of this worker's traffic?
//
// The events that advice and `explain` are made of: what went to the origin, and a sample
// of the hits. Between two pulses at most so many, so that a flood costs no more than a
// trickle; requests that were left out weigh on those that were kept. Copies, because an
// event may be an object that computes its fields.

import type { RequestEvent, Telemetry, TelemetryEvent } from '../base/events.ts'
import { HitSample } from '../insight/live-observation.ts'
import type { ObservedEvent, SampledRequest } from './calls.ts'

const MOST_REQUESTS = 1_000
const MOST_OTHERS = 2_000
const OBSERVED: ReadonlySet<TelemetryEvent['kind']> = new Set([
  'representation',
  'verified',
  'origin-head',
  'uncacheable',
])

export class TrafficSample implements Telemetry {
  readonly #hits = new HitSample()
  #requests: SampledRequest[] = []
  #observed: ObservedEvent[] = []
  /** Requests seen that were not left out as hits. */
  #seen = 0

  emit(event: TelemetryEvent): void {
    if (event.kind === 'request') this.#request(event)
    else if (OBSERVED.has(event.kind) && this.#observed.length < MOST_OTHERS) this.#observed.push(event)
  }

  take(): { readonly requests: readonly SampledRequest[]; readonly observed: readonly ObservedEvent[] } {
    const share = this.#requests.length === 0 ? 1 : this.#seen / this.#requests.length
    const requests = this.#requests.map(({ event, weight }) => ({ event, weight: Math.round(weight * share) }))
    const observed = this.#observed
    this.#requests = []
    this.#observed = []
    this.#seen = 0
    return { requests, observed }
  }

  #request(event: RequestEvent): void {
    const weight = this.#hits.weightOf(event)
    if (weight === 0) return
    this.#seen += 1
    if (this.#requests.length < MOST_REQUESTS) this.#requests.push({ event: copyOf(event), weight })
  }
}

function copyOf(event: RequestEvent): RequestEvent {
  const { kind, at, route, method, path, query, status, outcome, reason, duration, upstream, bodyBytes } = event
  const { encoding, client, who, requestId, counted, saved, fault } = event
  const first = { kind, at, route, method, path, query, status, outcome, reason, duration, upstream, bodyBytes }
  return { ...first, encoding, client, who, requestId, counted, saved, fault }
}
