// What must the other workers know at once?
//
// A purge, a withdrawn acceptance, a quarantine: whatever one worker finds out and another
// would get wrong without it. News is plain data and carries digests, never credentials.
// It is in force when `hear` returns, and `tell` resolves when that is so everywhere, so a
// purge is answered only then. Each worker counts purges by itself: what it holds it filled
// itself, and a fill that began before it heard can't be stored after (docs/design.md,
// invariant 4). Replicas are told by the worker that began (store/redis/), and by no other.

import type { Clock } from '../base/clock.ts'
import { milliseconds } from '../base/units.ts'
import type { Quarantine, QuarantineChange } from '../cache/quarantine.ts'
import type { AcceptanceRecords, SharedAcceptance } from '../store/acceptance-records.ts'
import type { PurgeChannel, PurgeDelivery, PurgeMode } from '../store/purge-channel.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import type { Scope } from '../store/scopes.ts'

export type News =
  /** Withdrawals and other news that hang on scopes travel with purges. */
  | { readonly kind: 'purge'; readonly scopes: readonly Scope[]; readonly mode: PurgeMode }
  | { readonly kind: 'quarantine'; readonly change: QuarantineChange }
  | { readonly kind: 'acceptance'; readonly record: SharedAcceptance }
  /** Somebody ended without telling what it knew. */
  | { readonly kind: 'missed' }

/** Resolves once no other worker can act on what held before. Never rejects. */
export type Tell = (news: News) => Promise<unknown>

export interface NewsParts {
  readonly clock: Clock
  readonly epochs: PurgeEpochs
  readonly records: AcceptanceRecords
  readonly quarantine: Quarantine
}

/** From now on what happens here is told. */
export function tellNews({ epochs, records, quarantine }: NewsParts, tell: Tell): void {
  epochs.connect(new WorkerPurges(epochs.channel, tell))
  const replicas = records.channel
  records.connect({
    holdsElsewhere: true,
    trusts: (since, now) => replicas.trusts(since, now),
    accepted: record => {
      replicas.accepted(record)
      void tell({ kind: 'acceptance', record })
    },
    // Travels as a purge of the caller.
    withdrawn: withdrawal => replicas.withdrawn(withdrawal),
  })
  quarantine.onChange(change => void tell({ kind: 'quarantine', change }))
}

/** In force when it returns. */
export function hearNews({ clock, epochs, records, quarantine }: NewsParts, news: News): void {
  if (news.kind === 'purge') epochs.hear(news.scopes, news.mode)
  else if (news.kind === 'acceptance') records.receiveAcceptance(news.record, clock.now())
  else if (news.kind === 'quarantine') quarantine.receive(news.change)
  else epochs.distrust()
}

/** Nothing more can be heard: what memory holds is validated before it is given, unless Redis brings purges. */
export function outOfTouch({ clock, epochs }: Pick<NewsParts, 'clock' | 'epochs'>): void {
  epochs.cut(clock.now(), milliseconds(0))
}

/** Stands before the way to the replicas, if there is one. */
class WorkerPurges implements PurgeChannel {
  readonly #replicas: PurgeChannel
  readonly #tell: Tell

  constructor(replicas: PurgeChannel, tell: Tell) {
    this.#replicas = replicas
    this.#tell = tell
  }

  get agreeing(): boolean {
    return this.#replicas.agreeing
  }

  get remembers(): boolean {
    return this.#replicas.remembers
  }

  async publish(scopes: readonly Scope[], mode: PurgeMode): Promise<PurgeDelivery> {
    const told = this.#tell({ kind: 'purge', scopes, mode })
    const delivery = await this.#replicas.publish(scopes, mode)
    await told
    return delivery
  }
}
