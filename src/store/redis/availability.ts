// Can Redis be used right now?
//
// A breaker of its own kind: after some timeouts in a row, or without a connection, Redis
// counts as down and costs nothing any more; nobody's request is the probe. The shared
// epochs ask it in the background and report: it counts as up again after one good answer,
// and after more of them in a row each time it goes down again soon. What fails at once
// (a refusal, one lost node of a cluster) holds nobody up and opens nothing. Every change of state is one notice; single failures are events for the metrics only.
// Refused writes (no memory, read-only) are a state of their own: reading goes on.

import type { Clock } from '../../base/clock.ts'
import type { Telemetry } from '../../base/events.ts'
import { type EpochMs, elapsed, later, type Milliseconds, milliseconds } from '../../base/units.ts'

const TIMEOUTS_TO_OPEN = 5
/** Good answers needed to count as up, at most; they come five a second. */
const MOST_PROOFS = 16
/** Staying up for so long earns trust back. */
const TRUSTED_AFTER: Milliseconds = milliseconds(30_000)
/** After a refusal no write is tried for so long. */
const REFUSED_FOR: Milliseconds = milliseconds(1000)

export interface AvailabilityOptions {
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly timeout: Milliseconds
  /** Where Redis is, for notices; without secrets. */
  readonly address: string
  /** Called when it goes down, before anybody else learns of it. */
  readonly onDown: () => unknown
}

export class Availability {
  readonly #options: AvailabilityOptions
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  #timeouts = 0
  #lastTook = milliseconds(0)
  #proofs = 0
  #proofsNeeded = 1
  #upSince: EpochMs | undefined
  #refusal: string | undefined
  #refusedUntil: EpochMs | undefined

  constructor(options: AvailabilityOptions) {
    this.#options = options
  }

  get usable(): boolean {
    return this.#state === 'up'
  }

  /** False for a moment after a write was refused. */
  get writable(): boolean {
    return this.usable && (this.#refusedUntil === undefined || this.#options.clock.now() >= this.#refusedUntil)
  }

  /** Usable, and quick enough just now for a second question of the same request, both within one timeout. */
  get brisk(): boolean {
    return this.usable && this.#timeouts === 0 && this.#lastTook <= this.#options.timeout / 2
  }

  /** A command was answered in time. */
  answered(took: Milliseconds): void {
    this.#timeouts = 0
    this.#lastTook = took
  }

  /** A command, or a background question, was not. */
  timedOut(reason: string): void {
    this.#timeouts += 1
    this.#proofs = 0
    if (this.#timeouts >= TIMEOUTS_TO_OPEN) this.down(reason)
  }

  /** The epochs are joined and up to date: what Redis holds can be judged, and purges reach the others. */
  proved(): void {
    this.#timeouts = 0
    if (this.#state === 'up') return
    this.#proofs += 1
    if (this.#proofs < this.#proofsNeeded) return
    this.#state = 'up'
    this.#upSince = this.#options.clock.now()
    this.#notice('info', 'Redis is in use', {})
  }

  down(reason: string): void {
    if (this.#state === 'down') return
    this.#proofs = 0
    this.#proofsNeeded = this.#wasSteady() ? 1 : Math.min(2 * this.#proofsNeeded, MOST_PROOFS)
    this.#state = 'down'
    this.#upSince = undefined
    this.#options.onDown()
    this.#notice('warn', 'Redis is not usable; memory carries on alone', { reason })
  }

  #wasSteady(): boolean {
    return this.#upSince === undefined || elapsed(this.#upSince, this.#options.clock.now()) >= TRUSTED_AFTER
  }

  wrote(): void {
    if (this.#refusal === undefined) return
    this.#refusal = undefined
    this.#refusedUntil = undefined
    this.#notice('info', 'Redis takes writes again', {})
  }

  /** Redis answered, but would not write: `code` is its word for it. */
  refused(code: string): void {
    this.#refusedUntil = later(this.#options.clock.now(), REFUSED_FOR)
    if (this.#refusal === code) return
    this.#refusal = code
    this.#notice('warn', 'Redis refuses writes; what it holds is still read', { reason: code })
  }

  #notice(level: 'info' | 'warn', message: string, fields: Record<string, unknown>): void {
    const { telemetry, address } = this.#options
    telemetry.emit({ kind: 'notice', level, message, fields: { redis: address, ...fields } })
  }
}
