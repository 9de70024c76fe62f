// Which of this replica's purges may the others not know of?
//
// Those that Redis did not take, until it does; and those of the last minute even if it
// did, because a new incarnation (a restart, a failover to a replica that lagged behind)
// may have lost them (docs/design.md, invariant 4). Bounded: when there are too many they
// become one purge of everything, which says too much and never too little.

import type { Clock } from '../../base/clock.ts'
import { type EpochMs, elapsed } from '../../base/units.ts'
import type { PurgeMode } from '../purge-channel.ts'
import { ALL_SCOPE, type Scope } from '../scopes.ts'

export interface OwnPurge {
  readonly scopes: readonly Scope[]
  readonly mode: PurgeMode
  readonly at: EpochMs
  delivered: boolean
}

const REPEATED_FOR_MS = 60_000
const MOST_SCOPES = 20_000

export class PendingPurges {
  readonly #clock: Clock
  #purges: OwnPurge[] = []
  #scopes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(scopes: readonly Scope[], mode: PurgeMode): OwnPurge {
    const purge: OwnPurge = { scopes, mode, at: this.#clock.now(), delivered: false }
    this.#purges.push(purge)
    this.#scopes += scopes.length
    if (this.#scopes > MOST_SCOPES) this.#bound()
    return purge
  }

  /** What still has to be told, oldest first. */
  undelivered(): OwnPurge[] {
    return this.#purges.filter(purge => !purge.delivered)
  }

  /** A new incarnation may have lost what was delivered lately: all of it counts as undelivered. */
  repeat(): void {
    this.#forgetOld()
    for (const purge of this.#purges) purge.delivered = false
  }

  #forgetOld(): void {
    const now = this.#clock.now()
    this.#keep(this.#purges.filter(purge => !purge.delivered || elapsed(purge.at, now) <= REPEATED_FOR_MS))
  }

  #bound(): void {
    this.#forgetOld()
    if (this.#scopes <= MOST_SCOPES) return
    const hard = this.#purges.some(purge => purge.mode === 'hard' && !purge.delivered)
    this.#keep([{ scopes: [ALL_SCOPE], mode: hard ? 'hard' : 'soft', at: this.#clock.now(), delivered: false }])
  }

  #keep(purges: OwnPurge[]): void {
    this.#purges = purges
    this.#scopes = purges.reduce((sum, { scopes }) => sum + scopes.length, 0)
  }
}
