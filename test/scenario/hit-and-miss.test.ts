// What does a client see of a response that is stored, and of one that is not yet?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_FOR_A_MINUTE, cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

describe('hits and misses (RFC 9111 §4, RFC 9211)', () => {
  test('the first request is a stored uri-miss, the second a hit with Age and what is left of its lifetime', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))

    const miss = await scene.get('/a')
    const hit = await scene.get('/a')

    assert.equal(cacheStatusOf(miss), 'pillion; fwd=uri-miss; stored')
    assert.match(cacheStatusOf(hit), /^pillion; hit; ttl=(60|59)$/)
    assert.match(hit.field('age') ?? '', /^[01]$/)
    assert.deepEqual([miss.body, hit.body], ['hello 1', 'hello 1'])
    assert.equal(scene.origin.requests.length, 1)
  })

  test('what the origin answers itself has no Age of ours (RFC 9111 §5.1)', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange =>
      exchange.respond({ fields: exchange.request.number === 1 ? [] : ['Age', '7'], body: 'hello' }),
    )
    assert.equal((await scene.get('/a')).field('age'), undefined)
    assert.equal((await scene.get('/b')).field('age'), '7')
    assert.equal((await scene.get('/a')).field('age'), '0')
  })

  test('the Age that the origin stated counts, and Date stays the stored one', async () => {
    const date = new Date(Date.UTC(2026, 0, 1)).toUTCString()
    const fields = ['Date', date, 'Age', '40', 'Cache-Control', 'max-age=999999999']
    await using scene = await startScene('', replyWith('hello', fields))

    await scene.get('/a')
    const hit = await scene.get('/a')

    assert.equal(hit.field('date'), date)
    assert.ok(Number(hit.field('age')) >= 40)
    assert.equal(hit.all('age').length, 1)
  })

  test("our Cache-Status comes after the origin's own", async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('x', ['Cache-Status', 'inner; hit']))
    await scene.get('/a')
    const hit = await scene.get('/a')
    assert.match(hit.all('cache-status').join(', '), /^inner; hit, pillion; hit; ttl=/)
  })

  test('without a file the origin decides: what it says nothing of is not stored', async () => {
    await using scene = await startScene('', replyWith('hello'))
    await scene.get('/a')
    const second = await scene.get('/a')
    assert.equal(second.body, 'hello 2')
    assert.equal(cacheStatusOf(second), 'pillion; fwd=uri-miss; detail=no-freshness')
  })

  test('cache: off is a bypass, only-if-cached a 504 that asks nobody', async () => {
    const text = 'routes: { live: { match: /live, cache: off }, rest: { match: /**, ttl: 1m } }'
    await using scene = await startScene(text, replyWith('hello'))
    assert.equal(cacheStatusOf(await scene.get('/live')), 'pillion; fwd=bypass; detail=cache-off')

    const refused = await scene.get('/a', ['Cache-Control', 'only-if-cached'])
    assert.equal(refused.status, 504)
    assert.equal(scene.origin.requests.length, 1)

    await scene.get('/a')
    assert.equal((await scene.get('/a', ['Cache-Control', 'only-if-cached'])).status, 200)
  })

  test('each value of a nominated field has a stored response of its own', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange =>
      exchange.respond({ fields: ['Vary', 'Accept-Language'], body: `in ${exchange.request.number}` }),
    )
    const german = ['Accept-Language', 'de']
    await scene.get('/a', german)
    const french = await scene.get('/a', ['Accept-Language', 'fr'])
    const none = await scene.get('/a')
    assert.equal(cacheStatusOf(french), 'pillion; fwd=vary-miss; stored')
    assert.equal(none.body, 'in 3')
    assert.deepEqual([(await scene.get('/a', german)).body, (await scene.get('/a')).body], ['in 1', 'in 3'])
  })
})
