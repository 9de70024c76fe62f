// Who of all replicas asks the origin?
//
// Whoever gets the lease for a key: one short-lived string, set only where there is none,
// given back only by the holder, gone by itself when the holder dies. Whoever did not get
// it waits: the holder's release is pushed to everybody, and the waiter looks into Redis
// again. A waiter gives up at its own deadline, so a lost holder delays others by that
// much at most. Without Redis everybody goes on at once ("unavailable").

import { randomBytes } from 'node:crypto'
import type { Milliseconds } from '../../base/units.ts'
import type { CacheKey } from '../store.ts'
import { RELEASE } from './epoch-scripts.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import type { KeyNames } from './key-names.ts'

/** The right to ask the origin for a key, in the name of all replicas. */
export interface Lease {
  /** Ours is done, for better or worse: wakes who waits. After storing, so that they find it. Never throws. */
  release(): void
}

/** `held`: another replica has it; `unavailable`: nobody can say. */
export type LeaseAnswer = Lease | 'held' | 'unavailable'

/** Keys of leases that may be waited for at once; more waiters go on at once. */
const MOST_WAITED_FOR = 10_000
const WAKE = 'w'

export class Leases {
  readonly #redis: GuardedRedis
  readonly #names: KeyNames
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(redis: GuardedRedis, names: KeyNames) {
    this.#redis = redis
    this.#names = names
  }

  /** `purpose` tells kinds of work on one key apart, e.g. `fill`, `refresh`. Never rejects. */
  async acquire(key: CacheKey, purpose: string, duration: Milliseconds): Promise<LeaseAnswer> {
    const name = this.#names.lease(key, purpose)
    const token = randomBytes(9).toString('base64url')
    const answer = await this.#redis.write('set', async client => {
      const reply = await client.call('SET', name, token, 'NX', 'PX', Math.ceil(duration))
      return reply === null ? 'held' : 'ours'
    })
    if (answer === undefined) return 'unavailable'
    return answer === 'held' ? 'held' : this.#lease(name, token)
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
        void this.#redis.write('delete', client =>
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
