// How much may Pillion ask of the origin for its own sake just now?
//
// Background requests that nobody waits for take what is left over: a rate, a number at
// the same time, and nothing at all while the breaker is not closed, requests queue or
// the pool is over 80 % in use. What is refused is left out, never put off.

import type { Clock } from '../base/clock.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { Upstream } from '../upstream/upstream.ts'

/** Contract §2 `verify`. */
const BUSY = 0.8

export interface Allowance {
  readonly perSecond: number
  readonly atOnce: number
}

export class RequestAllowance {
  readonly #limits: Allowance
  readonly #clock: Clock
  readonly #upstream: Pick<Upstream, 'state'>
  #running = 0
  #tokens: number
  #countedAt: Milliseconds

  constructor(limits: Allowance, clock: Clock, upstream: Pick<Upstream, 'state'>) {
    this.#limits = limits
    this.#clock = clock
    this.#upstream = upstream
    this.#tokens = limits.perSecond
    this.#countedAt = clock.monotonic()
  }

  /** True: one request may be made; `give` when it is over. */
  take(): boolean {
    if (this.#running >= this.#limits.atOnce || this.#refilled() < 1) return false
    const { breaker, utilization, queued } = this.#upstream.state()
    if (breaker !== 'closed' || utilization > BUSY || queued > 0) return false
    this.#tokens -= 1
    this.#running += 1
    return true
  }

  give(): void {
    this.#running -= 1
  }

  #refilled(): number {
    const now = this.#clock.monotonic()
    const earned = ((now - this.#countedAt) / 1000) * this.#limits.perSecond
    this.#tokens = Math.min(this.#limits.perSecond, this.#tokens + earned)
    this.#countedAt = milliseconds(now)
    return this.#tokens
  }
}
