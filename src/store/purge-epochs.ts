// Was this stored response purged, or filled by a request older than a purge?
//
// One sequence counts the purges. Every purged scope remembers the sequence of its last
// hard and its last soft purge; a stored response remembers the sequence when the
// request that fetched it left. It was purged if any scope that it carries has a higher
// one (docs/design.md, invariant 4), so a fill that lands after the purge is caught too,
// whatever tags its response turns out to carry, and nothing has to be searched.
//
// Whole numbers are agreed on with other replicas where there are any (purge-channel.ts);
// a purge made here counts by a fraction until its number is known, so that nothing begun
// here ever bears a number that others have still to give. Without them all are whole.
//
// Scopes that nothing can need any more are forgotten, and their number is bounded
// (purged-scopes.ts). Some scopes are carried by no response but tell something (scopes.ts,
// "news"): purges reach everybody, whoever was away too, so what has to reach everybody
// travels as one. Listeners hear of users and news that others purged.

import { type Clock, systemClock } from '../base/clock.ts'
import { type EpochMs, epochMs, type Milliseconds } from '../base/units.ts'
import { type PurgeChannel, type PurgeMode, type PurgeReach, unconnected } from './purge-channel.ts'
import { PurgedScopes, type Standing } from './purged-scopes.ts'
import { ALL_SCOPE, ALL_USERS_SCOPE, isUser, type Scope, somePrefix } from './scopes.ts'
import type { Slot } from './slot.ts'

export type { Standing } from './purged-scopes.ts'

/** What a standing is asked about; a StoredResponse is one. */
export interface Purgeable {
  readonly scopes: readonly Scope[]
  readonly sequence: number
}

/** A request that left for the origin and may yet fill the cache. */
export interface Fence {
  readonly sequence: number
  /** Purges were missed while it was under way: whatever comes of it can't be stored. */
  revoked: boolean
}

/** Whoever learns from purges more than what is gone. */
export interface PurgeListener {
  /** Purged elsewhere, for good. The same may be heard again. */
  heard(scopes: readonly Scope[]): void
  /** Purges were missed that nobody can tell any more. */
  missed(): void
  /** News to be told again, lest somebody who starts anew never hears of it. */
  news(): readonly Scope[]
}

/** About 20 MB of scopes at worst; a purge per second of ever new scopes is remembered for a day. */
const MOST_SCOPES = 100_000
/** A purge that other replicas number too is counted in between, so that theirs stays the higher one. */
const PROVISIONAL = 2 ** -16
const NEVER = epochMs(0)

export class PurgeEpochs {
  /** Rises with everything that may change a standing, so that a remembered one can be told to be old. */
  version = 0
  /** Its floor is everybody's. */
  readonly #named: PurgedScopes
  readonly #users: PurgedScopes
  readonly #inFlight = new Set<Fence>()
  readonly #listeners: PurgeListener[] = []
  /** Slots filled before this version may have missed purges. */
  #distrusted = 0
  #distrustedAt = NEVER
  /** Memory holds nothing that was purged up to here. */
  #swept = 0
  /** By each store of this process that carries scopes, how far it has swept. */
  readonly #sweptBy = new Map<object, number>([[this, 0]])
  #sequence = 0
  #channel: PurgeChannel = unconnected
  #cut: { readonly at: EpochMs; readonly partition: Milliseconds } | undefined

  readonly #clock: Pick<Clock, 'now'>

  constructor(mostScopes: number = MOST_SCOPES, clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock
    this.#named = new PurgedScopes(mostScopes)
    this.#users = new PurgedScopes(mostScopes)
  }

  /** The sequence of the latest purge known here. */
  current(): number {
    return this.#sequence
  }

  /** Captures the sequence: call it before the request leaves, and `end` when its fill landed or was given up. */
  begin(): Fence {
    const fence: Fence = { sequence: this.#sequence, revoked: false }
    this.#inFlight.add(fence)
    return fence
  }

  end(fence: Fence): void {
    this.#inFlight.delete(fence)
  }

  /** Whether a fill may still be stored or shared under `scopes`. A soft purge lets it pass; it is stale then. */
  admits(fence: Fence, scopes: readonly Scope[]): boolean {
    return !fence.revoked && this.standing({ scopes, sequence: fence.sequence }) !== 'hard'
  }

  standing({ scopes, sequence }: Purgeable): Standing {
    const all = this.#named.floorStanding(sequence)
    if (all === 'hard') return all
    let soft = all === 'soft'
    for (const scope of scopes) {
      const standing = isUser(scope) ? this.#userStanding(scope, sequence) : this.#named.standing(scope, sequence)
      if (standing === 'hard') return standing
      soft ||= standing === 'soft'
    }
    if (this.#named.hasPrefixes) {
      const hard = somePrefix(scopes, prefix => {
        const standing = this.#named.standing(prefix, sequence)
        soft ||= standing === 'soft'
        return standing === 'hard'
      })
      if (hard) return 'hard'
    }
    return soft ? 'soft' : 'kept'
  }

  #userStanding(scope: Scope, sequence: number): Standing {
    const all = this.#users.floorStanding(sequence)
    if (all === 'hard') return all
    const own = this.#users.standing(scope, sequence)
    return own === 'kept' ? all : own
  }

  /** The slot's standing, remembered on the slot until the next purge of anything. Once soft, a slot never gets better. */
  standingOf(slot: Slot): Standing {
    if (slot.standingVersion !== this.version) {
      const standing = this.standing(slot.response)
      if (standing === 'hard') slot.standing = standing
      else if (standing === 'soft') soften(slot, this.#softenedAt(slot.response))
      else if (slot.since < this.#distrusted) soften(slot, this.#distrustedAt)
      slot.standingVersion = this.version
    }
    return slot.standing
  }

  /** When the last soft purge of any of the scopes was heard of. */
  #softenedAt({ scopes, sequence }: Purgeable): EpochMs {
    let at = this.#named.floorSoftenedAt(sequence)
    for (const scope of scopes) {
      if (!isUser(scope)) at = latest(at, this.#named.softenedAt(scope, sequence))
      else at = latest(latest(at, this.#users.floorSoftenedAt(sequence)), this.#users.softenedAt(scope, sequence))
    }
    if (!this.#named.hasPrefixes) return at
    somePrefix(scopes, prefix => {
      at = latest(at, this.#named.softenedAt(prefix, sequence))
      return false
    })
    return at
  }

  /** Effective here before it returns; the promise says whether replicas will hear of it, and never rejects. */
  async purge(scopes: readonly Scope[], mode: PurgeMode): Promise<PurgeReach> {
    this.count(scopes, mode, this.#nextHere())
    const { reach, sequence } = await this.#channel.publish(scopes, mode)
    if (sequence !== undefined) this.count(scopes, mode, sequence)
    return reach
  }

  /** A purge by another worker, which tells replicas itself: it counts from now on, as one made here does. */
  hear(scopes: readonly Scope[], mode: PurgeMode): void {
    this.receive(scopes, mode, this.#nextHere())
  }

  #nextHere(): number {
    const provisional = this.#sequence + PROVISIONAL
    const next = Math.floor(this.#sequence) + 1
    return this.#channel.agreeing && provisional < next ? provisional : next
  }

  /** A purge made elsewhere, under the number that all agree on; without one it counts as made now. */
  receive(scopes: readonly Scope[], mode: PurgeMode, sequence = Math.floor(this.#sequence) + 1): void {
    if (!this.count(scopes, mode, sequence) || mode === 'soft') return
    for (const listener of this.#listeners) listener.heard(scopes)
  }

  /** A purge of our own under its number: nobody here has to be told. False where it changed nothing. */
  count(scopes: readonly Scope[], mode: PurgeMode, sequence: number): boolean {
    this.advance(sequence)
    let changed = false
    for (const scope of scopes) changed = this.#purge(scope, mode, sequence) || changed
    if (changed) this.version += 1
    return changed
  }

  #purge(scope: Scope, mode: PurgeMode, sequence: number): boolean {
    const purge = { mode, sequence, at: this.#clock.now() }
    if (scope === ALL_SCOPE) return this.#named.purgeAll(purge)
    if (scope === ALL_USERS_SCOPE) return this.#users.purgeAll(purge)
    return (isUser(scope) ? this.#users : this.#named).purge(scope, purge)
  }

  listen(listener: PurgeListener): void {
    this.#listeners.push(listener)
  }

  /** What has to be told again (PurgeListener). */
  news(): Scope[] {
    return this.#listeners.flatMap(listener => listener.news())
  }

  /** Raises the sequence to what others have reached. */
  advance(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence)
  }

  /** How purges reach other replicas, and theirs this one. */
  connect(channel: PurgeChannel): void {
    this.#channel = channel
  }

  /** What purges reach others by now; for whoever wants to stand before it. */
  get channel(): PurgeChannel {
    return this.#channel
  }

  /** Other replicas' purges can't be heard since `at`: memory is trusted for `partition` from then on. */
  cut(at: EpochMs, partition: Milliseconds): void {
    this.#cut ??= { at, partition }
  }

  /** Other replicas' purges are heard again, and those missed have been received. */
  heal(): void {
    this.#cut = undefined
  }

  /** Whether a response in memory may count as fresh at `now`, for all that is known of other replicas' purges. */
  isTrusted(response: { readonly responseTime: EpochMs }, now: EpochMs): boolean {
    const until = this.freshUntil(response)
    return until === undefined || now < until
  }

  /** Until when a response in memory may count as fresh while other replicas' purges can't be heard; undefined: no limit. */
  freshUntil({ responseTime }: { readonly responseTime: EpochMs }): EpochMs | undefined {
    if (this.#cut === undefined) return undefined
    return epochMs(Math.max(responseTime, this.#cut.at) + this.#cut.partition)
  }

  /** Purges were missed that nobody can tell any more: what memory holds becomes stale, and no fill under way may be stored. */
  distrust(): void {
    for (const fence of this.#inFlight) fence.revoked = true
    this.version += 1
    this.#distrusted = this.version
    this.#distrustedAt = this.#clock.now()
    for (const listener of this.#listeners) listener.missed()
  }

  /** A second store whose sweeps count too. */
  alsoSweptBy(store: object): void {
    this.#sweptBy.set(store, 0)
  }

  /** Memory holds nothing any more that was purged up to `sequence`. */
  swept(sequence: number, by: object = this): void {
    this.#sweptBy.set(by, Math.max(this.#sweptBy.get(by) ?? 0, sequence))
    this.#swept = Math.min(...this.#sweptBy.values())
    if (!this.#channel.remembers) this.forget(this.#swept)
  }

  /**
   * Forgets the scopes whose last purge was `upTo` or earlier: no other store holds what
   * they named. What memory or a fill under way may still run into is kept all the same.
   */
  forget(upTo: number): void {
    const [oldest] = this.#inFlight
    const bound = Math.min(upTo, this.#swept, oldest?.sequence ?? upTo)
    this.#named.forget(bound)
    this.#users.forget(bound)
  }

  /** Scopes remembered. */
  get size(): number {
    return this.#named.size + this.#users.size
  }
}

/** A slot that is stale already has been since then. */
function soften(slot: Slot, at: EpochMs): void {
  if (slot.standing === 'soft') return
  slot.standing = 'soft'
  slot.staleSince = at
}

function latest(one: EpochMs, other: EpochMs): EpochMs {
  return one > other ? one : other
}
