// What happened? Telemetry as plain values.
//
// Whatever acts says so by emitting one of these; `observability/` alone decides what
// becomes a metric, a log line or a statistic. Names of routes come from the
// configuration and all other strings from closed lists, so that labels are bounded.
// No event carries a credential, a body or a raw query value unless the field says so.

import type { FaultCode } from './fault.ts'
import type { Bytes, EpochMs, Milliseconds } from './units.ts'

/** How a request was answered; the closed list behind every `outcome` label. */
export const OUTCOMES = ['hit', 'stale', 'revalidated', 'miss', 'collapsed', 'bypass', 'error'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** One answered (or abandoned) presented request. Emitted once, when its last byte left or its connection broke. */
export interface RequestEvent {
  readonly kind: 'request'
  readonly at: EpochMs
  readonly route: string
  readonly method: string
  /** Path as received, without the query. For logs only, never a label. */
  readonly path: string
  /** Raw query without '?', or '' . The access log hides its values by default. */
  readonly query: string
  /** Status sent, or 0 where the client was gone before a head was written. */
  readonly status: number
  readonly outcome: Outcome
  /** The Decision's reason, unchanged (invariant 1). */
  readonly reason: string
  readonly duration: Milliseconds
  /** Time to the upstream's response head for this request, or undefined when the upstream was not asked. */
  readonly upstream: Milliseconds | undefined
  readonly bodyBytes: Bytes
  /** Content coding sent: `identity`, `gzip`, `br`, `zstd`. */
  readonly encoding: string
  /** Peer address, or the believed forwarded one. */
  readonly client: string
  /** Keyed digest of the caller's credentials, or '' for none. */
  readonly who: string
  readonly requestId: string
  /** False for an unsafe method or a `cache: off` route: not part of the hit rate. */
  readonly counted: boolean
  /** For an answer given without the upstream: how long the upstream took when the response was stored. */
  readonly saved: Milliseconds | undefined
  readonly fault: FaultCode | undefined
  /** Octets of content that its coding saved on this answer. */
  readonly compressionSaved?: number
  /** How long it waited for a store that is not in memory; absent where none was asked. */
  readonly lookup?: Milliseconds | undefined
  /** How long it waited for a connection to the upstream; absent where it needed none. */
  readonly queued?: Milliseconds | undefined
  /** From the head of the answer to its last byte; absent where there was none. */
  readonly sending?: Milliseconds | undefined
}

/** One exchange with the upstream, counted when its head (status) or its failure (fault) is known. */
export interface UpstreamEvent {
  readonly kind: 'upstream'
  readonly route: string
  readonly status: number
  readonly duration: Milliseconds
  readonly fault: FaultCode | undefined
}

/** The origin's response was not stored, and why. */
export interface UncacheableEvent {
  readonly kind: 'uncacheable'
  readonly route: string
  readonly method: string
  /** For statistics in memory only, never a label or a log line. */
  readonly path: string
  readonly reason: string
}

/** What the origin's response head says that an operator may want to know. Only for answers from the origin, never for hits. */
export interface OriginHeadEvent {
  readonly kind: 'origin-head'
  readonly route: string
  readonly method: string
  /** For statistics in memory only, never a label or a log line. */
  readonly path: string
  readonly etag: boolean
  readonly lastModified: boolean
  /** No Cache-Control, Expires or Pragma. */
  readonly silent: boolean
  /** `no-store` or `private`. */
  readonly forbidding: boolean
  readonly setsCookie: boolean
  /** Of a type that compresses well, not coded, although the client takes a coding; its announced length, 0 where that is not known. */
  readonly uncompressed: Bytes | undefined
}

export type StoreTier = 'memory' | 'redis'
export interface StoreEvent {
  readonly kind: 'store'
  readonly tier: StoreTier
  readonly op: 'get' | 'set' | 'delete' | 'purge' | 'lease' | 'accept'
  readonly result: 'hit' | 'miss' | 'ok' | 'error' | 'timeout' | 'dropped' | 'corrupt'
  readonly duration: Milliseconds
}

/** How long one of many operations took that are counted elsewhere. */
export interface StoreTimingEvent {
  readonly kind: 'store-timing'
  readonly tier: StoreTier
  readonly op: StoreEvent['op']
  readonly duration: Milliseconds
}

export interface EvictionEvent {
  readonly kind: 'eviction'
  readonly tier: StoreTier
  readonly reason: 'room' | 'expired' | 'purged' | 'replaced' | 'variants'
}

export interface PurgeEvent {
  readonly kind: 'purge'
  readonly by: 'tag' | 'url' | 'prefix' | 'route' | 'user' | 'all' | 'unsafe-method' | 'group'
  readonly soft: boolean
}

/** A change of state worth one log line: breaker, Redis, configuration, lifecycle. */
export interface NoticeEvent {
  readonly kind: 'notice'
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly error?: unknown
}

/** What a fresh answer showed about one given, or that would have been given, from the cache; the closed list behind `result`. */
export const VERDICTS = ['same', 'changed', 'refused', 'personal', 'unenforced'] as const
export type Verdict = (typeof VERDICTS)[number]

/** One hit held against a fresh answer to the same caller. */
export interface VerifiedEvent {
  readonly kind: 'verified'
  readonly route: string
  readonly result: Verdict
  /** Of the stored response, when it was given. */
  readonly age: Milliseconds
  readonly method: string
  /** For statistics in memory only, never a label or a log line. */
  readonly path: string
  /** Under `cache: observe`: it would have been given. */
  readonly asIf: boolean
}

/** Under `cache: observe`: this request would have been a hit. */
export interface ObservedHitEvent {
  readonly kind: 'observed-hit'
  readonly route: string
}

/**
 * What the origin gave one caller, by digest; of observed routes and of verifications. No
 * digest tells what it was made of.
 */
export interface RepresentationEvent {
  readonly kind: 'representation'
  readonly at: EpochMs
  readonly route: string
  readonly method: string
  /** For statistics in memory only, never a label or a log line. */
  readonly path: string
  readonly query: string
  /** Keyed digest of the caller's credentials, or '' for none. */
  readonly who: string
  readonly digest: string
  readonly size: Bytes
}

/** An answer given without the origin, on a route with `audit: true`. Written before it is given, so it is no event. */
export interface AuditEntry {
  readonly at: EpochMs
  readonly route: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly requestId: string
  /** Keyed digest of the caller's credentials, or '' for none. */
  readonly caller: string
  /** Parts of identity, as far as they are beyond doubt. */
  readonly parts: Readonly<Record<string, string>>
  /** As `identity.audit` names the person. */
  readonly who: string | undefined
}

export interface ReloadEvent {
  readonly kind: 'reload'
  readonly ok: boolean
  readonly hash: string
}

export type TelemetryEvent =
  | RequestEvent
  | UpstreamEvent
  | UncacheableEvent
  | OriginHeadEvent
  | StoreEvent
  | StoreTimingEvent
  | EvictionEvent
  | PurgeEvent
  | NoticeEvent
  | VerifiedEvent
  | ObservedHitEvent
  | RepresentationEvent
  | ReloadEvent

/** Takes events; must return at once and never throw. */
export interface Telemetry {
  emit(event: TelemetryEvent): void
}
