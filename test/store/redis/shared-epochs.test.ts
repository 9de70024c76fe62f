// Does every replica know of every purge, and can Redis lose any?

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { ALL_SCOPE, prefixScope, tagScope, uriScope } from '../../../src/store/scopes.ts'
import { RedisProxy } from '../../redis/proxy.ts'
import { aJoinedReplica, aReplica, bodyInRedis, type Replica, until } from '../../redis/replicas.ts'
import { RedisServer } from '../../redis/server.ts'
import { aKey, aStoredResponse, type StoredParts } from '../stored-responses.ts'

let server: RedisServer
before(async () => {
  server = await RedisServer.start()
})
after(() => server.close())
beforeEach(() => server.client.flushall())

const key = aKey('k')
const scopes = [tagScope('a')]

/** Fills now, in memory and Redis. */
async function fill(replica: Replica, parts: StoredParts = {}): Promise<void> {
  replica.store.store(key, aStoredResponse({ sequence: replica.epochs.current(), scopes, ...parts }))
  await replica.tier.store.settled()
}

async function twoReplicas(): Promise<[Replica, Replica]> {
  return [await aJoinedReplica(server.url), await aJoinedReplica(server.url)]
}

const inMemory = (replica: Replica) => replica.memory.lookup(key, []).slot

describe('purges reach every replica', () => {
  test('a replica is pushed what another purged, within a second', async () => {
    const [one, other] = await twoReplicas()
    await fill(other)
    const started = performance.now()
    assert.equal(await one.epochs.purge(scopes, 'hard'), 'notified')
    await until('the other has heard of it', () => inMemory(other) === undefined)
    assert.ok(performance.now() - started < 1000)
    await Promise.all([one.close(), other.close()])
  })

  test('the writer finds neither its own nor the shared copy once the purge is answered', async () => {
    const [one, other] = await twoReplicas()
    await fill(other)
    await one.epochs.purge(scopes, 'hard')
    assert.equal(await bodyInRedis(one, key), undefined)
    await Promise.all([one.close(), other.close()])
  })

  test('a fill that began before the purge of another replica reaches nobody', async () => {
    const [one, other] = await twoReplicas()
    const sequence = other.epochs.current()
    await one.epochs.purge(scopes, 'hard')
    await fill(other, { sequence })
    await one.tier.poll()
    await other.tier.poll()
    assert.equal(await bodyInRedis(one, key), undefined)
    assert.equal(await bodyInRedis(other, key), undefined)
    await Promise.all([one.close(), other.close()])
  })

  test('a fill that began after it is found by all', async () => {
    const [one, other] = await twoReplicas()
    await one.epochs.purge(scopes, 'hard')
    await other.tier.poll()
    await fill(other, { body: 'new' })
    assert.equal(await bodyInRedis(one, key), 'new')
    await Promise.all([one.close(), other.close()])
  })

  test('prefixes, everything and soft purges travel too', async () => {
    const [one, other] = await twoReplicas()
    await fill(other, { scopes: [uriScope('http://h/api/7')] })
    await one.epochs.purge([prefixScope('http://h/api')], 'soft')
    await until('the prefix arrived', () => inMemory(other)?.standing === 'soft')
    await one.epochs.purge([ALL_SCOPE], 'hard')
    await until('everything arrived', () => inMemory(other) === undefined)
    await Promise.all([one.close(), other.close()])
  })

  test('a replica that starts later knows of earlier purges', async () => {
    const one = await aJoinedReplica(server.url)
    await fill(one)
    await one.epochs.purge(scopes, 'hard')
    const late = await aJoinedReplica(server.url)
    assert.equal(await bodyInRedis(late, key), undefined)
    await Promise.all([one.close(), late.close()])
  })

  test('a purge whose push was lost is found by asking', async () => {
    const [one, other] = await twoReplicas()
    await fill(other)
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await one.epochs.purge(scopes, 'hard')
    await until('the other asked', () => inMemory(other) === undefined)
    await Promise.all([one.close(), other.close()])
  })

  test('more purges than fit one page are all learned', async () => {
    const one = await aJoinedReplica(server.url)
    for (let n = 0; n < 12; n++) {
      await one.epochs.purge(
        Array.from({ length: 450 }, (_, at) => tagScope(`${n}:${at}`)),
        'hard',
      )
    }
    const late = await aJoinedReplica(server.url)
    assert.equal(late.epochs.standing({ scopes: [tagScope('0:0')], sequence: 1 }), 'hard')
    assert.equal(late.epochs.standing({ scopes: [tagScope('11:449')], sequence: 1 }), 'hard')
    assert.equal(late.epochs.size, 12 * 450)
    await Promise.all([one.close(), late.close()])
  })
})

describe('when Redis loses what it knew (invariant 4)', () => {
  test('after FLUSHALL memory is stale, and purges of the last minute are applied again', async () => {
    const [one, other] = await twoReplicas()
    await one.epochs.purge([tagScope('purged lately')], 'hard')
    await fill(one)
    await server.client.flushall()
    await until('the new incarnation is known', () => inMemory(one)?.standing === 'soft')
    const late = await aJoinedReplica(server.url)
    await until('the purge was told again', async () => {
      await late.tier.poll()
      return late.epochs.standing({ scopes: [tagScope('purged lately')], sequence: 0 }) === 'hard'
    })
    await Promise.all([one.close(), other.close(), late.close()])
  })

  test('after a restart that kept the data, what was stored before is a miss', async () => {
    const one = await aJoinedReplica(server.url)
    await fill(one)
    const [epochs] = await server.client.zrangebyscore('pillion:v1:{epochs}', -1, -1)
    const elsewhere = JSON.parse(String(epochs)) as { run: string }
    await server.client.zrem('pillion:v1:{epochs}', String(epochs))
    await server.client.zadd('pillion:v1:{epochs}', -1, JSON.stringify({ ...elsewhere, run: 'another process' }))
    await until('the new incarnation is known', () => inMemory(one)?.standing === 'soft')
    assert.equal(await bodyInRedis(one, key), undefined)
    await one.close()
  })

  test('sequences rise across incarnations, so that nothing older passes for new', async () => {
    const one = await aJoinedReplica(server.url)
    for (let n = 0; n < 20; n++) await one.epochs.purge([tagScope(`${n}`)], 'hard')
    const before = one.epochs.current()
    await server.client.flushall()
    await until('it has joined anew', () => one.epochs.current() > before)
    await one.close()
  })
})

describe('a purge made while cut off', () => {
  test('holds here at once and everywhere once Redis is back', async () => {
    const own = await RedisServer.start()
    const [one, other] = [await aJoinedReplica(own.url), await aJoinedReplica(own.url)]
    await other.epochs.purge([tagScope('z')], 'hard')
    await fill(one)
    await fill(other)
    await own.kill()
    await until('it is known to be down', () => !one.tier.up && !other.tier.up)
    assert.equal(await one.epochs.purge(scopes, 'hard'), 'local')
    assert.equal(inMemory(one), undefined)
    assert.notEqual(inMemory(other), undefined)
    await own.restart()
    await until('the other learned of it', () => inMemory(other) === undefined)
    await Promise.all([one.close(), other.close()])
    await own.close()
  })

  test('memory is trusted for `partition` only, until Redis is heard again', async () => {
    const own = await RedisServer.start()
    const one = await aJoinedReplica(own.url)
    const response = aStoredResponse()
    assert.equal(one.epochs.freshUntil(response), undefined)
    await own.kill()
    await until('it is cut off', () => one.epochs.freshUntil(response) !== undefined)
    assert.equal(one.epochs.freshUntil(response), response.responseTime + 5000)
    await own.restart()
    await until('it is healed', () => one.epochs.freshUntil(response) === undefined)
    await one.close()
    await own.close()
  })

  test('fills of that time stay in memory and are not shared, later ones are', async () => {
    const own = await RedisServer.start()
    const one = aReplica(own.url)
    await own.kill()
    const sequence = one.epochs.current()
    await own.restart()
    await until('it has joined', () => one.tier.up)
    await fill(one, { sequence })
    assert.equal(await own.client.exists(...(await own.client.keys('pillion:v1:{*}'))), 1)
    await fill(one, { body: 'later' })
    assert.equal(await bodyInRedis(one, key), 'later')
    await one.close()
    await own.close()
  })

  test('what was filled while away is dropped if another replica purged it meanwhile, whatever our own count', async () => {
    const proxy = await RedisProxy.start(server.port)
    const [away, other] = [await aJoinedReplica(proxy.url), await aJoinedReplica(server.url)]
    await other.epochs.purge([tagScope('z')], 'hard')
    await away.tier.poll()
    proxy.behaviour = { kind: 'closing' }
    proxy.cut()
    await until('it is cut off', () => !away.tier.up)
    for (let n = 0; n < 10; n++) await away.epochs.purge([tagScope(`own ${n}`)], 'hard')
    await fill(away)
    assert.equal(await other.epochs.purge(scopes, 'hard'), 'notified')
    assert.notEqual(inMemory(away), undefined)
    proxy.behaviour = { kind: 'honest' }
    await until('it is back', () => away.tier.up)
    assert.equal(inMemory(away), undefined)
    await Promise.all([away.close(), other.close()])
    await proxy.close()
  })
})
