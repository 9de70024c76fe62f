// Which keys were lately evicted after a single use?
//
// The memory of S3-FIFO's small queue: a key that comes back while it is remembered goes
// straight to the main queue. Two flat arrays hold a 32-bit hash and the turn at which
// it was noted, four places a bucket, so it costs 8 bytes a key, never grows, and asks
// nothing of the garbage collector. Two keys with one hash only mean that one of them
// enters the main queue too early.

import { type Bytes, bytes } from '../base/units.ts'

const PLACES = 4

export class GhostList {
  readonly #hashes: Uint32Array
  readonly #turns: Uint32Array
  readonly #bucketMask: number
  #turn = 0

  /** `capacity`: about how many keys are remembered at most. */
  constructor(capacity: number) {
    const buckets = 2 ** Math.max(4, Math.ceil(Math.log2(capacity / PLACES)))
    this.#hashes = new Uint32Array(buckets * PLACES)
    this.#turns = new Uint32Array(buckets * PLACES)
    this.#bucketMask = buckets - 1
  }

  get footprint(): Bytes {
    return bytes(this.#hashes.byteLength + this.#turns.byteLength)
  }

  /** Notes `key`; the one of its bucket that was noted longest ago gives way. */
  note(key: string): void {
    const hash = hashOf(key)
    this.#turn += 1
    const start = (hash & this.#bucketMask) * PLACES
    let oldest = start
    for (let at = start; at < start + PLACES; at++) {
      if (this.#hashes[at] === hash) oldest = at
      if (this.#hashes[oldest] !== hash && (this.#turns[at] as number) < (this.#turns[oldest] as number)) oldest = at
    }
    this.#hashes[oldest] = hash
    this.#turns[oldest] = this.#turn
  }

  /** Whether `key` was among the last `window` that were noted. Forgets it then. */
  take(key: string, window: number): boolean {
    const hash = hashOf(key)
    const start = (hash & this.#bucketMask) * PLACES
    for (let at = start; at < start + PLACES; at++) {
      const turn = this.#turns[at] as number
      if (turn === 0 || this.#hashes[at] !== hash) continue
      this.#turns[at] = 0
      return this.#turn - turn < window
    }
    return false
  }
}

/** FNV-1a over UTF-16 units, with a final mix so that low bits may index a table. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
