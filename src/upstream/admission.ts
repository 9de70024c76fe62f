// How many exchanges may run at once, and who waits for how long?
//
// A fixed number of places and a bounded queue in front of them, first come, first
// served; who has waited longer than `patience` is sent away. Waiters are told by a
// call, not a promise: nothing is allocated for those who needn't wait. All wait
// equally long, so the queue is in order of deadlines and one timer serves it.

import type { Clock } from '../base/clock.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'

export interface Waiter {
  /** A place is yours until `leave`. May come while `enter` is still running. */
  onPlace(): void
  /** No place came free in time; the waiter is out of the queue. */
  onPatienceEnd(): void
}

export interface AdmissionLimits {
  readonly places: number
  readonly queue: number
  readonly patience: Milliseconds
}

export class Admission {
  readonly limits: AdmissionLimits
  readonly #clock: Clock
  /** Waiters in the order they came, and when each one's patience ends. */
  readonly #waiting = new Map<Waiter, Milliseconds>()
  #taken = 0
  #handingOut = false
  #timer: NodeJS.Timeout | undefined

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.limits = limits
    this.#clock = clock
  }

  get taken(): number {
    return this.#taken
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** False: no place and the queue is full. */
  enter(waiter: Waiter): boolean {
    if (this.takeNow()) {
      waiter.onPlace()
      return true
    }
    if (this.#waiting.size >= this.limits.queue) return false
    this.#waiting.set(waiter, milliseconds(this.#clock.monotonic() + this.limits.patience))
    if (this.#waiting.size === 1) this.#watch()
    return true
  }

  /** Takes a place if one is free; never waits, never overtakes who does. */
  takeNow(): boolean {
    if (this.#taken >= this.limits.places || this.#waiting.size > 0) return false
    this.#taken += 1
    return true
  }

  /** Gives a place back; the longest waiting has it then. */
  leave(): void {
    this.#taken -= 1
    if (this.#handingOut) return
    this.#handingOut = true
    while (this.#taken < this.limits.places) {
      const next = this.#waiting.keys().next()
      if (next.done) break
      this.#taken += 1
      this.withdraw(next.value)
      next.value.onPlace()
    }
    this.#handingOut = false
  }

  /** Takes a waiter out of the queue, if it is in it. */
  withdraw(waiter: Waiter): void {
    if (this.#waiting.delete(waiter) && this.#waiting.size === 0) clearTimeout(this.#timer)
  }

  #watch(): void {
    const next = this.#waiting.values().next()
    if (next.done) return
    this.#timer = setTimeout(() => this.#sendAway(), Math.max(1, Math.ceil(next.value - this.#clock.monotonic())))
  }

  #sendAway(): void {
    const now = this.#clock.monotonic()
    for (const [waiter, until] of this.#waiting) {
      if (until > now) break
      this.#waiting.delete(waiter)
      waiter.onPatienceEnd()
    }
    this.#watch()
  }
}
