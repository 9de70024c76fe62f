// Which numbers does a scrape see?
//
// The families of contract §5. Events fall into typed arrays, one row per route,
// indexed by closed lists, so that an answered request costs a few additions; names,
// labels and text are made at the scrape. Gauges are asked for at the scrape.
// prom-client is behind this folder alone: text format and process defaults are its work.
// Routes: a row per configured route. A removed route's series stay until 256 removed
// ones have gathered, so that counters don't vanish at a reload and still stay bounded.

import type { StoreTier, Telemetry } from '../base/events.ts'
import type { Bytes, Milliseconds } from '../base/units.ts'

export interface UpstreamGauges {
  readonly connected: number
  readonly free: number
  readonly running: number
  readonly pending: number
  readonly queued: number
  readonly utilization: number
  readonly breaker: 'closed' | 'open' | 'half-open'
}

export interface StoreGauges {
  readonly tier: StoreTier
  readonly bytes: Bytes
  readonly entries: number
}

/** Read at each scrape. */
export interface GaugeSources {
  upstream(): UpstreamGauges
  stores(): readonly StoreGauges[]
  /** Undefined: no Redis is configured, and the family has no sample. */
  redisUp(): boolean | undefined
  configurationHash(): string
}

export type ScrapeFormat = 'prometheus' | 'openmetrics'

export interface Scrape {
  readonly contentType: string
  readonly body: string
}

export interface Metrics extends Telemetry {
  /** Names of the routes in force; `default` is always there. */
  useRoutes(names: Iterable<string>): void
  scrape(format: ScrapeFormat): Promise<Scrape>
  close(): void
}

export interface MetricsOptions {
  readonly sources: GaugeSources
  /** Limits that alert rules compare with (slo.cached, slo.uncached): they become bucket bounds. */
  readonly thresholds?: readonly Milliseconds[]
}

export function createMetrics(_options: MetricsOptions): Metrics {
  throw new Error('not ready')
}
