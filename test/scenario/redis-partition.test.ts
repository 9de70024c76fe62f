// While purges of other replicas can't be heard, how far is memory trusted?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../redis/replicas.ts'
import { startPair } from './redis-scene.ts'
import { cacheStatusOf, replyWith } from './start-pillion.ts'

const text = 'routes: { all: { match: /**, ttl: 1h, share: everyone } }'

describe('store.redis.partition (invariant 5)', () => {
  test('for so long it is fresh, then it is validated, and fresh again from there', async () => {
    await using pair = await startPair(replyWith('hello', ['ETag', '"x"']), { text, redis: 'partition: 700ms' })
    await pair.one.get('/a')
    await pair.redis.kill()
    assert.match(cacheStatusOf(await pair.one.get('/a')), /hit/)
    await until('it counts as stale', async () => /fwd=stale/.test(cacheStatusOf(await pair.one.get('/a'))))
    assert.equal(pair.origin.requests.at(-1)?.fields.join('\n').includes('"x"'), true)
    assert.match(cacheStatusOf(await pair.one.get('/a')), /hit/)
  })

  test('`ttl` trusts it fully', async () => {
    await using pair = await startPair(replyWith('hello'), { text, redis: 'partition: ttl' })
    await pair.one.get('/a')
    await pair.redis.kill()
    await until('the loss is known', async () => !(await pair.one.usesRedis()))
    assert.match(cacheStatusOf(await pair.one.get('/a')), /hit/)
  })

  test('when all is lost there (FLUSHALL) memory is validated, not deleted', async () => {
    await using pair = await startPair(replyWith('hello'), { text })
    await pair.one.get('/a')
    await pair.redis.client.flushall()
    await until('it counts as stale', async () => /fwd=stale/.test(cacheStatusOf(await pair.one.get('/a'))))
  })
})
