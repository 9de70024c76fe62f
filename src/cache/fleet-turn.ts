// Whose turn is it to ask the origin, over all replicas?
//
// Before a flight departs whose response others could be given, it takes the key's lease,
// and in the same round trip looks whether another replica has the response by now. Where
// the lease is held, it waits for the holder: woken by its release, and looking again
// every 75 ms in case the wake-up was lost or Redis went away. It goes on its
// own when the holder comes to nothing, when it was lost, or after the deadline that
// waiters of a flight have, too; without Redis at once.
// A request begun after a purge doesn't wait for one that began before it.

import type { Clock } from '../base/clock.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { Fleet } from '../store/fleet.ts'
import type { Lease, LeaseAnswer } from '../store/redis/leases.ts'
import type { CacheKey, Lookup } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { LEADER_DEADLINE } from './collapse.ts'

export interface Sought {
  readonly key: CacheKey
  readonly presented: Fields
  /** What would be validated: another replica's must be newer. */
  readonly than: StoredResponse | undefined
  /** The purge sequence when the request began. */
  readonly sequence: number
  /** Whether what another replica stored answers the request. */
  suits(found: Lookup): boolean
  /** Whether a request that began at `sequence` would answer it, for all that was purged since. */
  mayWaitFor(sequence: number): boolean
}

/** What another replica got from the origin. */
export interface FoundElsewhere {
  readonly lookup: Lookup
  /** The replica was still asking when we came. */
  readonly waited: boolean
}

/** Between two looks while another replica asks. */
const LOOK_AGAIN: Milliseconds = milliseconds(75)
/** A lost holder delays others by so much at most. */
const LEASE: Milliseconds = LEADER_DEADLINE

export class FleetTurn {
  readonly #fleet: Fleet
  readonly #clock: Clock
  readonly #sought: Sought
  #lease: Lease | undefined
  #over = false

  constructor(fleet: Fleet, clock: Clock, sought: Sought) {
    this.#fleet = fleet
    this.#clock = clock
    this.#sought = sought
  }

  /** Resolves when it is our turn (undefined), or no turn is needed. Never rejects. */
  async take(): Promise<FoundElsewhere | undefined> {
    const { key } = this.#sought
    const until = this.#clock.monotonic() + LEADER_DEADLINE
    for (let waited = false; ; waited = true) {
      const watch = this.#fleet.watch(key)
      const { answer, found } = await this.#askBoth()
      if (found !== undefined || !isHeld(answer)) watch.cancel()
      if (found !== undefined) return this.#doneBy(answer, { lookup: found, waited })
      const left = until - this.#clock.monotonic()
      if (!isHeld(answer)) return this.#keep(answer)
      if (left <= 0 || !this.#sought.mayWaitFor(answer.since)) {
        watch.cancel()
        return undefined
      }
      const released = await watch.released(milliseconds(Math.min(answer.heldFor, LOOK_AGAIN, left)))
      // What it came to is there now, or it came to nothing that can be shared: no use to wait in line.
      if (released) return this.#afterRelease()
    }
  }

  /** Ours is done, or will come to nothing: the others may look. After storing. */
  release(): void {
    this.#over = true
    const lease = this.#lease
    this.#lease = undefined
    if (lease !== undefined) void this.#fleet.written(this.#sought.key).then(() => lease.release())
  }

  /** The lease first: whoever gets it after a release looks after it, too. */
  async #askBoth(): Promise<{ answer: LeaseAnswer; found: Lookup | undefined }> {
    const { key, sequence } = this.#sought
    const [answer, found] = await Promise.all([this.#fleet.acquire(key, sequence, LEASE), this.#look()])
    return { answer, found }
  }

  async #look(): Promise<Lookup | undefined> {
    const { key, presented, than } = this.#sought
    const found = await this.#fleet.refetch(key, presented, than)
    const response = found.slot?.response
    if (response === undefined || (than !== undefined && response.responseTime <= than.responseTime)) return undefined
    return this.#sought.suits(found) ? found : undefined
  }

  async #afterRelease(): Promise<FoundElsewhere | undefined> {
    const found = await this.#look()
    return found === undefined ? undefined : { lookup: found, waited: true }
  }

  #doneBy(answer: LeaseAnswer, found: FoundElsewhere): FoundElsewhere {
    if (typeof answer === 'object' && 'release' in answer) answer.release()
    return found
  }

  #keep(answer: Lease | 'unavailable'): undefined {
    if (answer === 'unavailable') return
    if (this.#over) answer.release()
    else this.#lease = answer
  }
}

function isHeld(answer: LeaseAnswer): answer is Extract<LeaseAnswer, { heldFor: unknown }> {
  return typeof answer === 'object' && 'heldFor' in answer
}
