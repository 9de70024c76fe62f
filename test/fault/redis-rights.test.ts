// Are the rights that docs/redis.md asks for enough?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { tagScope } from '../../src/store/scopes.ts'
import { aJoinedReplica, bodyInRedis, until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { aKey, aStoredResponse } from '../store/stored-responses.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'redis.md'), 'utf8')

test('a user with the documented rights can do all that Pillion does', async () => {
  const [, written = ''] = /^ACL (SETUSER [^`]*)/m.exec(page) ?? []
  const words = written.replaceAll('\\\n', ' ').replace('PASSWORD', 'right').trim().split(/\s+/)
  const server = await RedisServer.start()
  try {
    await server.client.call('ACL', ...words)
    const url = server.url.replace('//', '//pillion:right@')
    const [one, other] = [await aJoinedReplica(url), await aJoinedReplica(url)]
    one.store.store(aKey('k'), aStoredResponse({ body: 'x', sequence: one.epochs.current(), scopes: [tagScope('a')] }))
    await one.tier.store.settled()
    assert.equal(await bodyInRedis(other, aKey('k')), 'x')
    const order = { purpose: 'fill', sequence: 0, duration: milliseconds(5000) }
    const lease = await one.tier.leases.acquire(aKey('l'), order)
    const watch = other.tier.leases.watch(aKey('l'), 'fill')
    await other.tier.leases.acquire(aKey('l'), order)
    if (typeof lease === 'object' && 'release' in lease) lease.release()
    assert.equal(await watch.released(milliseconds(5000)), true)
    assert.equal(await one.epochs.purge([tagScope('a')], 'hard'), 'notified')
    await until('it is heard', () => other.memory.lookup(aKey('k'), []).slot === undefined)
    const refused = [...one.events, ...other.events].filter(event => event.kind === 'store' && event.result === 'error')
    assert.deepEqual(refused, [])
    await Promise.all([one.close(), other.close()])
  } finally {
    await server.close()
  }
})
