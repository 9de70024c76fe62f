// What do /api/stats and the dashboard say?
//
// One JSON document (docs/admin-api.md): the last minute and hour, curves over both,
// routes with the most origin time first, and the state of upstream and stores. Durations
// are seconds, sizes bytes, shares 0 to 1, and what is unknown is null, never 0.

import type { Clock } from '../base/clock.ts'
import type { EpochMs } from '../base/units.ts'
import type { RouteTraffic, TrafficCurve, TrafficReport } from '../observability/traffic-statistics.ts'
import type { Percentiles, TrafficSummary } from '../observability/traffic-tally.ts'
import type { Verification } from '../observability/verification-tally.ts'
import type { GaugeHistory, GaugeName } from './gauge-history.ts'
import type { AdminServices } from './services.ts'

/** Slots of a second that a point of the seconds' curve looks back over (traffic-statistics.ts). */
const LOOK_BACK_SECONDS = 5

export interface StatsSources {
  readonly services: AdminServices
  readonly history: GaugeHistory
  readonly clock: Clock
}

export function statsReport({ services, history, clock }: StatsSources): object {
  const { health, settings } = services
  const traffic = services.statistics.report()
  const now = clock.now()
  const limits = settings.slo()
  return {
    at: now / 1000,
    uptime: (now - settings.startedAt) / 1000,
    version: settings.version,
    configuration: settings.configurationHash(),
    phase: health.phase(),
    slo: {
      hitRate: limits.hitRate,
      cached: limits.cached / 1000,
      uncached: limits.uncached / 1000,
      pool: limits.pool,
    },
    minute: periodReport(traffic.total.minute),
    hour: periodReport(traffic.total.hour),
    upstream: { ...health.upstream(), reachable: health.upstream().reachable ?? null },
    redis: health.redis() ?? null,
    stores: services.stores(),
    quarantined: services.quarantined().map(({ route, since, evidence }) => ({ route, since: since / 1000, evidence })),
    process: { residentBytes: services.residentBytes?.() ?? process.memoryUsage.rss() },
    verified: services.statistics.verified().map(verificationReport),
    curves: curves(traffic, history, clock, settings.startedAt),
    routes: routeReports(traffic.routes, settings.routes()),
  }
}

/** `staleness`: of the answers that could be compared, how many were outdated. */
function verificationReport({ route, results, changedAge }: Verification): object {
  const compared = results.same + results.changed
  const staleness = compared === 0 ? null : results.changed / compared
  return { route, ...results, staleness, changedAge: seconds(changedAge ?? null) }
}

function periodReport(summary: TrafficSummary): object {
  const { requests, outcomes, hitRate, avoidedRate, serverErrors, originRequests, bytes, bytesSaved } = summary
  return {
    requests,
    outcomes,
    hitRate,
    avoidedRate,
    serverErrors,
    originRequests,
    originSeconds: seconds(summary.originMs),
    savedSeconds: seconds(summary.savedMs),
    bytes,
    bytesSaved,
    cached: percentilesReport(summary.cached),
    uncached: percentilesReport(summary.uncached),
  }
}

function percentilesReport({ count, p50, p95, p99 }: Percentiles): object {
  return { count, p50: seconds(p50), p95: seconds(p95), p99: seconds(p99) }
}

/** To the microsecond. */
function seconds<T extends number | null>(duration: T): T {
  return (duration === null ? null : Math.round(duration * 1000) / 1e6) as T
}

function routeReports(traffic: readonly RouteTraffic[], matches: ReadonlyMap<string, string>): object[] {
  const busy = traffic.toSorted((a, b) => b.hour.originMs - a.hour.originMs || b.hour.requests - a.hour.requests)
  const idle = [...matches.keys()].filter(name => !busy.some(({ route }) => route === name))
  const reports = busy.map(({ route, minute, hour }) => ({
    route,
    match: matches.get(route) ?? null,
    minute: periodReport(minute),
    hour: periodReport(hour),
  }))
  return [...reports, ...idle.map(route => ({ route, match: matches.get(route) ?? null, minute: null, hour: null }))]
}

interface Span {
  readonly curve: TrafficCurve
  readonly gauge: (name: GaugeName) => (number | null)[]
  /** Instant of the newest point. */
  readonly end: EpochMs
  /** Seconds that point `at` covers. */
  readonly covered: (at: number) => number
  /** Points before this instant are unknown. */
  readonly since: EpochMs
}

function curves(traffic: TrafficReport, history: GaugeHistory, clock: Clock, since: EpochMs): object {
  const [now, end] = [clock.monotonic(), clock.now()]
  const gauge = (ring: GaugeHistory['seconds']) => (name: GaugeName) => ring.curve(name, now)
  const last = traffic.minutes.points.length - 1
  const partOfMinute = Math.max(1, (now % traffic.minutes.slotLength) / 1000)
  const covered = (at: number) => (at === last ? partOfMinute : 60)
  return {
    // The newest second is still filling and would always dip: left out.
    seconds: curveReport(
      { curve: traffic.seconds, gauge: gauge(history.seconds), end, since, covered: () => LOOK_BACK_SECONDS },
      1,
    ),
    minutes: curveReport({ curve: traffic.minutes, gauge: gauge(history.minutes), end, since, covered }, 0),
  }
}

/** Parallel arrays, oldest first: `from + n × step` is the instant of point n. */
function curveReport(span: Span, leaveOut: number): object {
  const { slotLength, points } = span.curve
  const kept = points.slice(0, points.length - leaveOut)
  const from = span.end - (points.length - 1) * slotLength
  const known = kept.map((_, at) => from + (at + 1) * slotLength > span.since)
  const column = (read: (point: TrafficSummary, at: number) => number | null) =>
    kept.map((point, at) => (known[at] ? read(point, at) : null))
  const rate = (read: (point: TrafficSummary) => number) =>
    column((point, at) => rounded(read(point) / span.covered(at)))
  const gauge = (name: GaugeName) => span.gauge(name).slice(0, kept.length)
  return {
    from: from / 1000,
    step: slotLength / 1000,
    requests: rate(point => point.requests),
    originRequests: rate(point => point.originRequests),
    savedSeconds: rate(point => point.savedMs / 1000),
    originSeconds: rate(point => point.originMs / 1000),
    hitRate: column(point => point.hitRate),
    avoidedRate: column(point => point.avoidedRate),
    cachedP50: column(point => seconds(point.cached.p50)),
    cachedP95: column(point => seconds(point.cached.p95)),
    cachedP99: column(point => seconds(point.cached.p99)),
    uncachedP50: column(point => seconds(point.uncached.p50)),
    uncachedP95: column(point => seconds(point.uncached.p95)),
    uncachedP99: column(point => seconds(point.uncached.p99)),
    pool: gauge('pool'),
    queued: gauge('queued'),
    storeBytes: gauge('storeBytes'),
    residentBytes: gauge('residentBytes'),
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
