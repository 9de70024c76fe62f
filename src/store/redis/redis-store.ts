// What do the replicas share?
//
// Stored responses in Redis, one string each, with the time to live that they can still be
// of use. Reading: one GET (two where the origin varies, one more per older secret on a
// miss), all within one deadline, and whatever comes back is checked before it is believed:
// incarnation, seal, checksum, purges, nominated fields. Writing follows behind and never
// holds up a request: bytes under way are bounded, and what does not fit is dropped, not
// queued. Nothing is listed, scanned or searched, ever.

import type { Clock } from '../../base/clock.ts'
import { type Milliseconds, milliseconds } from '../../base/units.ts'
import type { Fields } from '../../http/fields.ts'
import { type Conceal, matchesNominated } from '../../http/vary.ts'
import type { PurgeEpochs } from '../purge-epochs.ts'
import type { CacheKey } from '../store.ts'
import type { StoredResponse } from '../stored-response.ts'
import { LONGEST_IN_REDIS_HOURS } from './epoch-scripts.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import type { KeyNames } from './key-names.ts'
import type { RedisClient } from './redis-client.ts'
import {
  type RedisValue,
  readValue,
  type VariantList,
  variantIdFor,
  variantIdOf,
  withVariant,
  writeResponse,
  writeVariants,
} from './redis-value.ts'
import type { Seal } from './seal.ts'
import type { SharedEpochs } from './shared-epochs.ts'

export interface RedisStoreOptions {
  readonly clock: Clock
  readonly redis: GuardedRedis
  readonly epochs: PurgeEpochs
  readonly shared: SharedEpochs
  readonly names: KeyNames
  readonly seal: Seal
  readonly conceal: Conceal
  /** For a whole lookup, however many commands it takes. */
  readonly timeout: Milliseconds
}

export interface RemoteLookup {
  readonly response: StoredResponse | undefined
  readonly otherVariants: boolean
}

/** Bytes and writes that may be under way; more are dropped. */
const MOST_BYTES_BEHIND = 32 * 1024 * 1024
const MOST_WRITES_BEHIND = 1000
const LONGEST: Milliseconds = milliseconds(LONGEST_IN_REDIS_HOURS * 3_600_000)

const NOTHING: RemoteLookup = { response: undefined, otherVariants: false }

interface VariantWrite {
  readonly base: string
  readonly id: string
  readonly response: StoredResponse
  readonly put: (name: string, value: Buffer) => Promise<unknown>
}

/** What a value was found to be; `damaged` for what can't be read. */
type Found = RedisValue | 'damaged' | undefined

export class RedisStore {
  readonly #options: RedisStoreOptions
  #bytesBehind = 0
  readonly #behind = new Set<Promise<unknown>>()
  /** The last write of each key under way. */
  readonly #writing = new Map<CacheKey, Promise<unknown>>()
  /** The last write of each list of variants under way. */
  readonly #listing = new Map<string, Promise<void>>()

  constructor(options: RedisStoreOptions) {
    this.#options = options
  }

  /** Never rejects, and never takes longer than the timeout. */
  async lookup(key: CacheKey, presented: Fields): Promise<RemoteLookup> {
    const { redis, names } = this.#options
    const found = await redis.read(
      client => this.#lookup(client, names.all(key), presented),
      ({ response }) => (response === undefined ? 'miss' : 'hit'),
    )
    return found ?? NOTHING
  }

  /** Writes behind; false when it won't even be tried. */
  store(key: CacheKey, response: StoredResponse): boolean {
    const { shared, redis } = this.#options
    if (!shared.mayWrite(response.sequence)) return false
    const size = response.body.length + response.headBytes
    if (this.#behind.size >= MOST_WRITES_BEHIND || this.#bytesBehind + size > MOST_BYTES_BEHIND) {
      redis.tell('set', 'dropped')
      return false
    }
    this.#bytesBehind += size
    const writing = redis
      .write('set', client => this.#write(client, key, response))
      .finally(() => {
        this.#bytesBehind -= size
        if (this.#writing.get(key) === writing) this.#writing.delete(key)
      })
    this.#writing.set(key, writing)
    this.#follow(writing)
    return true
  }

  /** Resolves once the last write of `key` is over. Never rejects. */
  async written(key: CacheKey): Promise<unknown> {
    return this.#writing.get(key)
  }

  remove(key: CacheKey): void {
    const { redis, names } = this.#options
    this.#follow(redis.write('delete', client => Promise.all(names.all(key).map(name => client.call('UNLINK', name)))))
  }

  /** Resolves once nothing is under way. */
  async settled(): Promise<void> {
    while (this.#behind.size > 0) await Promise.all(this.#behind)
  }

  #follow(work: Promise<unknown>): void {
    this.#behind.add(work)
    void work.finally(() => this.#behind.delete(work))
  }

  async #lookup(client: RedisClient, bases: readonly string[], presented: Fields): Promise<RemoteLookup> {
    const deadline = this.#options.clock.monotonic() + this.#options.timeout
    const get = (name: string) => this.#get(client, name, deadline)
    for (const [at, base] of bases.entries()) {
      const found = await get(base)
      if (found === undefined || found === 'damaged') continue
      const value =
        found.kind === 'variants' ? await this.#variant(found.variants, { base, at, presented, get }) : found
      if (value?.kind !== 'response') return { response: undefined, otherVariants: true }
      return this.#checked(value.response, presented)
    }
    return NOTHING
  }

  async #variant(
    variants: VariantList,
    way: { base: string; at: number; presented: Fields; get: (name: string) => Promise<Found> },
  ): Promise<RedisValue | undefined> {
    const { seal, conceal, names } = this.#options
    const digest = seal.digests[way.at] ?? (seal.digests[0] as (typeof seal.digests)[0])
    const id = variantIdFor(variants, way.presented, { digest, conceal })
    if (!variants.ids.includes(id)) return undefined
    const found = await way.get(names.variant(way.base, id))
    return found === 'damaged' ? undefined : found
  }

  /** Purged, useless or not for this request: not found. */
  #checked(response: StoredResponse, presented: Fields): RemoteLookup {
    const { epochs, clock, conceal, shared } = this.#options
    const gone = !shared.mayRead(response) || epochs.standing(response) === 'hard'
    if (gone || response.usefulUntil <= clock.now()) return NOTHING
    if (!matchesNominated(response.nominated, presented, conceal)) return { response: undefined, otherVariants: true }
    return { response, otherVariants: response.nominated.length > 0 }
  }

  async #get(client: RedisClient, name: string, deadline: number): Promise<Found> {
    const { clock, redis } = this.#options
    const left = milliseconds(Math.max(1, deadline - clock.monotonic()))
    const reply = await client.callWithin(left, 'GET', name)
    if (!Buffer.isBuffer(reply)) return undefined
    const value = readValue(reply, this.#contextOf(name))
    if (value === 'other-incarnation') return undefined
    if (value !== undefined) return value
    redis.tell('get', 'corrupt')
    return 'damaged'
  }

  async #write(client: RedisClient, key: CacheKey, response: StoredResponse): Promise<void> {
    const { names, seal, clock } = this.#options
    const base = names.base(key)
    const useful = Math.min(LONGEST, response.usefulUntil - clock.now())
    if (useful < 1) return
    const put = (name: string, value: Buffer) => client.call('SET', name, value, 'PX', Math.ceil(useful))
    if (response.nominated.length === 0) {
      await put(base, writeResponse(response, this.#contextOf(base)))
      return
    }
    const digest = seal.digests[0] as (typeof seal.digests)[0]
    const id = variantIdOf(response.nominated, digest)
    const variant = names.variant(base, id)
    await put(variant, writeResponse(response, this.#contextOf(variant)))
    await this.#inTurn(base, () => this.#listVariant(client, { base, id, response, put }))
  }

  /** Two replicas that add a variant at once may forget one of them: a miss later, nothing worse. */
  async #listVariant(client: RedisClient, { base, id, response, put }: VariantWrite): Promise<void> {
    const { clock, timeout } = this.#options
    const former = await this.#get(client, base, clock.monotonic() + timeout)
    const list = former !== 'damaged' && former?.kind === 'variants' ? former.variants : undefined
    const names = response.nominated.map(({ name }) => name)
    await put(base, writeVariants(withVariant(list, names, id), this.#contextOf(base)))
  }

  /** One after the other per list, as far as this process is concerned. */
  #inTurn(base: string, work: () => Promise<void>): Promise<void> {
    const before = this.#listing.get(base) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#listing.set(base, turn)
    const forget = () => {
      if (this.#listing.get(base) === turn) this.#listing.delete(base)
    }
    turn.then(forget, forget)
    return turn
  }

  #contextOf(name: string) {
    return { incarnation: this.#options.shared.incarnation, name, seal: this.#options.seal }
  }
}
