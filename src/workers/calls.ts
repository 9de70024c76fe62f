// What do the primary and its workers ask of each other?
//
// The primary holds the admin port, signals and the configuration; workers serve. All of
// it is plain data that can be cloned between processes. Identity's secret goes to workers
// in their first message, never on a command line.

import type { AskedRequest, PurgeOrder, PurgeReceipt, QuarantineState, Refusal } from '../admin/services.ts'
import type { RequestEvent, TelemetryEvent } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import type { Place } from '../config/worker-shares.ts'
import type { Family } from '../observability/exposition.ts'
import type { CountedTraffic } from '../observability/traffic-delta.ts'
import type { IdentitySecret } from '../routing/identity.ts'
import type { News } from '../server/news.ts'
import type { StoreUsage } from '../store/store.ts'
import type { UpstreamState } from '../upstream/upstream.ts'

/** The configuration as the primary read and checked it. */
export interface ConfigurationText {
  readonly file: string | undefined
  readonly text: string
}

export interface Beginning extends ConfigurationText {
  readonly place: Place
  readonly secret: IdentitySecret
  readonly thresholds: readonly Milliseconds[]
  readonly queryKey: Uint8Array
  /** What a worker can't know that wasn't there. */
  readonly news: readonly News[]
}

/** Why a worker can't serve; what `listen` or a file's reading failed with. */
export interface BeginFailure {
  readonly message: string
  readonly code?: string
  readonly address?: string
  readonly port?: number
}

/** A request that stands for `weight` of its kind. */
export interface SampledRequest {
  readonly event: RequestEvent
  readonly weight: number
}

export type ObservedEvent = Exclude<TelemetryEvent, RequestEvent>

/** What a worker saw since the last pulse, and how it stands now. */
export interface Pulse {
  readonly counted: CountedTraffic
  readonly requests: readonly SampledRequest[]
  readonly observed: readonly ObservedEvent[]
  readonly upstream: UpstreamState
  readonly memory: StoreUsage
  /** Undefined: there is no Redis. */
  readonly redisUp: boolean | undefined
  readonly quarantined: readonly QuarantineState[]
  readonly residentBytes: number
}

export interface WorkerCalls {
  /** Answers where it listens. */
  begin(order: Beginning): Promise<{ readonly listen: string } | { readonly failure: BeginFailure }>
  /** In force when it is answered. */
  hear(news: News): void
  /** Errors that keep the configuration from being put in force here; none: `apply` may follow. */
  stage(text: ConfigurationText): readonly string[]
  apply(text: ConfigurationText): void
  /** `leads`: the one that tells the others and the replicas. */
  purge(asked: { readonly order: PurgeOrder; readonly leads: boolean }): Promise<PurgeReceipt | Refusal>
  entry(asked: AskedRequest): Promise<object | Refusal>
  lift(route: string): Promise<boolean>
  families(nothing: null): Promise<Family[]>
  pulse(nothing: null): Pulse
  /** The process ends by itself when it is done. */
  drain(nothing: null): void
}

export interface PrimaryCalls {
  /** Sent once, when the worker can hear. */
  ready(nothing: null): void
  /** Answered when every other worker has heard. */
  tell(news: News): Promise<void>
}
