// Which of this replica's purges may the others not know of?
//
// Those that Redis did not take, until it does; and those of the last minute even if it
// did, because a new incarnation (a restart, a failover to a replica that lagged behind)
// may have lost them (docs/design.md, invariant 4). Bounded: when there are too many they
// become one purge of all users where they were users', else of everything: that says too
// much and never too little. News that still stand are told again then, and now and then.

import type { Clock } from '../../base/clock.ts'
import { type EpochMs, elapsed } from '../../base/units.ts'
import type { PurgeMode } from '../purge-channel.ts'
import { ALL_SCOPE, ALL_USERS_SCOPE, isUser, type Scope } from '../scopes.ts'

export interface OwnPurge {
  readonly scopes: readonly Scope[]
  readonly mode: PurgeMode
  readonly at: EpochMs
  delivered: boolean
}

const REPEATED_FOR_MS = 60_000
/** Well before Redis expires it. */
const NEWS_AGAIN_AFTER_MS = 24 * 3_600_000
const MOST_SCOPES = 20_000

export class PendingPurges {
  readonly #clock: Clock
  readonly #news: () => Scope[]
  #toldNews: EpochMs
  #purges: OwnPurge[] = []
  #scopes = 0

  constructor(clock: Clock, news: () => Scope[]) {
    this.#clock = clock
    this.#news = news
    this.#toldNews = clock.now()
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
    if (elapsed(this.#toldNews, this.#clock.now()) > NEWS_AGAIN_AFTER_MS) this.#tellNews()
    return this.#purges.filter(purge => !purge.delivered)
  }

  /** A new incarnation may have lost what was delivered lately: all of it counts as undelivered. */
  repeat(): void {
    this.#forgetOld()
    for (const purge of this.#purges) purge.delivered = false
    this.#tellNews()
  }

  #tellNews(): void {
    this.#toldNews = this.#clock.now()
    const scopes = this.#news().slice(-MOST_SCOPES / 2)
    if (scopes.length > 0) this.add(scopes, 'hard')
  }

  #forgetOld(): void {
    const now = this.#clock.now()
    this.#keep(this.#purges.filter(purge => !purge.delivered || elapsed(purge.at, now) <= REPEATED_FOR_MS))
  }

  #bound(): void {
    this.#forgetOld()
    if (this.#scopes <= MOST_SCOPES) return
    const ofUsers = this.#purges.filter(onlyUsers)
    if (sizeOf(ofUsers) > MOST_SCOPES / 2) {
      this.#keep([...this.#purges.filter(purge => !onlyUsers(purge)), this.#merged(ofUsers, ALL_USERS_SCOPE)])
      return
    }
    this.#keep([this.#merged(this.#purges, ALL_SCOPE)])
    this.#tellNews()
  }

  #merged(purges: readonly OwnPurge[], scope: Scope): OwnPurge {
    const mode = purges.some(purge => purge.mode === 'hard') ? 'hard' : 'soft'
    return { scopes: [scope], mode, at: this.#clock.now(), delivered: purges.every(purge => purge.delivered) }
  }

  #keep(purges: OwnPurge[]): void {
    this.#purges = purges
    this.#scopes = sizeOf(purges)
  }
}

function onlyUsers({ scopes }: OwnPurge): boolean {
  return scopes.every(isUser)
}

function sizeOf(purges: readonly OwnPurge[]): number {
  return purges.reduce((sum, { scopes }) => sum + scopes.length, 0)
}
