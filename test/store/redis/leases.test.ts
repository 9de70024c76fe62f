// Does one replica at a time hold a lease, and does a lost holder delay nobody for long?

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Milliseconds, milliseconds } from '../../../src/base/units.ts'
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
const order = (purpose: string, duration: Milliseconds) => ({ purpose, duration, sequence: 7 })
const asLease = (answer: LeaseAnswer): Lease => {
  if (typeof answer === 'string' || 'heldFor' in answer) throw new Error(`the lease is ${JSON.stringify(answer)}`)
  return answer
}
const isHeld = (answer: LeaseAnswer) => typeof answer === 'object' && 'heldFor' in answer

describe('leases', () => {
  test('the first gets it, the second is told that it is held, and after release it is free', async () => {
    const key = aKey('first')
    const lease = asLease(await one.tier.leases.acquire(key, order('fill', long)))
    assert.ok(isHeld(await other.tier.leases.acquire(key, order('fill', long))))
    const watch = other.tier.leases.watch(key, 'fill')
    lease.release()
    assert.equal(await watch.released(long), true)
    asLease(await other.tier.leases.acquire(key, order('fill', long))).release()
  })

  test('whoever is told that it is held learns for how long, and since which purge', async () => {
    const key = aKey('told')
    asLease(await one.tier.leases.acquire(key, order('fill', long)))
    const answer = await other.tier.leases.acquire(key, order('fill', long))
    assert.ok(typeof answer === 'object' && 'heldFor' in answer)
    assert.equal(answer.since, 7)
    assert.ok(answer.heldFor <= long && answer.heldFor > long - 5000)
  })

  test('of many at once exactly one gets it', async () => {
    const key = aKey('many')
    const asked = Array.from({ length: 100 }, (_, n) =>
      (n % 2 === 0 ? one : other).tier.leases.acquire(key, order('fill', long)),
    )
    const answers = await Promise.all(asked)
    assert.equal(answers.filter(answer => !isHeld(answer)).length, 1)
    assert.equal(answers.filter(isHeld).length, 99)
  })

  test('a release that comes before the wait begins is not missed', async () => {
    const key = aKey('early')
    const watch = other.tier.leases.watch(key, 'fill')
    const lease = asLease(await one.tier.leases.acquire(key, order('fill', long)))
    assert.ok(isHeld(await other.tier.leases.acquire(key, order('fill', long))))
    lease.release()
    await one.tier.poll()
    assert.equal(await watch.released(long), true)
  })

  test('a waiter goes on at its own deadline when the holder is lost', async () => {
    const key = aKey('lost')
    await one.tier.leases.acquire(key, order('fill', long))
    assert.equal(await other.tier.leases.watch(key, 'fill').released(milliseconds(20)), false)
  })

  test('a lease ends by itself, and its late release takes nothing from the next holder', async () => {
    const key = aKey('late')
    const lease = asLease(await one.tier.leases.acquire(key, order('fill', milliseconds(1))))
    let next: LeaseAnswer
    do next = await other.tier.leases.acquire(key, order('fill', long))
    while (isHeld(next))
    lease.release()
    await one.tier.store.settled()
    assert.ok(isHeld(await one.tier.leases.acquire(key, order('fill', long))))
  })

  test('purposes are apart', async () => {
    const key = aKey('purposes')
    asLease(await one.tier.leases.acquire(key, order('fill', long)))
    asLease(await one.tier.leases.acquire(key, order('refresh', long)))
  })

  test('without Redis nobody waits', async () => {
    const alone = aReplica('redis://127.0.0.1:1')
    assert.equal(await alone.tier.leases.acquire(aKey('x'), order('fill', long)), 'unavailable')
    await alone.close()
  })
})
