// How are the parts of the Redis tier put together?
//
// One connection pair, and around it: availability, the shared epochs, the store and the
// leases. Created once, it connects in the background and keeps trying until it is closed;
// nothing waits for it. `state` is for health reports and metrics.

import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import type { Telemetry } from '../../base/events.ts'
import type { Milliseconds } from '../../base/units.ts'
import { describeAddress, type RedisAddress } from '../../config/redis-url.ts'
import type { Conceal } from '../../http/vary.ts'
import type { AcceptanceRecords } from '../acceptance-records.ts'
import type { PurgeEpochs } from '../purge-epochs.ts'
import { Availability } from './availability.ts'
import { GuardedRedis } from './guarded-redis.ts'
import { KeyNames } from './key-names.ts'
import { Leases } from './leases.ts'
import { RedisClient } from './redis-client.ts'
import { RedisStore } from './redis-store.ts'
import { openSeal, type Seal, SecretSeal } from './seal.ts'
import { SharedAcceptances } from './shared-acceptances.ts'
import { SharedEpochs } from './shared-epochs.ts'

export interface RedisTierOptions {
  readonly address: RedisAddress
  readonly tls?: ConnectionOptions
  /** A slower Redis counts as absent for that request. */
  readonly timeout: Milliseconds
  /** How long memory is trusted while other replicas' purges can't be heard; Infinity: fully. */
  readonly partition: Milliseconds
  /** First part of every name. */
  readonly prefix: string
  /** The first seals and names, all of them open; empty: nothing is sealed. */
  readonly secrets: readonly string[]
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly epochs: PurgeEpochs
  /** Shared with the other replicas where there is a secret. */
  readonly acceptances?: AcceptanceRecords | undefined
  readonly conceal?: Conceal
}

export interface RedisTier {
  readonly store: RedisStore
  readonly leases: Leases
  /** True with secrets: responses shared narrower than `everyone` may be kept here too. */
  readonly sealed: boolean
  /** Whether Redis is in use right now. */
  readonly up: boolean
  /** Whether a request that has asked it once may ask it again within the same timeout. */
  readonly brisk: boolean
  /** Asks for missed purges now instead of within a second. */
  poll(): Promise<void>
  /** Waits for writes under way, then disconnects. */
  close(): Promise<void>
}

export function createRedisTier(options: RedisTierOptions): RedisTier {
  const { address, clock, telemetry, epochs, timeout } = options
  const seal: Seal = options.secrets.length === 0 ? openSeal : new SecretSeal(options.secrets)
  const names = new KeyNames(options.prefix, seal.digests)
  const availability = new Availability({
    clock,
    telemetry,
    timeout,
    address: describeAddress(address),
    onDown: () => [shared.leave(), leases.wakeAll()],
  })
  const shared = new SharedEpochs(() => client, { ...options, availability, names, seal })
  const client = new RedisClient({ address, timeout, tls: options.tls }, names.channel, {
    onReady: () => shared.connected(),
    onHearing: () => shared.connected(),
    onLost: reason => availability.down(reason),
    onMessage: message => receive(String(message), [leases, ...(acceptances ? [acceptances] : []), shared]),
  })
  const redis = new GuardedRedis(client, { clock, telemetry, availability })
  const leases = new Leases(redis, names)
  const conceal: Conceal = options.conceal ?? ((_name, value) => value)
  const store = new RedisStore({ clock, redis, epochs, shared, names, seal, conceal, timeout })
  const records = options.secrets.length === 0 ? undefined : options.acceptances
  const { channel } = names
  const acceptances = records && new SharedAcceptances({ clock, redis, epochs, shared, records, seal, channel })
  epochs.connect(shared)
  shared.connected()
  return {
    store,
    leases,
    sealed: options.secrets.length > 0,
    get up() {
      return availability.usable
    },
    get brisk() {
      return availability.brisk
    },
    poll: () => shared.poll(),
    close: async () => {
      await store.settled()
      shared.close()
      client.close()
    },
  }
}

/** To the first that knows the message for its own. */
function receive(text: string, receivers: readonly { receive(text: string): unknown }[]): void {
  receivers.some(each => each.receive(text) === true)
}
