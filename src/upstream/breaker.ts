// Is the upstream worth asking at the moment?
//
// Closed: everybody passes. After `failures` exchanges in a row without any answer it
// opens: nobody passes for `open`. Then it is half-open: one probe at a time passes;
// an answer closes it, a failure opens it again, a probe that was abandoned (its client
// went away) proves nothing and the next request is the probe. Any answer, 5xx too,
// proves that somebody answers. A failure that began before it opened changes nothing.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { Fault } from '../base/fault.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'

export interface BreakerLimits {
  readonly failures: number
  readonly open: Milliseconds
}

/** Leave to send one request; handed back with its outcome. */
export type Pass = 'ordinary' | 'probe'

export class Breaker {
  readonly #limits: BreakerLimits
  readonly #clock: Clock
  readonly #telemetry: Telemetry
  #state: 'closed' | 'open' | 'half-open' = 'closed'
  #failures = 0
  #opensAgainAt = milliseconds(0)
  #probing = false
  #lastFailureAt = milliseconds(-1)

  constructor(limits: BreakerLimits, clock: Clock, telemetry: Telemetry) {
    this.#limits = limits
    this.#clock = clock
    this.#telemetry = telemetry
  }

  get state(): 'closed' | 'open' | 'half-open' {
    return this.#state
  }

  /** True while a request would not pass; asks without taking the probe's place. */
  get refuses(): boolean {
    if (this.#state === 'closed') return false
    return this.#state === 'open' ? this.#clock.monotonic() < this.#opensAgainAt : this.#probing
  }

  /** How long it will surely stay open; 0 when closed or due for a probe. */
  get remaining(): Milliseconds {
    if (this.#state !== 'open') return milliseconds(0)
    return milliseconds(Math.max(0, this.#opensAgainAt - this.#clock.monotonic()))
  }

  /** Leave to send, or undefined. Each pass is given back by exactly one of the three below. */
  admit(): Pass | undefined {
    if (this.#state === 'closed') return 'ordinary'
    if (this.refuses) return undefined
    if (this.#state === 'open') this.#become('half-open')
    this.#probing = true
    return 'probe'
  }

  answered(pass: Pass): void {
    this.#failures = 0
    if (pass === 'probe') this.#probing = false
    if (this.#state !== 'closed') this.#become('closed')
  }

  /** `begunAt`: of an exchange whose connection was reset. Those that were under way together fail together and count once. */
  failed(pass: Pass, begunAt?: Milliseconds): void {
    if (pass === 'probe') {
      this.#probing = false
      if (this.#state === 'half-open') this.#open()
    } else if (this.#state === 'closed') {
      if (begunAt !== undefined && begunAt <= this.#lastFailureAt) return
      this.#lastFailureAt = this.#clock.monotonic()
      this.#failures += 1
      if (this.#failures >= this.#limits.failures) this.#open()
    }
  }

  abandoned(pass: Pass): void {
    if (pass === 'probe') this.#probing = false
  }

  #open(): void {
    this.#opensAgainAt = milliseconds(this.#clock.monotonic() + this.#limits.open)
    this.#become('open')
  }

  #become(state: 'closed' | 'open' | 'half-open'): void {
    const fields = { from: this.#state, to: state, failures: this.#failures, openMs: this.#limits.open }
    this.#state = state
    const level = state === 'open' ? 'warn' : 'info'
    this.#telemetry.emit({ kind: 'notice', level, message: `upstream breaker ${state}`, fields })
    if (state === 'closed') this.#failures = 0
  }
}

export function breakerFault(attempted: string, breaker: Breaker): Fault {
  return new Fault('UPSTREAM_BREAKER_OPEN', `${attempted}: left alone for ${Math.ceil(breaker.remaining)} ms more`)
}
