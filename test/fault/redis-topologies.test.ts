// Does a failover of Sentinel, or a lost master of a Cluster, reach a request?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { tagScope } from '../../src/store/scopes.ts'
import { aJoinedReplica, bodyInRedis, type Replica, until } from '../redis/replicas.ts'
import type { RedisServer } from '../redis/server.ts'
import { startCluster, startSentinel, type Topology } from '../redis/topologies.ts'
import { aKey, aStoredResponse } from '../store/stored-responses.ts'

const KEYS = Array.from({ length: 60 }, (_, n) => aKey(`key ${n}`))
const TIMEOUT = milliseconds(100)

async function fillAll(replica: Replica): Promise<void> {
  for (const key of KEYS) {
    replica.store.store(
      key,
      aStoredResponse({ body: key, sequence: replica.epochs.current(), scopes: [tagScope(key)] }),
    )
  }
  await replica.tier.store.settled()
}

async function hits(replica: Replica): Promise<number> {
  let count = 0
  for (const key of KEYS) {
    const body = await withinTimeout(bodyInRedis(replica, key))
    assert.ok(body === undefined || body === key)
    count += Number(body !== undefined)
  }
  return count
}

/** By a timer of this very process, which a stall of the machine holds up as it does the lookup's own. */
async function withinTimeout<T>(lookup: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => setImmediate(() => setImmediate(reject, new Error('the lookup took too long'))),
      TIMEOUT + 100,
    )
    void lookup.finally(() => clearTimeout(timer))
  })
  return Promise.race([lookup, late])
}

async function withReplicas(topology: Topology, run: (one: Replica, other: Replica) => Promise<void>): Promise<void> {
  const options = { timeout: TIMEOUT, secrets: ['secret'] }
  const one = await aJoinedReplica(topology.url, options)
  const other = await aJoinedReplica(topology.url, options)
  try {
    await run(one, other)
  } finally {
    await Promise.all([one.close(), other.close()])
    await topology.close()
  }
}

describe('Sentinel', () => {
  test('after a failover all replicas meet again at the new master', async () => {
    const topology = await startSentinel()
    await withReplicas(topology, async (one, other) => {
      await fillAll(one)
      assert.equal(await hits(other), KEYS.length)
      await (topology.servers[0] as RedisServer).kill()
      await until('both are without Redis', () => !one.tier.up && !other.tier.up)
      assert.equal(await one.epochs.purge([tagScope('made while cut off')], 'hard'), 'local')
      await until('both are back', () => one.tier.up && other.tier.up)
      await until('the purge arrived', () => {
        return other.epochs.standing({ scopes: [tagScope('made while cut off')], sequence: 0 }) === 'hard'
      })
      await fillAll(one)
      assert.equal(await hits(other), KEYS.length)
    })
  })
})

describe('Cluster', () => {
  test('stored responses, purges and leases work across slots', async () => {
    const topology = await startCluster()
    await withReplicas(topology, async (one, other) => {
      await fillAll(one)
      assert.equal(await hits(other), KEYS.length)
      await one.epochs.purge([tagScope('key 7')], 'hard')
      await until('the purge arrived', () => other.memory.lookup(aKey('key 7'), []).slot === undefined)
      const order = { purpose: 'fill', sequence: 0, duration: milliseconds(10_000) }
      const lease = await one.tier.leases.acquire(aKey('l'), order)
      assert.ok(typeof lease === 'object' && 'release' in lease)
      const watch = other.tier.leases.watch(aKey('l'), 'fill')
      const held = await other.tier.leases.acquire(aKey('l'), order)
      assert.ok(typeof held === 'object' && 'heldFor' in held)
      lease.release()
      assert.equal(await watch.released(milliseconds(5000)), true)
    })
  })

  for (const which of [0, 1, 2]) {
    test(`a lost master (${which + 1} of 3) makes misses at most, until its replica takes over`, async () => {
      const topology = await startCluster()
      await withReplicas(topology, async (one, other) => {
        await fillAll(one)
        await (topology.servers[which] as RedisServer).kill()
        for (let round = 0; round < 3; round++) await hits(other)
        await until('all keys are served again', async () => {
          if (one.tier.up) await fillAll(one)
          return (await hits(other)) === KEYS.length
        })
        assert.ok(other.notices().length < 12, other.notices().join('\n'))
      })
    })
  }
})
