// Does one replica at a time hold a lease, and does a lost holder delay nobody for long?

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { milliseconds } from '../../../src/base/units.ts'
import type { Lease, LeaseAnswer } from '../../../src/store/redis/leases.ts'
import { aJoinedReplica, aReplica, type Replica } from '../../redis/replicas.ts'
import { RedisServer } from '../../redis/server.ts'
import { aKey } from '../stored-responses.ts'

let server: RedisServer
let one: Replica
let other: Replica
before(async () => {
  server = await RedisServer.start()
  one = await aJoinedReplica(server.url)
  other = await aJoinedReplica(server.url)
})
after(async () => {
  await Promise.all([one.close(), other.close()])
  await server.close()
})

const long = milliseconds(30_000)
const asLease = (answer: LeaseAnswer): Lease => {
  if (typeof answer === 'string') throw new Error(`the lease is ${answer}`)
  return answer
}

describe('leases', () => {
  test('the first gets it, the second is told that it is held, and after release it is free', async () => {
    const key = aKey('first')
    const lease = asLease(await one.tier.leases.acquire(key, 'fill', long))
    assert.equal(await other.tier.leases.acquire(key, 'fill', long), 'held')
    const watch = other.tier.leases.watch(key, 'fill')
    lease.release()
    assert.equal(await watch.released(long), true)
    asLease(await other.tier.leases.acquire(key, 'fill', long)).release()
  })

  test('of many at once exactly one gets it', async () => {
    const key = aKey('many')
    const asked = Array.from({ length: 100 }, (_, n) =>
      (n % 2 === 0 ? one : other).tier.leases.acquire(key, 'fill', long),
    )
    const answers = await Promise.all(asked)
    assert.equal(answers.filter(answer => typeof answer === 'object').length, 1)
    assert.equal(answers.filter(answer => answer === 'held').length, 99)
  })

  test('a release that comes before the wait begins is not missed', async () => {
    const key = aKey('early')
    const watch = other.tier.leases.watch(key, 'fill')
    asLease(await one.tier.leases.acquire(key, 'fill', long)).release()
    assert.equal(await watch.released(long), true)
  })

  test('a waiter goes on at its own deadline when the holder is lost', async () => {
    const key = aKey('lost')
    await one.tier.leases.acquire(key, 'fill', long)
    assert.equal(await other.tier.leases.watch(key, 'fill').released(milliseconds(20)), false)
  })

  test('a lease ends by itself, and its late release takes nothing from the next holder', async () => {
    const key = aKey('late')
    const lease = asLease(await one.tier.leases.acquire(key, 'fill', milliseconds(1)))
    let next: LeaseAnswer = 'held'
    while (next === 'held') next = await other.tier.leases.acquire(key, 'fill', long)
    lease.release()
    await one.tier.store.settled()
    assert.equal(await one.tier.leases.acquire(key, 'fill', long), 'held')
  })

  test('purposes are apart', async () => {
    const key = aKey('purposes')
    asLease(await one.tier.leases.acquire(key, 'fill', long))
    asLease(await one.tier.leases.acquire(key, 'refresh', long))
  })

  test('without Redis nobody waits', async () => {
    const alone = aReplica('redis://127.0.0.1:1')
    assert.equal(await alone.tier.leases.acquire(aKey('x'), 'fill', long), 'unavailable')
    await alone.close()
  })
})
