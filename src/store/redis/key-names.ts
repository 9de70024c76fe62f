// Under which names do things lie in Redis?
//
// `PREFIX:v1:{DIGEST}` is a stored response (or the list of its variants), with `:…` behind
// it a variant or a lease; the braces keep all of one cache key on one cluster node. The
// digest is SHA-256 of the cache key, or HMAC under the secret: names say nothing then.
// Sequence and purged scopes lie under one name that no secret changes, so that replicas
// in the middle of a rotation still agree on purges.

import { createHmac, hash } from 'node:crypto'
import type { CacheKey } from '../store.ts'

/** 192 bits: nobody finds two cache keys of one digest. */
const DIGEST_OCTETS = 24

/** Turns text into a digest that is safe inside a name. */
export type Digest = (text: string) => string

export const plainDigest: Digest = text =>
  hash('sha256', text, 'buffer').subarray(0, DIGEST_OCTETS).toString('base64url')

export function keyedDigest(key: Buffer): Digest {
  return text => createHmac('sha256', key).update(text).digest().subarray(0, DIGEST_OCTETS).toString('base64url')
}

export class KeyNames {
  readonly #prefix: string
  readonly #digests: readonly Digest[]

  /** The first digest names what is written; by all of them it may be found. */
  constructor(prefix: string, digests: readonly Digest[]) {
    this.#prefix = prefix
    this.#digests = digests
  }

  /** The name under which `key` is written. */
  base(key: CacheKey): string {
    return this.#name(this.#digests[0] as Digest, key)
  }

  /** The names under which `key` may lie, the newest secret's first. */
  all(key: CacheKey): string[] {
    return this.#digests.map(digest => this.#name(digest, key))
  }

  variant(base: string, id: string): string {
    return `${base}:${id}`
  }

  lease(key: CacheKey, purpose: string): string {
    return `${this.base(key)}:${purpose}`
  }

  /** The purged scopes with their sequences, and who counts them; then users apart. */
  get epochs(): readonly string[] {
    const name = `${this.#prefix}:v1:{epochs}`
    return [name, `${name}:users`]
  }

  /** The channel of purges, wake-ups and acceptances. */
  get channel(): string {
    return `${this.#prefix}:v1:events`
  }

  #name(digest: Digest, key: CacheKey): string {
    return `${this.#prefix}:v1:{${digest(key)}}`
  }
}
