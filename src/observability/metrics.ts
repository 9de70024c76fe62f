// Which numbers does a scrape see?
//
// The families of contract §5: what events left in the counters (metric-counters.ts),
// gauges asked for at the scrape, and the process's own. Labels are routes of the
// configuration and closed lists, so their number is bounded whatever clients send.
// Bucket bounds hold the limits of `slo`, so that an alert compares exact counts; they
// are fixed for the life of the process, since a histogram can't change its bounds.

import type { StoreTier, Telemetry } from '../base/events.ts'
import type { Bytes, Milliseconds } from '../base/units.ts'
import { createProcessMetrics, expose, type Family, family, type Scrape, type ScrapeFormat } from './exposition.ts'
import { FAMILIES } from './families.ts'
import { MetricCounters } from './metric-counters.ts'
import { type MemoryOperations, NO_OPERATIONS } from './store-counters.ts'

interface UpstreamGauges {
  readonly connected: number
  readonly free: number
  readonly running: number
  readonly pending: number
  readonly queued: number
  readonly utilization: number
  readonly breaker: 'closed' | 'open' | 'half-open'
}

interface StoreGauges {
  readonly tier: StoreTier
  readonly bytes: Bytes
  readonly entries: number
}

/** Read at each scrape. */
interface GaugeSources {
  upstream(): UpstreamGauges
  stores(): readonly StoreGauges[]
  memoryOperations(): MemoryOperations
  /** Undefined: no Redis is configured, and the family has no sample. */
  redisUp(): boolean | undefined
  configurationHash(): string
  /** Whether each route is quarantined; by name. */
  quarantined(): ReadonlyMap<string, boolean>
}

export interface Metrics extends Telemetry {
  /** Names of the routes in force; `default` is always there. */
  useRoutes(names: Iterable<string>): void
  /** What a scrape shows, before it is written. */
  families(): Promise<Family[]>
  scrape(format: ScrapeFormat): Promise<Scrape>
  close(): void
}

export interface MetricsOptions {
  /** Undefined: there is nothing to ask but what events say. */
  readonly sources: GaugeSources | undefined
  /** Limits that alert rules compare with (slo.cached, slo.uncached): they become bucket bounds. */
  readonly thresholds?: readonly Milliseconds[]
}

/** In seconds. */
const BOUNDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30]
const CONNECTION_STATES = ['connected', 'free', 'running', 'pending', 'queued'] as const

export function createMetrics({ sources, thresholds = [] }: MetricsOptions): Metrics {
  const bounds = [...new Set([...BOUNDS, ...thresholds.map(limit => limit / 1000)])].sort((a, b) => a - b)
  const counters = new MetricCounters(bounds)
  const process = createProcessMetrics()
  const families = async () => {
    const asked = sources === undefined ? [] : gauges(sources)
    return [...counters.families(sources?.memoryOperations() ?? NO_OPERATIONS), ...asked, ...(await process.collect())]
  }
  return {
    emit: event => counters.count(event),
    useRoutes: names => counters.useRoutes(names),
    families,
    scrape: async format => expose(await families(), format),
    close: () => process.close(),
  }
}

function gauges(sources: GaugeSources): Family[] {
  const upstream = sources.upstream()
  const stores = sources.stores()
  const redisUp = sources.redisUp()
  return [
    family(
      FAMILIES.upstreamConnections,
      CONNECTION_STATES.map(state => ({ labels: [state], value: upstream[state] })),
    ),
    family(FAMILIES.upstreamUtilization, [{ labels: [], value: upstream.utilization }]),
    family(FAMILIES.breakerOpen, [{ labels: [], value: upstream.breaker === 'closed' ? 0 : 1 }]),
    family(
      FAMILIES.storeBytes,
      stores.map(({ tier, bytes }) => ({ labels: [tier], value: bytes })),
    ),
    family(
      FAMILIES.storeEntries,
      stores.map(({ tier, entries }) => ({ labels: [tier], value: entries })),
    ),
    family(FAMILIES.redisUp, redisUp === undefined ? [] : [{ labels: [], value: redisUp ? 1 : 0 }]),
    family(
      FAMILIES.quarantined,
      [...sources.quarantined()].map(([route, held]) => ({ labels: [route], value: held ? 1 : 0 })),
    ),
    family(FAMILIES.configuration, [{ labels: [sources.configurationHash()], value: 1 }]),
  ]
}
