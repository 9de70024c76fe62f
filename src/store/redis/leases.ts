// Who of all replicas asks the origin?
//
// Whoever gets the lease for a key: one short-lived string, set only where there is none,
// given back only by the holder, gone by itself when the holder dies. Whoever did not get
// it waits: the holder's release is pushed to everybody, and the waiter looks into Redis
// again. A waiter gives up at its own deadline, so a lost holder delays others by that
// much at most. Without Redis everybody goes on at once ("unavailable").

import { randomBytes } from 'node:crypto'
import { type Milliseconds, milliseconds } from '../../base/units.ts'
import type { CacheKey } from '../store.ts'
import { ACQUIRE, RELEASE } from './epoch-scripts.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import type { KeyNames } from './key-names.ts'
import type { RedisReply } from './redis-client.ts'

/** The right to ask the origin for a key, in the name of all replicas. */
export interface Lease {
  /** Ours is done, for better or worse: wakes who waits. After storing, so that they find it. Never throws. */
  release(): void
}

/** Somebody else has it. */
interface HeldLease {
  /** How long at most. */
  readonly heldFor: Milliseconds
  /** The purge sequence at which the holder began. */
  readonly since: number
}

/** `unavailable`: nobody can say. */
export type LeaseAnswer = Lease | HeldLease | 'unavailable'

/** Keys of leases that may be waited for at once; more waiters go on at once. */
const MOST_WAITED_FOR = 10_000
const WAKE = 'w'

export interface LeaseOrder {
  /** Tells kinds of work on one key apart. */
  readonly purpose: string
  /** The purge sequence at which the work begins. */
  readonly sequence: number
  readonly duration: Milliseconds
}

export class Leases {
  readonly #redis: GuardedRedis
  readonly #names: KeyNames
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(redis: GuardedRedis, names: KeyNames) {
    this.#redis = redis
    this.#names = names
  }

  /** Never rejects. */
  async acquire(key: CacheKey, about: LeaseOrder): Promise<LeaseAnswer> {
    const name = this.#names.lease(key, about.purpose)
    const token = `${randomBytes(9).toString('base64url')}:${about.sequence}`
    const reply = await this.#redis.write('lease', client =>
      client.run(ACQUIRE, [name], [token, Math.ceil(about.duration)]),
    )
    if (reply === undefined) return 'unavailable'
    return reply === null ? this.#lease(name, token) : heldBy(reply)
  }

  /** Redis can't be relied upon any more: nobody waits for it. */
  wakeAll(): void {
    for (const wakes of this.#waiting.values()) for (const wake of wakes) wake()
  }

  /**
   * Begins to wait for the release of a lease; call it before `acquire`, so that no
   * release falls in between, and `cancel` it when it isn't needed.
   */
  watch(key: CacheKey, purpose: string): LeaseWatch {
    const name = this.#names.lease(key, purpose)
    const watch = new LeaseWatch(wake => this.#remove(name, wake))
    const wakes = this.#waiting.get(name) ?? new Set()
    if (wakes.size === 0 && this.#waiting.size >= MOST_WAITED_FOR) watch.wake()
    else this.#waiting.set(name, wakes.add(watch.wake))
    return watch
  }

  /** A message of the channel; true when it was a wake-up. */
  receive(text: string): boolean {
    if (!text.startsWith(WAKE)) return false
    const wakes = this.#waiting.get(text.slice(1))
    for (const wake of wakes ?? []) wake()
    return true
  }

  #lease(name: string, token: string): Lease {
    let held = true
    return {
      release: () => {
        if (!held) return
        held = false
        void this.#redis.write('lease', client =>
          client.run(RELEASE, [name], [token, this.#names.channel, WAKE + name]),
        )
      },
    }
  }

  #remove(name: string, wake: () => void): void {
    const wakes = this.#waiting.get(name)
    if (wakes?.delete(wake) && wakes.size === 0) this.#waiting.delete(name)
  }
}

/** What is no answer of the script's says nothing about a holder. */
function heldBy(reply: RedisReply): LeaseAnswer {
  if (!Array.isArray(reply)) return 'unavailable'
  const [left, token] = reply
  const since = Number(/:([0-9.]+)\+?$/.exec(String(token))?.[1])
  if (Number.isNaN(since)) return 'unavailable'
  return { heldFor: milliseconds(Math.max(1, Number(left))), since }
}

export class LeaseWatch {
  readonly #forget: (wake: () => void) => void
  #released = false
  #resolve: (() => void) | undefined
  readonly wake: () => void

  constructor(forget: (wake: () => void) => void) {
    this.#forget = forget
    this.wake = () => {
      this.#released = true
      this.#resolve?.()
    }
  }

  /** True when the lease was released within `deadline`, now or since the watch began. */
  async released(deadline: Milliseconds): Promise<boolean> {
    if (!this.#released) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, deadline)
        this.#resolve = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.cancel()
    return this.#released
  }

  cancel(): void {
    this.#forget(this.wake)
  }
}
