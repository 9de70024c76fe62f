// What hangs beside a stored response, and who pays for it?
//
// A slot is the place that a stored response takes in a store. Others may attach what
// they made of it (encoded bodies, acceptance records, prepared heads) with its size:
// the size counts against the store's limit, and attachments go when the response goes.
// A slot handed out by a lookup stays readable after the store has let it go; it is no
// longer `live` then, and nothing more can be attached. No closure and no array per
// slot unless something is attached: there may be a million of them.

import type { Bytes, EpochMs } from '../base/units.ts'
import type { Standing } from './purge-epochs.ts'
import type { CacheKey } from './store.ts'
import type { StoredResponse } from './stored-response.ts'

/** A sort of attachment; made once per sort by `attachmentKind`, at module level. */
export interface AttachmentKind<T extends object> {
  readonly name: string
  readonly index: number
  /** True: follows the content, so a freshened response (RFC 9111 §4.3.4) keeps it. False: goes with the head. */
  readonly ofContent: boolean
  /** For the compiler alone: ties the kind to its values. */
  readonly values?: T
}

const kinds: AttachmentKind<object>[] = []

export function attachmentKind<T extends object>(name: string, lasts: 'with-content' | 'with-head'): AttachmentKind<T> {
  const kind: AttachmentKind<T> = { name, index: kinds.length, ofContent: lasts === 'with-content' }
  kinds.push(kind)
  return kind
}

/** The store that holds a slot, as far as the slot needs it. */
export interface SlotOwner {
  /** Makes room for `delta` more bytes beside the slot; false when they can't be had. */
  grow(slot: Slot, delta: number): boolean
}

interface Attachment {
  readonly value: object
  size: number
}

export class Slot {
  readonly key: CacheKey
  readonly response: StoredResponse
  #attachments: (Attachment | undefined)[] | undefined = undefined

  /** The remaining fields are the memory store's bookkeeping; nobody else writes them. */
  owner: SlotOwner | undefined = undefined
  /** Bytes that it counts for, attachments included. */
  size: number
  /** The next older variant of the same key. */
  older: Slot | undefined = undefined
  /** Neighbours in the eviction queue. */
  before: Slot | undefined = undefined
  after: Slot | undefined = undefined
  queue: 'none' | 'small' | 'main' = 'none'
  /** Lookups since it last had a second chance, at most 3. */
  visits = 0
  /** Where it stands in the main queue: its class of size, and what it is worth keeping. */
  sizeClass = 0
  worth = 0
  /** The version of the purge epochs when it was filled. */
  since = 0
  /** The version of the purge epochs at which `standing` was found. */
  standingVersion = -1
  standing: Standing = 'kept'
  /** When a soft purge made it stale. */
  staleSince: EpochMs | undefined = undefined

  constructor(key: CacheKey, response: StoredResponse, size: number) {
    this.key = key
    this.response = response
    this.size = size
  }

  /** True while the store still holds it. */
  get live(): boolean {
    return this.owner !== undefined
  }

  attached<T extends object>(kind: AttachmentKind<T>): T | undefined {
    return this.#attachments?.[kind.index]?.value as T | undefined
  }

  /** Hangs `value` here, in place of what hung there, at the store's expense; false, and nothing done, when there is no room. */
  attach<T extends object>(kind: AttachmentKind<T>, value: T, size: Bytes): boolean {
    const replaced = this.#attachments?.[kind.index]?.size ?? 0
    if (this.owner === undefined || !this.owner.grow(this, size - replaced)) return false
    this.#attachments ??= []
    this.#attachments[kind.index] = { value, size }
    return true
  }

  /** An attachment grew (or shrank, `delta` < 0) in place; false, and the holder should not grow it, when there is no room. */
  charge(kind: AttachmentKind<object>, delta: number): boolean {
    const attachment = this.#attachments?.[kind.index]
    if (attachment === undefined || this.owner === undefined || !this.owner.grow(this, delta)) return false
    attachment.size += delta
    return true
  }

  detach(kind: AttachmentKind<object>): void {
    const attachment = this.#attachments?.[kind.index]
    if (attachment === undefined || this.#attachments === undefined) return
    this.#attachments[kind.index] = undefined
    this.owner?.grow(this, -attachment.size)
  }

  /** Takes over what hangs on `former` and follows the content; for a freshened response with the same content. */
  inherit(former: Slot): void {
    for (const kind of kinds) {
      const attachment = kind.ofContent ? former.#attachments?.[kind.index] : undefined
      if (attachment !== undefined) this.attach(kind, attachment.value, attachment.size as Bytes)
    }
  }
}
