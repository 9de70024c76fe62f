// Who removes what nobody asks for any more?
//
// Lookups remove what they find expired or purged, but what is never looked up again
// would stay until there is no room, and purged content should not linger. The sweeper
// goes through all slots in slices of at most 2 ms with pauses between them: now and
// then, soon after a purge, and at once when somebody waits for the pass to end. After a
// whole pass the purges made before it are forgotten: nothing in memory carries them.

import type { Clock } from '../base/clock.ts'
import { type EpochMs, type Milliseconds, milliseconds } from '../base/units.ts'
import type { PurgeEpochs } from './purge-epochs.ts'
import type { Slot } from './slot.ts'

export interface SweeperOptions {
  readonly clock: Clock
  readonly epochs: PurgeEpochs
  /** The store, where others with the same epochs have sweepers too. */
  readonly sweptBy: object | undefined
  /** The newest slot of every key. */
  readonly slots: () => Iterator<Slot>
  /** Looks at a slot and its older variants, and removes what is of no use. */
  readonly visit: (slot: Slot, now: EpochMs) => void
}

const SLICE: Milliseconds = milliseconds(2)
/** Between slices when nobody waits: 5 % of one core at most. */
const PAUSE: Milliseconds = milliseconds(40)
/** How often it is asked whether a pass is due. */
const CHECK_EVERY: Milliseconds = milliseconds(5_000)
/** A pass for what has expired. */
const PASS_EVERY: Milliseconds = milliseconds(60_000)
/** Slots between two looks at the clock. */
const BATCH = 64

export class Sweeper {
  readonly #options: SweeperOptions
  readonly #timer: NodeJS.Timeout
  #pass: Promise<void> | undefined
  #next: Promise<void> | undefined
  #hurried = false
  #stopped = false
  #sweptVersion = 0
  #startedAt: Milliseconds

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonic()
    this.#timer = setInterval(() => this.#startIfDue(), CHECK_EVERY)
    this.#timer.unref()
  }

  /** One whole pass that begins now or later; several callers share it. */
  sweep(): Promise<void> {
    this.#hurried = true
    if (this.#pass === undefined) return this.#start()
    this.#next ??= this.#pass.then(() => {
      this.#next = undefined
      this.#hurried = true
      return this.#start()
    })
    return this.#next
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  #startIfDue(): void {
    if (this.#pass !== undefined) return
    const { clock, epochs } = this.#options
    const overdue = clock.monotonic() - this.#startedAt >= PASS_EVERY
    if (overdue || epochs.version !== this.#sweptVersion) void this.#start()
  }

  #start(): Promise<void> {
    this.#startedAt = this.#options.clock.monotonic()
    this.#sweptVersion = this.#options.epochs.version
    this.#pass = this.#run().finally(() => {
      this.#pass = undefined
      this.#hurried = false
    })
    return this.#pass
  }

  async #run(): Promise<void> {
    const { epochs, slots, sweptBy } = this.#options
    const sequence = epochs.current()
    const rest = slots()
    while (!this.#stopped) {
      if (this.#slice(rest)) return epochs.swept(sequence, sweptBy)
      await this.#pause()
    }
  }

  /** Goes on for at most SLICE; true when there is nothing left. */
  #slice(rest: Iterator<Slot>): boolean {
    const { clock, visit } = this.#options
    const started = clock.monotonic()
    const now = clock.now()
    while (clock.monotonic() - started < SLICE) {
      for (let count = 0; count < BATCH; count++) {
        const { done, value } = rest.next()
        if (done) return true
        visit(value, now)
      }
    }
    return false
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      if (this.#hurried) setImmediate(resolve)
      else setTimeout(resolve, PAUSE).unref()
    })
  }
}
