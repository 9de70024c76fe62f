// Who must learn how an exchange went, besides its handler?
//
// The breaker, the telemetry and whoever asks whether the upstream is reachable: each
// once per exchange that left the queue, when its head or its failure is known. What
// happens to the content afterwards is the handler's matter alone.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { FaultCode } from '../base/fault.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { Breaker, Pass } from './breaker.ts'

/** Those to whom all exchanges of one upstream report. */
export interface Informed {
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly breaker: Breaker
  onReachable(reachable: boolean): void
}

/** No answer at all: what the breaker counts (contract §2). */
const SILENCE: ReadonlySet<FaultCode> = new Set([
  ...(['UPSTREAM_REFUSED', 'UPSTREAM_UNREACHABLE', 'UPSTREAM_DNS', 'UPSTREAM_TLS'] as const),
  ...(['UPSTREAM_CONNECT_TIMEOUT', 'UPSTREAM_RESET', 'UPSTREAM_REUSED_CLOSED', 'UPSTREAM_HEAD_TIMEOUT'] as const),
])

/** A backend that restarts resets all that it has under way at once. */
const RESETS: ReadonlySet<FaultCode> = new Set(['UPSTREAM_RESET', 'UPSTREAM_REUSED_CLOSED'])

export class ExchangeReport {
  readonly #informed: Informed
  readonly #route: string
  #pass: Pass | undefined
  #begunAt: Milliseconds = milliseconds(0)

  constructor(informed: Informed, route: string) {
    this.#informed = informed
    this.#route = route
  }

  /** False: the breaker lets nobody pass. */
  begin(): boolean {
    this.#pass = this.#informed.breaker.admit()
    this.#begunAt = this.#informed.clock.monotonic()
    return this.#pass !== undefined
  }

  answered(status: number): void {
    if (this.#pass === undefined) return
    this.#informed.breaker.answered(this.#pass)
    this.#informed.onReachable(true)
    this.#emit(status, undefined)
  }

  /** Says nothing if it was answered before, or never begun. */
  failed(fault: FaultCode): void {
    if (this.#pass === undefined) return
    if (SILENCE.has(fault)) {
      this.#informed.breaker.failed(this.#pass, RESETS.has(fault) ? this.#begunAt : undefined)
      this.#informed.onReachable(false)
    } else this.#informed.breaker.abandoned(this.#pass)
    this.#emit(0, fault)
  }

  #emit(status: number, fault: FaultCode | undefined): void {
    this.#pass = undefined
    const duration = milliseconds(this.#informed.clock.monotonic() - this.#begunAt)
    this.#informed.telemetry.emit({ kind: 'upstream', route: this.#route, status, duration, fault })
  }
}
