// How does every replica know of every purge?
//
// A purge takes its sequence from Redis and is pushed to all. The push may be lost, so the
// sequence is also asked for every second: whoever finds a gap reads what is missing, and
// until that succeeds again memory is trusted for `partition` only. A replica joins when
// its connection is new, was lost, or the incarnation changed; only between joining and
// losing touch does it read from and write to Redis, because only then can it tell what
// was purged there. The rules for numbers are at the head of purge-epochs.ts.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { type EpochMs, type Milliseconds, milliseconds } from '../../base/units.ts'
import type { PurgeChannel, PurgeDelivery, PurgeMode } from '../purge-channel.ts'
import type { Purgeable, PurgeEpochs } from '../purge-epochs.ts'
import { ALL_SCOPE, ALL_USERS_SCOPE, isUser, type Scope } from '../scopes.ts'
import type { Availability } from './availability.ts'
import { PURGE, SYNC } from './epoch-scripts.ts'
import type { KeyNames } from './key-names.ts'
import { type OwnPurge, PendingPurges } from './pending-purges.ts'
import { parsePurgeMessage, readRecord, writeRecord } from './purge-record.ts'
import { type RedisClient, type RedisReply, reasonOf } from './redis-client.ts'
import type { Seal } from './seal.ts'

export interface SharedEpochsOptions {
  readonly clock: Clock
  readonly epochs: PurgeEpochs
  readonly availability: Availability
  readonly names: KeyNames
  readonly seal: Seal
  /** How long memory is trusted while other replicas' purges can't be heard. */
  readonly partition: Milliseconds
}

const POLL_EVERY: Milliseconds = milliseconds(1000)
/** While something is wrong. */
const POLL_SOON: Milliseconds = milliseconds(200)
/** Not quite at once: what is missing may be on its way as a push. */
const POLL_NOW: Milliseconds = milliseconds(10)
/** A connection that answers so many polls in a row wrongly or not at all may be out of step for good. */
const UNANSWERED_TO_RECONNECT = 5
/** Scopes in one message. */
const MOST_AT_ONCE = 500

const NOT_DELIVERED: PurgeDelivery = { reach: 'local', sequence: undefined }

interface SyncReply {
  readonly incarnation: string
  readonly sequence: number
  /** Records up to here were given up: of scopes, and of users. */
  readonly floor: number
  readonly usersFloor: number
  readonly expired: number
  /** Nothing up to here is missing. */
  readonly complete: number
  readonly records: readonly { readonly record: string; readonly sequence: number }[]
}

export class SharedEpochs implements PurgeChannel {
  readonly remembers = true
  readonly #options: SharedEpochsOptions
  readonly #client: () => RedisClient
  readonly #pending: PendingPurges
  #incarnation = ''
  /** All purges up to here have been heard. */
  #heard = 0
  /** Our sequence when we last joined; what began before belongs to nobody's count but ours. */
  #joinedAt = 0
  #floor = 0
  #usersFloor = 0
  #joined = false
  #lastHeard: EpochMs
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined
  #unanswered = 0
  #hurried = false
  #closed = false

  constructor(client: () => RedisClient, options: SharedEpochsOptions) {
    this.#client = client
    this.#options = options
    this.#pending = new PendingPurges(options.clock, () => options.epochs.news())
    this.#lastHeard = options.clock.now()
  }

  get agreeing(): boolean {
    return this.#joined
  }

  /** Stands before everything that is written, so that another incarnation's values are told apart. */
  get incarnation(): string {
    return this.#incarnation
  }

  /** Whether a response that began at `sequence` may be written for others: its number must be one they share. */
  mayWrite(sequence: number): boolean {
    return this.#joined && sequence >= this.#joinedAt
  }

  /** Whether a number that another replica counted under `incarnation` means the same here. */
  shares(incarnation: string): boolean {
    return this.#joined && incarnation === this.#incarnation
  }

  /** Whether purges of what was filled at `sequence` are still on record. */
  mayRead({ sequence, scopes }: Purgeable): boolean {
    if (!this.#joined || sequence < this.#floor) return false
    return sequence >= this.#usersFloor || !scopes.some(isUser)
  }

  async publish(scopes: readonly Scope[], mode: PurgeMode): Promise<PurgeDelivery> {
    const purge = this.#pending.add(scopes, mode)
    if (!this.#joined) return NOT_DELIVERED
    try {
      const sequence = await this.#tell(purge)
      return { reach: 'notified', sequence }
    } catch {
      // It stays pending and is told with the next poll; who ordered it learns that it is local so far.
      this.#hurry()
      return NOT_DELIVERED
    }
  }

  /** A push. What is no purge message is ignored. */
  receive(text: string): void {
    const message = parsePurgeMessage(text)
    if (message === undefined) return
    if (!this.#joined || message.incarnation !== this.#incarnation) {
      this.#hurry()
      return
    }
    for (const record of message.records) this.#apply(record, message.sequence)
    this.#hear(message.sequence)
  }

  /** There is a connection: join as soon as possible. */
  connected(): void {
    this.#hurry()
  }

  /** Out of touch: purges may be missed from now on. */
  leave(): void {
    this.#joined = false
    this.#options.epochs.cut(this.#lastHeard, this.#options.partition)
    this.#pollIn(POLL_SOON)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  /** Asks what was purged; several callers share one. Never rejects. */
  poll(): Promise<void> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer)
    this.#hurried = false
    const { availability, epochs, clock, partition } = this.#options
    // Pushes that came while joining were not taken: ask again soon.
    let next = this.#joined ? POLL_EVERY : POLL_SOON
    try {
      const asked = clock.now()
      await this.#sync()
      for (const purge of this.#pending.undelivered()) await this.#tell(purge)
      this.#lastHeard = asked
      this.#unanswered = 0
      epochs.heal()
      availability.proved()
      if (!availability.usable) next = POLL_SOON
    } catch (error) {
      next = POLL_SOON
      this.#unanswered += 1
      if (this.#unanswered % UNANSWERED_TO_RECONNECT === 0) this.#client().reconnect()
      epochs.cut(this.#lastHeard, partition)
      availability.timedOut(reasonOf(error))
    }
    this.#pollIn(this.#hurried ? POLL_NOW : next)
  }

  /** There is something to be asked for: poll at once, or once more after the poll under way. */
  #hurry(): void {
    this.#hurried = true
    if (this.#polling === undefined) this.#pollIn(POLL_NOW)
  }

  #pollIn(delay: Milliseconds): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.poll(), delay)
    this.#timer.unref()
  }

  async #sync(): Promise<void> {
    let reply = await this.#ask()
    if (!this.#joined || reply.incarnation !== this.#incarnation) return this.#join(reply)
    this.#take(reply, undefined)
    while (reply.complete < reply.sequence) {
      reply = await this.#ask()
      this.#take(reply, undefined)
    }
  }

  /** Adopts the incarnation's numbers. What was missed is read before anybody may rely on it. */
  async #join(first: SyncReply): Promise<void> {
    const { epochs } = this.#options
    const returning = first.incarnation === this.#incarnation
    this.#joined = false
    if (!returning) {
      this.#incarnation = first.incarnation
      this.#heard = 0
      epochs.distrust()
      this.#pending.repeat()
    }
    let reply = first
    // Missed while away: our own fills of that time count as older, whatever number they bear.
    this.#take(reply, returning ? reply.sequence : undefined)
    while (reply.complete < reply.sequence || epochs.current() > reply.sequence) {
      reply = await this.#ask()
      this.#take(reply, returning ? reply.sequence : undefined)
    }
    this.#joinedAt = reply.sequence
    this.#joined = true
  }

  async #ask(): Promise<SyncReply> {
    const atLeast = this.#joined ? 0 : Math.floor(this.#options.epochs.current()) + 1
    const fresh = randomBytes(8).toString('hex')
    const args = [this.#incarnation, this.#heard, atLeast, fresh]
    return parseSyncReply(await this.#client().run(SYNC, this.#options.names.epochs, args))
  }

  /** Remembers records; `counted` replaces their sequences where ours were counted apart. */
  #take({ records, complete, sequence, ...of }: SyncReply, counted: number | undefined): void {
    const { epochs } = this.#options
    // What was given up before it was heard may have been anything; who has heard nothing yet trusts nothing anyway.
    const given = (up: number) => this.#heard > 0 && up > this.#heard
    if (given(of.floor)) epochs.receive([ALL_SCOPE], 'hard', counted ?? of.floor)
    if (given(of.usersFloor)) epochs.receive([ALL_USERS_SCOPE], 'hard', counted ?? of.usersFloor)
    for (const each of records) this.#apply(each.record, counted ?? each.sequence)
    this.#heard = Math.max(this.#heard, complete)
    this.#floor = of.floor
    this.#usersFloor = of.usersFloor
    epochs.forget(of.expired)
    if (complete === sequence) epochs.advance(sequence)
  }

  #hear(sequence: number): void {
    if (sequence === this.#heard + 1) this.#heard = sequence
    else if (sequence > this.#heard) this.#hurry()
  }

  #apply(record: string, sequence: number): void {
    const { epochs, seal } = this.#options
    const purge = readRecord(record, seal)
    if (purge !== undefined) epochs.receive([purge.scope], purge.mode, sequence)
  }

  async #tell(purge: OwnPurge): Promise<number> {
    const { names, seal, epochs } = this.#options
    let sequence = 0
    for (let from = 0; from < purge.scopes.length; from += MOST_AT_ONCE) {
      const scopes = purge.scopes.slice(from, from + MOST_AT_ONCE)
      const members = scopes.map(scope => writeRecord(scope, purge.mode, seal))
      sequence = Number(await this.#client().run(PURGE, names.epochs, [this.#incarnation, names.channel, ...members]))
      if (sequence < 0) return this.#lostIncarnation()
      epochs.count(scopes, purge.mode, sequence)
      this.#hear(sequence)
    }
    purge.delivered = true
    return sequence
  }

  #lostIncarnation(): never {
    this.#hurry()
    throw new Error('Redis counts purges anew: another incarnation began')
  }
}

function parseSyncReply(reply: RedisReply): SyncReply {
  if (!Array.isArray(reply) || reply.length < 6 || reply.slice(1, 6).some(part => !Number.isFinite(Number(part))))
    throw new Error('Redis answered the question for purges with something else')
  const [incarnation, sequence, floor, usersFloor, expired, complete, ...rest] = reply
  const records = []
  for (let at = 0; at + 1 < rest.length; at += 2) {
    records.push({ record: String(rest[at]), sequence: Number(rest[at + 1]) })
  }
  return {
    incarnation: String(incarnation),
    sequence: Number(sequence),
    floor: Number(floor),
    usersFloor: Number(usersFloor),
    expired: Number(expired),
    complete: Number(complete),
    records,
  }
}
