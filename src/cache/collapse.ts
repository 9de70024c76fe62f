// Who waits for whose request?
//
// One flight per cache key among callers who could be given the stored response (RFC
// 9111 §4: collapsing). A waiter has a deadline: when the leader's head takes too long,
// the flight takes no more riders, and the first waiter to notice leads the next one, so
// that a stalled leader holds nobody and a slow origin is not stampeded. Keys whose last
// answer turned out uncacheable are not collapsed for a moment, because waiting in line
// for a response that can't be shared only makes everybody slow.
// A request begun after a purge joins no flight begun before it: see `mayJoin`.

import { BoundedMap } from '../base/bounded-map.ts'
import type { Clock } from '../base/clock.ts'
import { type EpochMs, later, type Milliseconds, milliseconds } from '../base/units.ts'
import type { CacheKey } from '../store/store.ts'
import type { Flight } from './flight.ts'

/** How long a waiter gives a leader to show a response head. */
export const LEADER_DEADLINE: Milliseconds = milliseconds(5_000)
/** How long a key counts as uncacheable after it turned out so. */
const UNCACHEABLE_FOR: Milliseconds = milliseconds(10_000)
/** Keys remembered as uncacheable. */
const MOST_REMEMBERED = { keys: 10_000, characters: 4_000_000 }

export interface Departure {
  readonly flight: Flight
  /** The purge sequence when the request left. */
  readonly sequence: number
  /** Whose acceptance it rests on, where one is needed. */
  readonly caller?: string | undefined
}

export class Collapser {
  readonly #clock: Clock
  readonly #underWay = new Map<CacheKey, Departure>()
  readonly #uncacheable = new BoundedMap<EpochMs>(MOST_REMEMBERED)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The flight that a request with this key may board, if one is under way. `mayJoin` says whether a purge stands between. */
  joinable(key: CacheKey, mayJoin: (departure: Departure) => boolean): Departure | undefined {
    const departure = this.#underWay.get(key)
    if (departure === undefined || !departure.flight.boarding || !mayJoin(departure)) return undefined
    return departure
  }

  /** Others with this key may board `departure` from now on, instead of whatever they could board before. */
  lead(key: CacheKey, departure: Departure): void {
    this.#underWay.set(key, departure)
  }

  /** Nobody boards this flight any more: it landed, or its leader is overdue. */
  retire(key: CacheKey, flight: Flight): void {
    if (this.#underWay.get(key)?.flight === flight) this.#underWay.delete(key)
  }

  /** The response to this key could not be stored. */
  rememberUncacheable(key: CacheKey): void {
    this.#uncacheable.set(key, later(this.#clock.now(), UNCACHEABLE_FOR))
  }

  forgetUncacheable(key: CacheKey): void {
    this.#uncacheable.delete(key)
  }

  wasUncacheable(key: CacheKey): boolean {
    const until = this.#uncacheable.get(key)
    if (until === undefined) return false
    if (until > this.#clock.now()) return true
    this.#uncacheable.delete(key)
    return false
  }

  /** Flights under way, for metrics and tests. */
  get size(): number {
    return this.#underWay.size
  }
}

/** The flight's result, or `overdue` when its leader's head takes longer than a waiter should wait. */
export async function awaitHead(
  flight: Flight,
  deadline: Milliseconds,
): Promise<Awaited<Flight['result']> | 'overdue'> {
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<'overdue'>(resolve => {
    timer = setTimeout(() => resolve('overdue'), deadline)
  })
  try {
    return await Promise.race([flight.result, overdue])
  } finally {
    clearTimeout(timer)
  }
}
