// Which scopes were purged, and when was the last time?
//
// A bounded table. When too many are remembered the oldest are given up for a floor, and
// whatever is older than the floor counts as purged: too much is forwarded then, never
// too little. Users have a table of their own (purge-epochs.ts), so that a flood of
// refused credentials costs signed-in users their hits at worst, and nobody else's.

import { type EpochMs, epochMs } from '../base/units.ts'
import type { PurgeMode } from './purge-channel.ts'
import { isPrefix, type Scope } from './scopes.ts'

/** How a stored response stands towards the purges so far: untouched, purged softly (stale), or purged (gone). */
export type Standing = 'kept' | 'soft' | 'hard'

/** The sequences of a scope's last purges; 0: never. */
interface Epoch {
  hard: number
  soft: number
  /** When the last soft purge was heard of. */
  softAt: EpochMs
}

interface NumberedPurge {
  readonly mode: PurgeMode
  readonly sequence: number
  readonly at: EpochMs
}

const NEVER = epochMs(0)

export class PurgedScopes {
  readonly #most: number
  /** In the order of their last purge, oldest first. */
  readonly #scopes = new Map<Scope, Epoch>()
  readonly #floor: Epoch = { hard: 0, soft: 0, softAt: NEVER }
  #prefixes = 0

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#scopes.size
  }

  get hasPrefixes(): boolean {
    return this.#prefixes > 0
  }

  /** Of whatever is in this table's care, whichever scopes it carries. */
  floorStanding(sequence: number): Standing {
    return standingTo(this.#floor, sequence)
  }

  standing(scope: Scope, sequence: number): Standing {
    const epoch = this.#scopes.get(scope)
    return epoch === undefined ? 'kept' : standingTo(epoch, sequence)
  }

  /** When whatever is in this table's care was last purged softly. */
  floorSoftenedAt(sequence: number): EpochMs {
    return softenedAt(this.#floor, sequence)
  }

  softenedAt(scope: Scope, sequence: number): EpochMs {
    const epoch = this.#scopes.get(scope)
    return epoch === undefined ? NEVER : softenedAt(epoch, sequence)
  }

  /** False where nothing changed: a purge may be heard of twice. */
  purge(scope: Scope, purge: NumberedPurge): boolean {
    const epoch = this.#scopes.get(scope) ?? { hard: 0, soft: 0, softAt: NEVER }
    if (!raise(epoch, purge)) return false
    this.#drop(scope)
    this.#scopes.set(scope, epoch)
    this.#prefixes += Number(isPrefix(scope))
    if (this.#scopes.size > this.#most) this.#giveUpOldest()
    return true
  }

  /** Everything up to its sequence counts as purged. False where nothing changed. */
  purgeAll(purge: NumberedPurge): boolean {
    return raise(this.#floor, purge)
  }

  /** Forgets what was last purged at `upTo` or earlier. */
  forget(upTo: number): void {
    for (const [scope, epoch] of this.#scopes) {
      if (Math.max(epoch.hard, epoch.soft) > upTo) return
      this.#drop(scope)
    }
  }

  #drop(scope: Scope): void {
    if (this.#scopes.delete(scope)) this.#prefixes -= Number(isPrefix(scope))
  }

  #giveUpOldest(): void {
    let tooMany = this.#scopes.size - Math.floor(this.#most * 0.9)
    for (const [scope, epoch] of this.#scopes) {
      if (tooMany-- === 0) return
      this.#floor.hard = Math.max(this.#floor.hard, epoch.hard)
      this.#floor.soft = Math.max(this.#floor.soft, epoch.soft)
      this.#floor.softAt = epochMs(Math.max(this.#floor.softAt, epoch.softAt))
      this.#drop(scope)
    }
  }
}

function raise(epoch: Epoch, { mode, sequence, at }: NumberedPurge): boolean {
  if (epoch[mode] >= sequence) return false
  // A provisional number that is replaced by the agreed one is the same purge.
  if (mode === 'soft' && Math.floor(epoch.soft) === epoch.soft) epoch.softAt = at
  epoch[mode] = sequence
  return true
}

function standingTo({ hard, soft }: Epoch, sequence: number): Standing {
  if (sequence < hard) return 'hard'
  return sequence < soft ? 'soft' : 'kept'
}

function softenedAt({ soft, softAt }: Epoch, sequence: number): EpochMs {
  return sequence < soft ? softAt : NEVER
}
