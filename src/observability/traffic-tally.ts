// What is counted about the traffic of one slot of time?
//
// A tally is two plain arrays: sums (COLUMNS names them) and two latency histograms
// behind each other, answers from the cache first. Adding tallies is adding arrays, so
// seconds become minutes and workers become one process by the same function.
// Latency of a bypass counts to the upstream's head: it may be an event stream of hours.

import { OUTCOMES, type Outcome, type RequestEvent, type UpstreamEvent } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import { LATENCY_BUCKETS, latencyBucket, percentile } from './latency-histogram.ts'

const COLUMNS = [
  ...OUTCOMES,
  /** Requests that the hit rate is about, and those of them that were hits. */
  'counted',
  'countedHits',
  /** Those answered without a request of their own to the origin: hits and collapsed. */
  'avoided',
  'originRequests',
  'originMs',
  'savedMs',
  'bytes',
  'bytesSaved',
  'serverErrors',
] as const
type Column = (typeof COLUMNS)[number]

const AT = Object.fromEntries(COLUMNS.map((column, at) => [column, at])) as Record<Column, number>

const TALLY_SUMS = COLUMNS.length
const TALLY_LATENCIES = 2 * LATENCY_BUCKETS

export interface Tally {
  readonly sums: Float64Array
  readonly latencies: Uint32Array
}

export function emptyTally(): Tally {
  return { sums: new Float64Array(TALLY_SUMS), latencies: new Uint32Array(TALLY_LATENCIES) }
}

export function addTally(to: Tally, from: Tally): void {
  for (let at = 0; at < TALLY_SUMS; at += 1) to.sums[at] = (to.sums[at] as number) + (from.sums[at] as number)
  for (let at = 0; at < TALLY_LATENCIES; at += 1) {
    to.latencies[at] = (to.latencies[at] as number) + (from.latencies[at] as number)
  }
}

const isCached = (outcome: Outcome) => outcome === 'hit' || outcome === 'stale'

export function tallyRequest(tally: Tally, event: RequestEvent): void {
  const cached = isCached(event.outcome)
  add(tally, event.outcome, 1)
  if (event.counted) {
    add(tally, 'counted', 1)
    if (cached) add(tally, 'countedHits', 1)
    if (cached || event.outcome === 'collapsed') add(tally, 'avoided', 1)
  }
  if (event.saved !== undefined) {
    add(tally, 'savedMs', event.saved)
    add(tally, 'bytesSaved', event.bodyBytes)
  }
  add(tally, 'bytes', event.bodyBytes)
  if (event.status >= 500) add(tally, 'serverErrors', 1)
  const bucket = latencyBucket(latencyOf(event)) + (cached ? 0 : LATENCY_BUCKETS)
  tally.latencies[bucket] = (tally.latencies[bucket] as number) + 1
}

export function tallyUpstream(tally: Tally, event: UpstreamEvent): void {
  add(tally, 'originRequests', 1)
  add(tally, 'originMs', event.duration)
}

function latencyOf(event: RequestEvent): Milliseconds {
  return event.outcome === 'bypass' ? (event.upstream ?? event.duration) : event.duration
}

function add(tally: Tally, column: Column, amount: number): void {
  const at = AT[column]
  tally.sums[at] = (tally.sums[at] as number) + amount
}

/** Durations in milliseconds, null where nothing was counted. */
export interface Percentiles {
  readonly count: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

export interface TrafficSummary {
  readonly requests: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** (hit + stale) / counted requests; null where none is counted. */
  readonly hitRate: number | null
  /** As `hitRate`, collapsed requests included. */
  readonly avoidedRate: number | null
  readonly serverErrors: number
  readonly originRequests: number
  readonly originMs: number
  readonly savedMs: number
  readonly bytes: number
  readonly bytesSaved: number
  /** Answers hit and stale. */
  readonly cached: Percentiles
  /** All other answers. */
  readonly uncached: Percentiles
}

export function summarise(tally: Tally): TrafficSummary {
  const sum = (column: Column) => tally.sums[AT[column]] as number
  const outcomes = Object.fromEntries(OUTCOMES.map(outcome => [outcome, sum(outcome)])) as Record<Outcome, number>
  const counted = sum('counted')
  const shareOfCounted = (column: Column) => (counted === 0 ? null : sum(column) / counted)
  return {
    requests: Object.values(outcomes).reduce((total, count) => total + count, 0),
    outcomes,
    hitRate: shareOfCounted('countedHits'),
    avoidedRate: shareOfCounted('avoided'),
    serverErrors: sum('serverErrors'),
    originRequests: sum('originRequests'),
    originMs: sum('originMs'),
    savedMs: sum('savedMs'),
    bytes: sum('bytes'),
    bytesSaved: sum('bytesSaved'),
    cached: percentiles(tally.latencies.subarray(0, LATENCY_BUCKETS)),
    uncached: percentiles(tally.latencies.subarray(LATENCY_BUCKETS)),
  }
}

function percentiles(counts: Uint32Array): Percentiles {
  const at = (share: number) => percentile(counts, share) ?? null
  return { count: counts.reduce((total, count) => total + count, 0), p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
