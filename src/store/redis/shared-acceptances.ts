// How does one replica learn whom the origin accepted at another?
//
// Acceptances are pushed on the channel, several at once, sealed: digests, durations and
// the purge sequence at which the accepted request began. They are kept nowhere: whoever
// missed one asks the origin. Withdrawals travel as purges of users (purge-epochs.ts), which
// nobody misses and everybody numbers alike, so that an acceptance older than one of them
// is refused wherever and whenever it arrives. While purges can't be heard, what was
// accepted counts for `partition` only. Only where there is a secret: without one no two
// replicas have the same digests.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { type EpochMs, epochMs, milliseconds } from '../../base/units.ts'
import type { AcceptanceChannel, AcceptanceRecords, SharedAcceptance } from '../acceptance-records.ts'
import type { PurgeEpochs } from '../purge-epochs.ts'
import { userOnRouteScope, userScope } from '../scopes.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import type { Seal } from './seal.ts'
import type { SharedEpochs } from './shared-epochs.ts'

export interface SharedAcceptancesOptions {
  readonly clock: Clock
  readonly redis: GuardedRedis
  readonly epochs: PurgeEpochs
  readonly shared: SharedEpochs
  readonly records: AcceptanceRecords
  readonly seal: Seal
  readonly channel: string
}

/** Waiting to be told; more are not told, which costs others a forward request. */
const MOST_WAITING = 1000
const LETTER = 'a'
const CONTEXT = 'acceptances'

export class SharedAcceptances implements AcceptanceChannel {
  readonly holdsElsewhere = true
  readonly #options: SharedAcceptancesOptions
  readonly #self = randomBytes(9).toString('base64url')
  #waiting: SharedAcceptance[] = []

  constructor(options: SharedAcceptancesOptions) {
    this.#options = options
    options.records.connect(this)
  }

  trusts(since: EpochMs, now: EpochMs): boolean {
    return this.#options.epochs.isTrusted({ responseTime: since }, now)
  }

  accepted(record: SharedAcceptance): void {
    if (!this.#options.shared.mayWrite(record.sequence) || this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push(record)
    if (this.#waiting.length === 1) setImmediate(() => void this.#tell())
  }

  withdrawn(): void {
    // It travels as a purge.
  }

  /** A message of the channel; true when it was one of these. */
  receive(text: string): boolean {
    if (!text.startsWith(LETTER)) return false
    const { seal, shared, records, clock } = this.#options
    const message = parseMessage(seal.open(CONTEXT, Buffer.from(text.slice(1), 'base64')))
    if (message === undefined || message.from === this.#self || !shared.shares(message.incarnation)) return true
    for (const record of message.records) {
      if (!this.#isWithdrawn(record)) records.receiveAcceptance(record, clock.now())
    }
    return true
  }

  async #tell(): Promise<void> {
    const { seal, shared, redis, channel } = this.#options
    const told = { from: this.#self, incarnation: shared.incarnation, records: this.#waiting.map(packed) }
    this.#waiting = []
    const sealed = seal.seal(CONTEXT, Buffer.from(JSON.stringify(told)))
    await redis.write('accept', client => client.call('PUBLISH', channel, LETTER + sealed.toString('base64')))
  }

  #isWithdrawn({ credentials, route, sequence }: SharedAcceptance): boolean {
    const scopes = credentials.flatMap(each => [userScope(each), userOnRouteScope(each, route)])
    return this.#options.epochs.standing({ scopes, sequence }) === 'hard'
  }
}

type Packed = readonly [string, string, readonly string[], string, number, number, number | null]

interface Message {
  readonly from: string
  readonly incarnation: string
  readonly records: readonly SharedAcceptance[]
}

function packed({ subject, caller, credentials, route, sequence, lasts, ends }: SharedAcceptance): Packed {
  return [subject, caller, credentials, route, sequence, lasts, ends ?? null]
}

/** Sealed by one of us, so its shape is known; what is no seal of ours is undefined. */
function parseMessage(plain: Buffer | undefined): Message | undefined {
  if (plain === undefined) return undefined
  const { records, ...head } = JSON.parse(plain.toString()) as Omit<Message, 'records'> & { records: Packed[] }
  return {
    ...head,
    records: records.map(([subject, caller, credentials, route, sequence, lasts, ends]) => ({
      subject,
      caller,
      credentials,
      route,
      sequence,
      lasts: milliseconds(lasts),
      ends: ends === null ? undefined : epochMs(ends),
    })),
  }
}
