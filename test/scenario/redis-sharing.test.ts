// What do two replicas share through Redis, and what never leaves either?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OriginHandler } from '../origin/origin.ts'
import { until } from '../redis/replicas.ts'
import { type Pair, SECRET, startPair } from './redis-scene.ts'
import { cacheStatusOf, replyWith } from './start-pillion.ts'

const EVERYONE = 'routes: { all: { match: /**, ttl: 1h, share: everyone, tags: [all] } }'
const USER = 'routes: { all: { match: /**, ttl: 1h, share: user } }'
const sealed = `secret: "${SECRET}"`
const ALICE = ['Authorization', 'Bearer alice-s3cr3t']

/** Names of stored responses in Redis. */
async function namesIn({ redis }: Pair): Promise<string[]> {
  return (await redis.client.keys('*')).filter(name => !name.includes('{epochs}'))
}

const stored = (pair: Pair, count = 1) => until('it is in Redis', async () => (await namesIn(pair)).length >= count)

describe('sharing through Redis (contract §3)', () => {
  test('what one replica stored is a hit at the other', async () => {
    await using pair = await startPair(replyWith('hello'), { text: EVERYONE })
    await pair.one.get('/a', ['Host', 'h'])
    await stored(pair)
    const response = await pair.other.get('/a', ['Host', 'h'])
    assert.match(cacheStatusOf(response), /pillion; hit/)
    assert.equal(response.body, 'hello 1')
    assert.equal(pair.origin.requests.length, 1)
  })

  test('probes, metrics and statistics tell of Redis', async () => {
    await using pair = await startPair(replyWith('hello'), { text: EVERYONE })
    assert.equal(await pair.one.metric('pillion_redis_up'), 1)
    assert.deepEqual((JSON.parse((await pair.one.ask('/api/stats')).body) as { redis: unknown }).redis, { up: true })
    await pair.one.get('/a')
    await stored(pair)
    assert.equal(await pair.one.metric('pillion_store_operations_total{tier="redis",op="set",result="ok"}'), 1)
    assert.equal(await pair.one.metric('pillion_store_operations_total{tier="memory",op="get",result="miss"}'), 1)
    await pair.one.get('/a')
    assert.equal(await pair.one.metric('pillion_store_operations_total{tier="memory",op="get",result="hit"}'), 1)
    await pair.redis.kill()
    await until('the loss is told', async () => (await pair.one.metric('pillion_redis_up')) === 0)
    const ready = await pair.one.ask('/readyz')
    assert.equal(ready.status, 200)
    assert.deepEqual((JSON.parse(ready.body) as { redis: unknown }).redis, { up: false })
  })

  for (const [what, text] of [
    ['a route for one user', USER],
    ['`store: memory`', EVERYONE.replace('ttl: 1h', 'ttl: 1h, store: memory')],
  ] as const) {
    test(`${what} stays in memory${text === USER ? ' without a secret' : ''}`, async () => {
      await using pair = await startPair(replyWith('hello'), { text })
      await pair.one.get('/a', ALICE)
      assert.match(cacheStatusOf(await pair.one.get('/a', ALICE)), /hit/)
      assert.match(cacheStatusOf(await pair.other.get('/a', ALICE)), /fwd=uri-miss/)
      assert.deepEqual(await namesIn(pair), [])
    })
  }

  test('without a secret no credential that Vary nominates leaves memory', async () => {
    const handler = replyWith('hello', ['Vary', 'Authorization', 'Cache-Control', 'public, max-age=60'])
    await using pair = await startPair(handler, { text: 'routes: { all: { match: /** } }' })
    await pair.one.get('/a', ALICE)
    assert.match(cacheStatusOf(await pair.one.get('/a', ALICE)), /hit/)
    assert.deepEqual(await namesIn(pair), [])
  })

  test('with a secret one caller’s response is that caller’s at the other replica, and nobody else’s', async () => {
    await using pair = await startPair(replyWith('hello'), { text: USER, redis: sealed })
    await pair.one.get('/a', [...ALICE, 'Host', 'h'])
    await stored(pair)
    const same = await pair.other.get('/a', [...ALICE, 'Host', 'h'])
    const another = await pair.other.get('/a', ['Authorization', 'Bearer bob', 'Host', 'h'])
    assert.deepEqual([same.body, another.body], ['hello 1', 'hello 2'])
  })
})

describe('purges reach the other replica', () => {
  test('an operator’s purge says `notified` and holds at the other within a second', async () => {
    await using pair = await startPair(replyWith('hello'), { text: EVERYONE })
    await pair.other.get('/a')
    await pair.one.get('/a')
    const started = performance.now()
    assert.equal((await pair.one.purge({ tag: 'all' }))['replicas'], 'notified')
    await until('it is gone', async () => /fwd/.test(cacheStatusOf(await pair.other.get('/a'))))
    assert.ok(performance.now() - started < 1000)
  })

  test('with Redis gone it says `local`', async () => {
    await using pair = await startPair(replyWith('hello'), { text: EVERYONE })
    await pair.redis.kill()
    assert.equal((await pair.one.purge({ tag: 'all' }))['replicas'], 'local')
  })

  test('a write’s purge is effective before the writer has its answer, and at the other within a second', async () => {
    const text = `${EVERYONE.slice(0, -2)}, write: { match: POST /write, purge: [all] } }`
    await using pair = await startPair(replyWith('hello'), { text })
    for (const replica of pair.replicas) await replica.get('/a')
    await pair.one.request(['POST', '/write'])
    const started = performance.now()
    assert.match(cacheStatusOf(await pair.one.get('/a')), /fwd/)
    await until('the other knows', async () => (await pair.other.get('/a')).body !== 'hello 1')
    assert.ok(performance.now() - started < 1000)
  })
})

describe('the answer to a POST where purges are numbered together', () => {
  const posting: OriginHandler = exchange => {
    const { method, number } = exchange.request
    const fields = ['Cache-Control', 'max-age=60', ...(method === 'POST' ? ['Content-Location', '/a'] : [])]
    exchange.respond({ fields, body: `${method} ${number}` })
  }

  test('is given to later GETs at either replica', async () => {
    await using pair = await startPair(posting, { text: EVERYONE })
    await pair.one.get('/a', ['Host', 'h'])
    await pair.one.request(['POST', '/a'], ['Host', 'h'], 'x')
    assert.equal((await pair.one.get('/a', ['Host', 'h'])).body, 'POST 2')
    await until('the other has it', async () => (await pair.other.get('/a', ['Host', 'h'])).body === 'POST 2')
    assert.equal(pair.origin.requests.length, 2)
  })

  test('is not kept when another replica purged meanwhile', async () => {
    await using pair = await startPair(
      async exchange => {
        if (exchange.request.method === 'POST') await pair.other.purge({ url: 'http://h/a' })
        await posting(exchange)
      },
      { text: EVERYONE },
    )
    await pair.one.request(['POST', '/a'], ['Host', 'h'], 'x')
    assert.equal((await pair.one.get('/a', ['Host', 'h'])).body, 'GET 2')
  })
})
