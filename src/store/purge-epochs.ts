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
// Scopes that nothing can need any more are forgotten; when too many are remembered the
// oldest are given up for a floor, and whatever is older than the floor counts as purged
// (too much is forwarded then, never too little).

import { type Clock, systemClock } from '../base/clock.ts'
import { type EpochMs, epochMs, type Milliseconds } from '../base/units.ts'
import { type PurgeChannel, type PurgeMode, type PurgeReach, unconnected } from './purge-channel.ts'
import { ALL_SCOPE, isPrefix, type Scope, somePrefix } from './scopes.ts'
import type { Slot } from './slot.ts'

/** How a stored response stands towards the purges so far: untouched, purged softly (stale), or purged (gone). */
export type Standing = 'kept' | 'soft' | 'hard'

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

/** The sequences of a scope's last purges; 0: never. */
interface Epoch {
  hard: number
  soft: number
  /** When the last soft purge was heard of. */
  softAt: EpochMs
}

/** About 20 MB of scopes at worst; a purge per second of ever new scopes is remembered for a day. */
const MOST_SCOPES = 100_000
/** A purge that other replicas number too is counted in between, so that theirs stays the higher one. */
const PROVISIONAL = 2 ** -16
const NEVER = epochMs(0)

export class PurgeEpochs {
  /** Rises with everything that may change a standing, so that a remembered one can be told to be old. */
  version = 0
  readonly #mostScopes: number
  /** In the order of their last purge, oldest first. */
  readonly #scopes = new Map<Scope, Epoch>()
  readonly #inFlight = new Set<Fence>()
  readonly #floor: Epoch = { hard: 0, soft: 0, softAt: NEVER }
  #prefixes = 0
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
    this.#mostScopes = mostScopes
    this.#clock = clock
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
    if (sequence < this.#floor.hard) return 'hard'
    let soft = sequence < this.#floor.soft
    if (this.#scopes.size === 0) return soft ? 'soft' : 'kept'
    for (const scope of scopes) {
      const epoch = this.#scopes.get(scope)
      if (epoch === undefined) continue
      if (sequence < epoch.hard) return 'hard'
      soft ||= sequence < epoch.soft
    }
    if (this.#prefixes > 0) {
      const hard = somePrefix(scopes, prefix => {
        const epoch = this.#scopes.get(prefix)
        soft ||= epoch !== undefined && sequence < epoch.soft
        return epoch !== undefined && sequence < epoch.hard
      })
      if (hard) return 'hard'
    }
    return soft ? 'soft' : 'kept'
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
    let at = sequence < this.#floor.soft ? this.#floor.softAt : NEVER
    const look = (scope: Scope) => {
      const epoch = this.#scopes.get(scope)
      if (epoch !== undefined && sequence < epoch.soft && epoch.softAt > at) at = epoch.softAt
      return false
    }
    for (const scope of scopes) look(scope)
    if (this.#prefixes > 0) somePrefix(scopes, look)
    return at
  }

  /** Effective here before it returns; the promise says whether replicas will hear of it, and never rejects. */
  async purge(scopes: readonly Scope[], mode: PurgeMode): Promise<PurgeReach> {
    const provisional = this.#sequence + PROVISIONAL
    const agreeing = this.#channel.agreeing && provisional < Math.floor(this.#sequence) + 1
    this.receive(scopes, mode, agreeing ? provisional : Math.floor(this.#sequence) + 1)
    const { reach, sequence } = await this.#channel.publish(scopes, mode)
    if (sequence !== undefined) this.receive(scopes, mode, sequence)
    return reach
  }

  /** A purge made elsewhere, under the number that all agree on; without one it counts as made now. */
  receive(scopes: readonly Scope[], mode: PurgeMode, sequence = Math.floor(this.#sequence) + 1): void {
    this.advance(sequence)
    for (const scope of scopes) {
      if (scope === ALL_SCOPE) this.#raise(this.#floor, mode, sequence)
      else this.#remember(scope, mode, sequence)
    }
    this.#boundScopes()
  }

  /** Raises the sequence to what others have reached. */
  advance(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence)
  }

  /** How purges reach other replicas, and theirs this one. */
  connect(channel: PurgeChannel): void {
    this.#channel = channel
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
    for (const [scope, epoch] of this.#scopes) {
      if (Math.max(epoch.hard, epoch.soft) > bound) return
      this.#drop(scope)
    }
  }

  /** Scopes remembered. */
  get size(): number {
    return this.#scopes.size
  }

  #remember(scope: Scope, mode: PurgeMode, sequence: number): void {
    const epoch = this.#scopes.get(scope) ?? { hard: 0, soft: 0, softAt: NEVER }
    if (!this.#raise(epoch, mode, sequence)) return
    this.#drop(scope)
    this.#scopes.set(scope, epoch)
    this.#prefixes += Number(isPrefix(scope))
  }

  /** False where nothing changed: a purge may be heard of twice. */
  #raise(epoch: Epoch, mode: PurgeMode, sequence: number): boolean {
    if (epoch[mode] >= sequence) return false
    // A provisional number that is replaced by the agreed one is the same purge.
    if (mode === 'soft' && Math.floor(epoch.soft) === epoch.soft) epoch.softAt = this.#clock.now()
    epoch[mode] = sequence
    this.version += 1
    return true
  }

  #drop(scope: Scope): void {
    if (this.#scopes.delete(scope)) this.#prefixes -= Number(isPrefix(scope))
  }

  #boundScopes(): void {
    if (this.#scopes.size <= this.#mostScopes) return
    let tooMany = this.#scopes.size - Math.floor(this.#mostScopes * 0.9)
    for (const [scope, epoch] of this.#scopes) {
      if (tooMany-- === 0) return
      this.#floor.hard = Math.max(this.#floor.hard, epoch.hard)
      this.#floor.soft = Math.max(this.#floor.soft, epoch.soft)
      this.#floor.softAt = epochMs(Math.max(this.#floor.softAt, epoch.softAt))
      this.#drop(scope)
    }
  }
}

/** A slot that is stale already has been since then. */
function soften(slot: Slot, at: EpochMs): void {
  if (slot.standing === 'soft') return
  slot.standing = 'soft'
  slot.staleSince = at
}
