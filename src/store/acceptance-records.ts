// Whom has the origin accepted, for what, and who has lost it?
//
// Digests only. A record says that a caller was accepted for a subject (one representation
// under one key, or a route with equal parts) until an instant. It hangs on the state of
// every credential that made the caller; withdrawing a credential ends its state, and with
// it, in the same turn, every record that hangs there, made or still under way. So there
// is no list of revocations that could be flooded or outlived: a withdrawal of what nobody
// holds is nothing. All is bounded; what is given up for room ends the records that hung
// on it, which costs a forward request, never a leak.
// A channel carries records and withdrawals to other replicas or workers; they carry
// durations, not instants, so no two clocks are compared. A record that arrives soon after
// a withdrawal of one of its credentials is refused, whichever was made first.

import { type EpochMs, epochMs, later, type Milliseconds, milliseconds } from '../base/units.ts'

/** A record as it travels. */
export interface SharedAcceptance {
  /** What was accepted for, as a digest. */
  readonly subject: string
  /** Digest of the caller: all credentials together. */
  readonly caller: string
  /** Digests of the caller and of each credential alone. */
  readonly credentials: readonly string[]
  readonly route: string
  /** Of purges, when the request was begun that was accepted. */
  readonly sequence: number
  readonly lasts: Milliseconds
  /** The token's own `exp`. */
  readonly ends: EpochMs | undefined
}

export interface Withdrawal {
  readonly credentials: readonly string[]
  /** Undefined: everywhere. */
  readonly route: string | undefined
}

/** How records and withdrawals reach others; must return at once and never throw. */
export interface AcceptanceChannel {
  /** Others hold what callers stored under `share: user`, so that every withdrawal has to be told as a purge. */
  readonly holdsElsewhere: boolean
  /** Whether what was accepted at `since` may still be relied on at `now`, for all that is known of withdrawals elsewhere. */
  trusts(since: EpochMs, now: EpochMs): boolean
  accepted(record: SharedAcceptance): void
  withdrawn(withdrawal: Withdrawal): void
}

const ALONE: AcceptanceChannel = {
  holdsElsewhere: false,
  trusts: () => true,
  accepted: () => undefined,
  withdrawn: () => undefined,
}

/** What became of one credential. */
interface CredentialState {
  ended: boolean
  /** Requests under way that may yet be accepted. */
  pending: number
  /** By route, when it was last withdrawn there. */
  withdrawn: Map<string, number> | undefined
}

interface AcceptanceRecord {
  readonly since: EpochMs
  readonly until: EpochMs
  readonly ends: EpochMs | undefined
  readonly route: string
  readonly states: readonly CredentialState[]
  /** When the request that was accepted left. */
  readonly begun: number
}

/** A request on its way to the origin that may be accepted. */
export interface Vouch {
  readonly credentials: readonly string[]
  readonly states: readonly CredentialState[]
  readonly begun: number
}

export type AcceptanceStanding = 'accepted' | 'lapsed' | 'none'

/** About 30 MB at worst. */
const MOST_RECORDS = 100_000
const MOST_CREDENTIALS = 100_000
/** How long a withdrawal keeps records of others out that may have been made before it. */
const KEPT_OUT: Milliseconds = milliseconds(60_000)

export class AcceptanceRecords {
  readonly #mostRecords: number
  readonly #mostCredentials: number
  readonly #subjects = new Map<string, Map<string, AcceptanceRecord>>()
  readonly #known = new Map<string, CredentialState>()
  readonly #pending = new Map<string, CredentialState>()
  readonly #keptOut = new Map<string, EpochMs>()
  #count = 0
  #tick = 0
  #channel = ALONE
  /** A credential was given up for room: whether it holds anything can't be told any more. */
  #overflowed = false

  constructor(mostRecords: number = MOST_RECORDS, mostCredentials: number = MOST_CREDENTIALS) {
    this.#mostRecords = mostRecords
    this.#mostCredentials = mostCredentials
  }

  connect(channel: AcceptanceChannel): void {
    this.#channel = channel
  }

  /** How they reach others by now; for whoever wants to stand before it. */
  get channel(): AcceptanceChannel {
    return this.#channel
  }

  /** Records held. */
  get size(): number {
    return this.#count
  }

  /** How the caller stands for the subject; `lapsed`: was accepted, and lost it by time alone, `within` ago at most. */
  standing(subject: string, caller: string, now: EpochMs, within: Milliseconds): AcceptanceStanding {
    const record = this.#subjects.get(subject)?.get(caller)
    if (record === undefined || !holds(record) || (record.ends !== undefined && now >= record.ends)) return 'none'
    if (!this.#channel.trusts(record.since, now)) return 'none'
    if (now < record.until) return 'accepted'
    return now - record.until <= within ? 'lapsed' : 'none'
  }

  /** Call it before the request leaves, and `end` when its outcome is known. */
  begin(credentials: readonly string[]): Vouch {
    const states = credentials.map(credential => {
      const state = this.#known.get(credential) ?? this.#pending.get(credential) ?? newState()
      state.pending += 1
      if (!this.#known.has(credential)) this.#pending.set(credential, state)
      return state
    })
    return { credentials, states, begun: this.#tick }
  }

  end({ credentials, states }: Vouch): void {
    states.forEach((state, at) => {
      const credential = credentials[at] as string
      state.pending -= 1
      if (state.pending === 0 && this.#pending.get(credential) === state) this.#pending.delete(credential)
    })
  }

  /** The origin accepted; false where a credential was withdrawn meanwhile. */
  accept(vouch: Vouch, record: SharedAcceptance, now: EpochMs): boolean {
    if (!this.#note(vouch, record, now)) return false
    this.#channel.accepted(record)
    return true
  }

  /** Whether what came of the request may be kept for the caller, who is remembered as holding something; for `share: user`. */
  hold(vouch: Vouch, route: string): boolean {
    if (!holds({ ...vouch, route })) return false
    this.#remember(vouch)
    return true
  }

  /** Ends what hangs on these credentials; false where nothing can: there is nothing to purge either. */
  withdraw(withdrawal: Withdrawal): boolean {
    const held = this.#withdraw(withdrawal)
    this.#channel.withdrawn(withdrawal)
    return held || this.#overflowed || this.#channel.holdsElsewhere
  }

  /** An acceptance elsewhere. */
  receiveAcceptance(record: SharedAcceptance, now: EpochMs): void {
    if (record.credentials.some(credential => (this.#keptOut.get(credential) ?? 0) > now)) return
    const vouch = this.begin(record.credentials)
    this.#note(vouch, record, now)
    this.end(vouch)
  }

  /** A withdrawal elsewhere; as `withdraw`, but told to nobody. */
  receiveWithdrawal(withdrawal: Withdrawal, now: EpochMs): boolean {
    for (const credential of withdrawal.credentials) {
      if (this.#keptOut.size >= this.#mostCredentials) deleteOldest(this.#keptOut)
      this.#keptOut.delete(credential)
      this.#keptOut.set(credential, later(now, KEPT_OUT))
    }
    return this.#withdraw(withdrawal) || this.#overflowed
  }

  /** As `receiveWithdrawal`, where the channel itself can tell what was accepted before. */
  drop(withdrawal: Withdrawal): void {
    this.#withdraw(withdrawal)
  }

  /** Withdrawals were missed that nobody can tell any more: all that was accepted, or is about to be, is in doubt. */
  endAll(): void {
    for (const state of [...this.#known.values(), ...this.#pending.values()]) state.ended = true
    this.#known.clear()
    this.#pending.clear()
    this.#subjects.clear()
    this.#count = 0
  }

  /** Another representation took its place. */
  forget(subject: string): void {
    this.#count -= this.#subjects.get(subject)?.size ?? 0
    this.#subjects.delete(subject)
  }

  #withdraw({ credentials, route }: Withdrawal): boolean {
    this.#tick += 1
    let held = false
    for (const credential of credentials) {
      const state = this.#known.get(credential) ?? this.#pending.get(credential)
      if (state === undefined) continue
      held = true
      if (route !== undefined) {
        state.withdrawn ??= new Map()
        state.withdrawn.set(route, this.#tick)
        continue
      }
      state.ended = true
      this.#known.delete(credential)
      this.#pending.delete(credential)
    }
    return held
  }

  #note(vouch: Vouch, record: SharedAcceptance, now: EpochMs): boolean {
    const { states, begun } = vouch
    const { route, ends, lasts, subject, caller } = record
    if (!holds({ states, begun, route }) || (ends !== undefined && ends <= now)) return false
    this.#remember(vouch)
    const until = epochMs(Math.min(later(now, lasts), ends ?? Number.POSITIVE_INFINITY))
    const callers = this.#subjects.get(subject) ?? new Map<string, AcceptanceRecord>()
    this.#count += callers.has(caller) ? 0 : 1
    callers.delete(caller)
    callers.set(caller, { since: now, until, ends, route, states, begun })
    this.#subjects.delete(subject)
    this.#subjects.set(subject, callers)
    while (this.#count > this.#mostRecords) this.#evict()
    return true
  }

  #remember({ credentials, states }: Vouch): void {
    credentials.forEach((credential, at) => {
      const state = states[at] as CredentialState
      this.#pending.delete(credential)
      this.#known.delete(credential)
      this.#known.set(credential, state)
    })
    while (this.#known.size > this.#mostCredentials) {
      const [oldest] = this.#known
      if (oldest === undefined) return
      oldest[1].ended = true
      this.#known.delete(oldest[0])
      this.#overflowed = true
    }
  }

  #evict(): void {
    const [oldest] = this.#subjects
    if (oldest === undefined) return
    const [subject, callers] = oldest
    deleteOldest(callers)
    this.#count -= 1
    if (callers.size === 0) this.#subjects.delete(subject)
  }
}

function newState(): CredentialState {
  return { ended: false, pending: 0, withdrawn: undefined }
}

function holds({ states, begun, route }: Pick<AcceptanceRecord, 'states' | 'begun' | 'route'>): boolean {
  for (const state of states) {
    if (state.ended) return false
    if (state.withdrawn !== undefined && (state.withdrawn.get(route) ?? -1) > begun) return false
  }
  return true
}

function deleteOldest<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
