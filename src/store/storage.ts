// Which stores are there, and how are they put together?
//
// Memory always, Redis beside it where the configuration names one. Nothing waits for
// Redis: the tier connects in the background, and until it has joined, memory is all
// there is. Whoever stores and looks up is handed `store` and need not know which it is.

import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { type Bytes, type Milliseconds, milliseconds } from '../base/units.ts'
import type { RedisSettings } from '../config/redis-schema.ts'
import type { AcceptanceRecords } from './acceptance-records.ts'
import type { Fleet } from './fleet.ts'
import { MemoryStore } from './memory-store.ts'
import type { PurgeEpochs } from './purge-epochs.ts'
import { createRedisTier, type RedisTier } from './redis/redis-tier.ts'
import type { Store } from './store.ts'
import { TieredStore } from './tiered-store.ts'

export interface StorageOptions {
  readonly limit: Bytes
  readonly redis: RedisSettings
  /** The files of `redis.tls`, read. */
  readonly tls: ConnectionOptions
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly epochs: PurgeEpochs
  readonly acceptances: AcceptanceRecords
}

export interface Storage {
  readonly memory: MemoryStore
  /** Undefined: none is configured. */
  readonly redis: RedisTier | undefined
  /** All tiers as one. */
  readonly store: Store
  /** Undefined: this process is alone. */
  readonly fleet: Fleet | undefined
}

/** Closing `store` closes all. */
export function createStorage({ limit, redis, tls, ...around }: StorageOptions): Storage {
  const memory = new MemoryStore({ limit, ...around })
  if (redis.url === undefined) return { memory, redis: undefined, store: memory, fleet: undefined }
  const tier = createRedisTier({
    address: redis.url,
    tls,
    timeout: redis.timeout,
    partition: redis.partition === 'ttl' ? FOREVER : redis.partition,
    prefix: redis.prefix,
    secrets: redis.secret,
    ...around,
  })
  const store = new TieredStore(memory, tier, around.epochs)
  return { memory, redis: tier, store, fleet: store }
}

const FOREVER: Milliseconds = milliseconds(Number.POSITIVE_INFINITY)
