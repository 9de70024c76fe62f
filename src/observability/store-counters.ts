// What did the stores do?
//
// Operations by tier, kind and how they ended, their durations, and why stored responses
// left. All label values are closed lists, so every cell exists from the start; a tier
// that never did anything shows nothing.

import type { EvictionEvent, StoreEvent, StoreTier, StoreTimingEvent } from '../base/events.ts'
import { type Family, family, type HistogramSample, histogramFamily, type Sample } from './exposition.ts'
import { FAMILIES } from './families.ts'
import { CounterRows, HistogramRows } from './tallies.ts'

const TIERS: readonly StoreTier[] = ['memory', 'redis']
const OPERATIONS: readonly StoreEvent['op'][] = ['get', 'set', 'delete', 'purge', 'lease', 'accept']
const RESULTS: readonly StoreEvent['result'][] = ['hit', 'miss', 'ok', 'error', 'timeout', 'dropped', 'corrupt']
const EVICTIONS: readonly EvictionEvent['reason'][] = ['room', 'expired', 'purged', 'replaced', 'variants']

/** In seconds: a memory store answers in microseconds, Redis within `store.redis.timeout`. */
const BOUNDS = [0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** Of a process that keeps nothing. */
export const NO_OPERATIONS: MemoryOperations = { hits: 0, misses: 0, stored: 0, refused: 0, removed: 0, purged: 0 }

export interface MemoryOperations {
  readonly hits: number
  readonly misses: number
  readonly stored: number
  readonly refused: number
  readonly removed: number
  readonly purged: number
}

export class StoreCounters {
  readonly #operations = new CounterRows(OPERATIONS.length * RESULTS.length, TIERS.length)
  readonly #durations = new HistogramRows(BOUNDS, OPERATIONS.length, TIERS.length)
  readonly #evictions = new CounterRows(EVICTIONS.length, TIERS.length)

  operation(event: StoreEvent): void {
    const tier = TIERS.indexOf(event.tier)
    const op = OPERATIONS.indexOf(event.op)
    this.#operations.add(tier, op * RESULTS.length + RESULTS.indexOf(event.result), 1)
    this.#durations.observe(tier, op, event.duration)
  }

  timing(event: StoreTimingEvent): void {
    this.#durations.observe(TIERS.indexOf(event.tier), OPERATIONS.indexOf(event.op), event.duration)
  }

  eviction(event: EvictionEvent): void {
    this.#evictions.add(TIERS.indexOf(event.tier), EVICTIONS.indexOf(event.reason), 1)
  }

  /** `memory` counts for itself. */
  families(memory: MemoryOperations): Family[] {
    const operations: Sample[] = memorySamples(memory)
    const durations: HistogramSample[] = []
    const evictions: Sample[] = []
    TIERS.forEach((tier, row) => {
      operations.push(...this.#operationSamples(tier, row))
      OPERATIONS.forEach((op, series) => {
        const read = this.#durations.read(row, series)
        if (read.counts.some(count => count > 0)) durations.push({ labels: [tier, op], bounds: BOUNDS, ...read })
      })
      EVICTIONS.forEach((reason, column) => {
        const value = this.#evictions.at(row, column)
        if (value > 0) evictions.push({ labels: [tier, reason], value })
      })
    })
    return [
      family(FAMILIES.storeOperations, operations),
      histogramFamily(FAMILIES.storeDuration, durations),
      family(FAMILIES.storeEvictions, evictions),
    ]
  }

  #operationSamples(tier: StoreTier, row: number): Sample[] {
    return OPERATIONS.flatMap((op, at) =>
      RESULTS.map((result, column) => ({
        labels: [tier, op, result],
        value: this.#operations.at(row, at * RESULTS.length + column),
      })),
    ).filter(sample => sample.value > 0)
  }
}

/** What the memory store counted, as far as it did anything. */
function memorySamples(memory: MemoryOperations): Sample[] {
  const samples: readonly (readonly [StoreEvent['op'], StoreEvent['result'], number])[] = [
    ['get', 'hit', memory.hits],
    ['get', 'miss', memory.misses],
    ['set', 'ok', memory.stored],
    ['set', 'dropped', memory.refused],
    ['delete', 'ok', memory.removed],
    ['purge', 'ok', memory.purged],
  ]
  return samples
    .filter(([, , value]) => value > 0)
    .map(([op, result, value]) => ({ labels: ['memory', op, result], value }))
}
