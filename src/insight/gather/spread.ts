// How do values spread, in a hundred numbers?
//
// Buckets that grow by a sixth, from 1 to about 2·10^9, so that a percentile is within 8 %.
// Made when first needed.

import type { Distribution } from '../traffic-profile.ts'

const GROWTH = Math.log(7 / 6)
const BUCKETS = 140

export class Spread<T extends number> {
  #counts: Float64Array | undefined
  #count = 0
  #total = 0
  #largest = 0

  add(value: T, weight: number): void {
    this.#counts ??= new Float64Array(BUCKETS)
    const bucket = value < 1 ? 0 : Math.min(BUCKETS - 1, 1 + Math.floor(Math.log(value) / GROWTH))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + weight
    this.#count += weight
    this.#total += value * weight
    this.#largest = Math.max(this.#largest, value)
  }

  /** Undefined where nothing was added. */
  distribution(): Distribution<T> | undefined {
    if (this.#count === 0) return undefined
    const at = (share: number) => Math.min(this.#largest, this.#percentile(share)) as T
    const whole = { count: this.#count, total: this.#total as T, largest: this.#largest as T }
    return { ...whole, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
  }

  /** The middle of the bucket, by ratio, that holds it. */
  #percentile(share: number): number {
    let left = share * this.#count
    const bucket = this.#counts?.findIndex(count => (left -= count) <= 0) ?? 0
    return bucket <= 0 ? 0 : Math.exp((bucket - 0.5) * GROWTH)
  }
}
