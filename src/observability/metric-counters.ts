// Where does each event leave its mark?
//
// One method per kind of event, all additions into preallocated rows; this is on the
// path of every request. `families()` turns the rows into samples at a scrape: series
// that were never touched are left out where there are many (route × outcome × status)
// and shown as 0 where a missing series would make an alert blind.

import {
  OUTCOMES,
  type Outcome,
  type RequestEvent,
  type TelemetryEvent,
  type UpstreamEvent,
  VERDICTS,
} from '../base/events.ts'
import { type Family, family, type HistogramSample, histogramFamily, type Sample } from './exposition.ts'
import { FAMILIES } from './families.ts'
import { RouteTable } from './route-table.ts'
import { type MemoryOperations, StoreCounters } from './store-counters.ts'
import { CounterRows, HistogramRows, Labels } from './tallies.ts'

const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
const PURGE_KINDS = ['tag', 'url', 'prefix', 'route', 'user', 'all', 'unsafe-method', 'group'] as const

const OUTCOME_COLUMN = Object.fromEntries(OUTCOMES.map((outcome, at) => [outcome, at])) as Record<Outcome, number>

/** The origin may send a coding that nobody has heard of. */
const ENCODINGS = ['identity', 'gzip', 'br', 'zstd', 'dcz', 'other'] as const

function encodingColumn(encoding: string): number {
  const column = (ENCODINGS as readonly string[]).indexOf(encoding)
  return column === -1 ? ENCODINGS.length - 1 : column
}

/** 0 for no status, else the hundreds. */
function statusColumn(status: number): number {
  const hundreds = Math.trunc(status / 100)
  return hundreds >= 1 && hundreds <= 5 ? hundreds : 0
}

export class MetricCounters {
  readonly #requests = new CounterRows(OUTCOMES.length * STATUS_CLASSES.length)
  readonly #durations: HistogramRows
  readonly #upstream = new CounterRows(STATUS_CLASSES.length)
  readonly #upstreamDurations: HistogramRows
  /** Per route: seconds saved, bytes saved. */
  readonly #saved = new CounterRows(2)
  readonly #uncacheable = new CounterRows(Labels.width)
  readonly #reasons = new Labels()
  readonly #observedHits = new CounterRows(1)
  readonly #verified = new CounterRows(VERDICTS.length)
  /** Per coding: octets sent, octets saved. */
  readonly #encoded = new CounterRows(ENCODINGS.length, 2)
  readonly #purges = new CounterRows(PURGE_KINDS.length)
  /** Reloads that succeeded, that failed. */
  readonly #reloads = new CounterRows(2)
  readonly #store: StoreCounters
  readonly #routes: RouteTable

  constructor(bounds: readonly number[]) {
    this.#durations = new HistogramRows(bounds, OUTCOMES.length)
    this.#upstreamDurations = new HistogramRows(bounds, 1)
    this.#store = new StoreCounters()
    this.#routes = new RouteTable(row => {
      for (const rows of this.#perRoute()) rows.clear(row)
    })
  }

  useRoutes(names: Iterable<string>): void {
    this.#routes.use(names)
    for (const rows of this.#perRoute()) rows.grow(this.#routes.size)
  }

  count(event: TelemetryEvent): void {
    if (event.kind === 'request') this.#countRequest(event)
    else if (event.kind === 'upstream') this.#countUpstream(event)
    else if (event.kind === 'store') this.#store.operation(event)
    else if (event.kind === 'store-timing') this.#store.timing(event)
    else if (event.kind === 'eviction') this.#store.eviction(event)
    else if (event.kind === 'purge') this.#purges.add(0, PURGE_KINDS.indexOf(event.by), 1)
    else if (event.kind === 'reload') this.#reloads.add(0, event.ok ? 0 : 1, 1)
    else if (event.kind === 'observed-hit') this.#observedHits.add(this.#routes.rowOf(event.route), 0, 1)
    else if (event.kind === 'verified') {
      this.#verified.add(this.#routes.rowOf(event.route), VERDICTS.indexOf(event.result), 1)
    } else if (event.kind === 'uncacheable') {
      this.#uncacheable.add(this.#routes.rowOf(event.route), this.#reasons.columnOf(event.reason), 1)
    }
  }

  families(memory: MemoryOperations): Family[] {
    return [
      ...this.#requestFamilies(),
      ...this.#upstreamFamilies(),
      ...this.#store.families(memory),
      family(
        FAMILIES.purges,
        PURGE_KINDS.map((kind, at) => ({ labels: [kind], value: this.#purges.at(0, at) })),
      ),
      family(FAMILIES.uncacheable, this.#uncacheableSamples()),
      ...this.#comparisonFamilies(),
      family(FAMILIES.reloads, [{ labels: [], value: this.#reloads.at(0, 0) }]),
      family(FAMILIES.reloadFailures, [{ labels: [], value: this.#reloads.at(0, 1) }]),
    ]
  }

  #perRoute(): readonly (CounterRows | HistogramRows)[] {
    return [
      this.#requests,
      this.#durations,
      this.#upstream,
      this.#upstreamDurations,
      this.#saved,
      this.#uncacheable,
      this.#observedHits,
      this.#verified,
    ]
  }

  #countRequest(event: RequestEvent): void {
    const row = this.#routes.rowOf(event.route)
    const outcome = OUTCOME_COLUMN[event.outcome]
    this.#requests.add(row, outcome * STATUS_CLASSES.length + statusColumn(event.status), 1)
    this.#durations.observe(row, outcome, event.duration)
    const encoding = encodingColumn(event.encoding)
    this.#encoded.add(0, encoding, event.bodyBytes)
    if (event.compressionSaved !== undefined) this.#encoded.add(1, encoding, event.compressionSaved)
    if (event.saved !== undefined) {
      this.#saved.add(row, 0, event.saved / 1000)
      this.#saved.add(row, 1, event.bodyBytes)
    }
  }

  #countUpstream(event: UpstreamEvent): void {
    const row = this.#routes.rowOf(event.route)
    this.#upstream.add(row, statusColumn(event.status), 1)
    this.#upstreamDurations.observe(row, 0, event.duration)
  }

  #requestFamilies(): Family[] {
    const requests: Sample[] = []
    const durations: HistogramSample[] = []
    for (const [route, row] of this.#routes.entries()) {
      OUTCOMES.forEach((outcome, at) => {
        const counts = STATUS_CLASSES.map((_, status) => this.#requests.at(row, at * STATUS_CLASSES.length + status))
        if (counts.every(count => count === 0)) return
        STATUS_CLASSES.forEach((status, column) => {
          const value = counts[column] as number
          if (value > 0) requests.push({ labels: [route, outcome, status], value })
        })
        durations.push(this.#histogram(this.#durations, [route, outcome], row, at))
      })
    }
    return [family(FAMILIES.requests, requests), histogramFamily(FAMILIES.requestDuration, durations)]
  }

  #upstreamFamilies(): Family[] {
    const requests: Sample[] = []
    const durations: HistogramSample[] = []
    const routes = [...this.#routes.entries()]
    for (const [route, row] of routes) {
      const used = STATUS_CLASSES.filter((_, column) => this.#upstream.at(row, column) > 0)
      for (const status of used) {
        requests.push({ labels: [route, status], value: this.#upstream.at(row, STATUS_CLASSES.indexOf(status)) })
      }
      if (used.length > 0) durations.push(this.#histogram(this.#upstreamDurations, [route], row, 0))
    }
    const saved = (column: number) =>
      routes.map(([route, row]) => ({ labels: [route], value: this.#saved.at(row, column) }))
    return [
      family(FAMILIES.upstreamRequests, requests),
      histogramFamily(FAMILIES.upstreamDuration, durations),
      family(FAMILIES.secondsSaved, saved(0)),
      family(FAMILIES.bytesSaved, saved(1)),
      family(FAMILIES.responseBytes, this.#encodedSamples(0)),
      family(FAMILIES.compressionSaved, this.#encodedSamples(1)),
    ]
  }

  #comparisonFamilies(): Family[] {
    const hits: Sample[] = []
    const verified: Sample[] = []
    for (const [route, row] of this.#routes.entries()) {
      hits.push({ labels: [route], value: this.#observedHits.at(row, 0) })
      const counts = VERDICTS.map((_, column) => this.#verified.at(row, column))
      if (counts.every(count => count === 0)) continue
      for (const [column, result] of VERDICTS.entries()) {
        verified.push({ labels: [route, result], value: counts[column] as number })
      }
    }
    return [
      family(
        FAMILIES.observedHits,
        hits.filter(({ value }) => value > 0),
      ),
      family(FAMILIES.verified, verified),
    ]
  }

  #encodedSamples(row: number): Sample[] {
    return ENCODINGS.map((encoding, column) => ({ labels: [encoding], value: this.#encoded.at(row, column) })).filter(
      sample => sample.value > 0,
    )
  }

  #uncacheableSamples(): Sample[] {
    const samples: Sample[] = []
    for (const [route, row] of this.#routes.entries()) {
      for (const [reason, column] of this.#reasons.entries()) {
        const value = this.#uncacheable.at(row, column)
        if (value > 0) samples.push({ labels: [route, reason], value })
      }
    }
    return samples
  }

  #histogram(rows: HistogramRows, labels: readonly string[], row: number, series: number): HistogramSample {
    return { labels, bounds: rows.bounds, ...rows.read(row, series) }
  }
}
