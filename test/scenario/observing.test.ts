// What does `cache: observe` find out, and does it leave clients alone?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OriginRequest } from '../origin/exchange.ts'
import { wireField } from '../origin/wire.ts'
import { metric, metricReaches } from './metrics-of.ts'
import { cacheStatusOf, type Scene, startScene } from './start-pillion.ts'

const EVERYONE = 'routes: { all: { match: /**, ttl: 1m, share: everyone, cache: observe } }'
const alice = ['Authorization', 'Bearer alice']
const bob = ['Authorization', 'Bearer bob']

const HITS = 'pillion_observed_hits_total{route="all"}'
const verified = (result: string) => `pillion_verified_total{route="all",result="${result}"}`
const callerOf = ({ fields }: OriginRequest) => wireField(fields, 'authorization') ?? 'nobody'

/** Asks until an observed fill has landed, so that the next request would be a hit. */
async function observeFill(scene: Scene, target: string, caller: readonly string[]): Promise<void> {
  const before = await metric(scene, HITS)
  while ((await metric(scene, HITS)) === before) await scene.get(target, caller)
}

describe('cache: observe (contract §2)', () => {
  test('the origin answers every request, as it came, while hits and their rightness are counted', async () => {
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ fields: ['Set-Cookie', 'a=1', 'ETag', '"x"'], body: `hello ${exchange.request.number}` }),
    )
    const answers = []
    for (let round = 0; round < 3; round += 1) {
      answers.push(await scene.get('/a', ['If-None-Match', '"y"', 'Cache-Control', 'max-age=0']))
    }
    assert.deepEqual(
      answers.map(({ body }) => body),
      ['hello 1', 'hello 2', 'hello 3'],
    )
    for (const answer of answers) {
      assert.equal(cacheStatusOf(answer), 'pillion; fwd=bypass; detail=observe')
      assert.equal(answer.field('set-cookie'), 'a=1')
      assert.equal(answer.field('age'), undefined)
    }
    for (const { fields } of scene.origin.requests) assert.equal(wireField(fields, 'if-none-match'), '"y"')
  })

  test('counts what would have been hits, and that they were right', async () => {
    await using scene = await startScene(EVERYONE, exchange => exchange.respond({ body: 'hello' }))
    await observeFill(scene, '/a', alice)
    const [hits, same] = [await metric(scene, HITS), await metric(scene, verified('same'))]
    for (const caller of [alice, bob, []]) await scene.get('/a', caller)
    await metricReaches(scene, verified('same'), same + 3)
    assert.equal(await metric(scene, HITS), hits + 3)
    assert.equal(await metric(scene, 'pillion_store_entries{tier="memory"}'), 0)
  })

  test('another URL, or a purge between, is no hit', async () => {
    const text = `routes:
  all: { match: GET /**, ttl: 1m, share: everyone, cache: observe, tags: [all] }
  write: { match: POST /**, purge: [all] }`
    await using scene = await startScene(text, exchange => exchange.respond({ body: 'hello' }))
    await observeFill(scene, '/a', [])
    const hits = await metric(scene, HITS)
    await scene.get('/b')
    assert.equal(await metric(scene, HITS), hits)
    await scene.request(['POST', '/c'])
    await scene.get('/a')
    assert.equal(await metric(scene, HITS), hits)
  })

  test('a personal origin is found out, without a quarantine and without harm', async () => {
    await using scene = await startScene(EVERYONE, exchange => exchange.respond({ body: callerOf(exchange.request) }))
    await observeFill(scene, '/a', alice)
    while ((await metric(scene, verified('personal'))) === 0) {
      for (const caller of [bob, alice]) assert.equal((await scene.get('/a', caller)).body, caller[1])
    }
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 0)
  })

  test('per user it is no mistake', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: user, cache: observe } }'
    await using scene = await startScene(text, exchange => exchange.respond({ body: callerOf(exchange.request) }))
    for (const caller of [alice, bob]) await observeFill(scene, '/a', caller)
    const same = await metric(scene, verified('same'))
    for (const caller of [bob, alice, bob]) await scene.get('/a', caller)
    await metricReaches(scene, verified('same'), same + 3)
    for (const result of ['changed', 'personal']) assert.equal(await metric(scene, verified(result)), 0)
  })

  test('content that changes is changed, not personal, whoever takes turns', async () => {
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ body: `at ${exchange.request.number}` }),
    )
    await observeFill(scene, '/a', alice)
    const changed = await metric(scene, verified('changed'))
    for (const caller of [bob, alice, bob, alice]) await scene.get('/a', caller)
    await metricReaches(scene, verified('changed'), changed + 4)
    assert.equal(await metric(scene, verified('personal')), 0)
  })

  test('says why answers would not be stored', async () => {
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ fields: ['Cache-Control', 'no-store'], body: 'hello' }),
    )
    await scene.get('/a')
    await metricReaches(scene, 'pillion_uncacheable_total{route="all",reason="no-store"}', 1)
    assert.equal(await metric(scene, HITS), 0)
  })
})

describe('mode: observe', () => {
  test('makes every route with cache: on observe, and the default route too; cache: off stays off', async () => {
    const text = `mode: observe
routes:
  all: { match: /a, ttl: 1m, share: everyone }
  off: { match: /off, cache: off }`
    await using scene = await startScene(text, exchange =>
      exchange.respond({ fields: ['Cache-Control', 'max-age=60'], body: 'hello' }),
    )
    await observeFill(scene, '/a', [])
    assert.equal(cacheStatusOf(await scene.get('/elsewhere')), 'pillion; fwd=bypass; detail=observe')
    assert.equal(cacheStatusOf(await scene.get('/off')), 'pillion; fwd=bypass; detail=cache-off')
  })
})
