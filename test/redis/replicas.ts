// Replicas of Pillion's storage on one real Redis, for tests.
//
// Each has memory, epochs and a Redis tier of its own, as two pods would. Nothing sleeps:
// `until` asks again in the event loop's next turns until a condition holds or too much
// time has passed, and says then what it waited for.

import type { TelemetryEvent } from '../../src/base/events.ts'
import { bytes, milliseconds } from '../../src/base/units.ts'
import { parseRedisUrl } from '../../src/config/redis-url.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { PurgeEpochs } from '../../src/store/purge-epochs.ts'
import { createRedisTier, type RedisTier, type RedisTierOptions } from '../../src/store/redis/redis-tier.ts'
import type { CacheKey } from '../../src/store/store.ts'
import { TieredStore } from '../../src/store/tiered-store.ts'
import { HeldClock } from '../store/stored-responses.ts'

export interface Replica {
  readonly clock: HeldClock
  readonly epochs: PurgeEpochs
  readonly memory: MemoryStore
  readonly tier: RedisTier
  readonly store: TieredStore
  readonly events: TelemetryEvent[]
  /** Messages of notices so far. */
  notices(): string[]
  close(): Promise<void>
}

export interface ReplicaOptions extends Partial<Omit<RedisTierOptions, 'address'>> {
  readonly memory?: number
}

/** Not waited for: `joined` does that. */
export function aReplica(url: string, given: ReplicaOptions = {}): Replica {
  const { memory: limit = 1024 * 1024, ...rest } = given
  const clock = new HeldClock()
  const events: TelemetryEvent[] = []
  const telemetry = { emit: (event: TelemetryEvent) => void events.push(event) }
  const epochs = new PurgeEpochs()
  const memory = new MemoryStore({ limit: bytes(limit), clock, telemetry, epochs })
  const address = parseRedisUrl(url)
  if (typeof address === 'string') throw new Error(address)
  const tier = createRedisTier({
    address,
    timeout: milliseconds(500),
    partition: milliseconds(5000),
    prefix: 'pillion',
    secrets: [],
    clock,
    telemetry,
    epochs,
    ...rest,
  })
  const store = new TieredStore(memory, tier, epochs)
  const notices = () => events.flatMap(event => (event.kind === 'notice' ? [event.message] : []))
  return { clock, epochs, memory, tier, store, events, notices, close: () => store.close() }
}

/** A replica that has joined. */
export async function aJoinedReplica(url: string, given: ReplicaOptions = {}): Promise<Replica> {
  const replica = aReplica(url, given)
  await until('the replica has joined', () => replica.tier.up)
  return replica
}

const PATIENCE_MS = 15_000

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now()
  while (!(await condition())) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** What a lookup finds when memory has been asked to forget the key first. */
export async function bodyInRedis(replica: Replica, key: CacheKey, presented: readonly string[] = []) {
  replica.memory.remove(key)
  return (await replica.store.lookup(key, presented)).slot?.response.body.toString()
}
