// What does the admin API need from the rest of Pillion?
//
// Narrow functions that app.ts hands in, so that this folder knows HTTP, guards and
// JSON shapes, and nothing of caches. They speak in values; a refusal that the caller
// should read (an unknown route, a URL that matches nothing) is a Refusal, not an
// exception, and becomes a 422 with its text. What they throw becomes a 500 that says nothing.

import type { StoreTier } from '../base/events.ts'
import type { EpochMs, Milliseconds, Ratio } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { TrafficStatistics } from '../observability/traffic-statistics.ts'
import type { StoreUsage } from '../store/store.ts'
import type { UpstreamState } from '../upstream/upstream.ts'

/** The request was understood and can't be done; `detail` says what, where and what to do. */
export interface Refusal {
  readonly refused: true
  readonly detail: string
}

/** One sentence instead of a report is a refusal. */
export function answered(report: object | string): object | Refusal {
  return typeof report === 'string' ? { refused: true, detail: report } : report
}

export type PurgeTarget = 'tag' | 'url' | 'prefix' | 'route' | 'user' | 'all'

export interface PurgeOrder {
  readonly by: PurgeTarget
  /** The tag, URL, prefix, route's name or credential; '' for `all`. */
  readonly value: string
  /** Kept, but stale. */
  readonly soft: boolean
}

export interface PurgeReceipt {
  /** How many stored responses went, or null where that is not known (epochs alone). */
  readonly purged: number | null
  readonly replicas: 'notified' | 'local'
}

/** A request somebody asks about; never sent. */
export interface AskedRequest {
  readonly method: string
  /** Absolute URL, or path and query. */
  readonly url: string
  readonly fields: Fields
}

export interface ReloadSuccess {
  readonly ok: true
  readonly hash: string
}
export interface ReloadFailure {
  readonly ok: false
  /** `FILE:LINE:COL: message` each. */
  readonly errors: readonly string[]
}

interface RedisState {
  readonly up: boolean
}

/** Where the process stands: `starting` until the proxy listens, `draining` from the first signal on. */
export type Phase = 'starting' | 'ready' | 'draining'

export interface HealthService {
  phase(): Phase
  upstream(): UpstreamState
  /** Undefined without `store.redis`. */
  redis(): RedisState | undefined
}

interface Slo {
  readonly hitRate: Ratio
  readonly cached: Milliseconds
  readonly uncached: Milliseconds
  readonly pool: Ratio
}

/** What the dashboard shows besides traffic. */
interface SettingsService {
  readonly version: string
  readonly startedAt: EpochMs
  slo(): Slo
  /** Hash of the configuration in force, and when it came into force. */
  configurationHash(): string
  /** The effective configuration with secrets replaced by `***`, ready for JSON. */
  effective(): object
  /** `match` line per route name, for the table of routes. */
  routes(): ReadonlyMap<string, string>
}

interface StoreTierUsage extends StoreUsage {
  readonly tier: StoreTier
}

export interface QuarantineState {
  readonly route: string
  readonly since: EpochMs
  /** One sentence for people. */
  readonly evidence: string
}

export interface AdminServices {
  readonly health: HealthService
  readonly settings: SettingsService
  readonly metrics: Metrics
  readonly statistics: TrafficStatistics
  stores(): readonly StoreTierUsage[]
  /** What is stored for a GET of `url` with these fields; never the body. */
  entry(asked: AskedRequest): Promise<object | Refusal>
  /** The JSON shape of `explain --json` (contract §1), with the live state. */
  explain(asked: AskedRequest): Promise<object | Refusal>
  purge(order: PurgeOrder): Promise<PurgeReceipt | Refusal>
  /** What `advise` makes of the traffic seen; the JSON shape of `advise --json` (contract §1). */
  advice(): object
  /** Routes passed through because their answers turned out to be personal. */
  quarantined(): readonly QuarantineState[]
  /** Lets a route take part again. */
  liftQuarantine(route: string): Promise<object | Refusal>
  reload(): Promise<ReloadSuccess | ReloadFailure>
  /** Brings the numbers up to date, where other processes count. */
  gather?(): Promise<void>
  /** Memory of all processes; default: this one's. */
  residentBytes?(): number
}
