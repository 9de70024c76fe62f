// When does a client get a stale response, and what does it cost the origin?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

/** Stale from the moment it is stored. */
const stale = (more = '') => ['Cache-Control', `max-age=10${more}`, 'Age', '11']

/** The first request gets a stale response, all others what `failure` does. */
function staleThen(failure: OriginHandler, more = ''): OriginHandler {
  return exchange => {
    if (exchange.request.number === 1) exchange.respond({ fields: stale(more), body: 'kept' })
    else return failure(exchange)
  }
}

describe('stale-while-revalidate (RFC 5861 §3)', () => {
  test('the stale response is served at once while one request to the origin brings the next', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      '',
      staleThen(async exchange => {
        await barrier.passed
        exchange.respond({ fields: ['Cache-Control', 'max-age=100'], body: 'new' })
      }, ', stale-while-revalidate=60'),
    )
    await scene.get('/a')
    const served = [await scene.get('/a'), await scene.get('/a'), await scene.get('/a')]
    for (const each of served) {
      assert.equal(each.body, 'kept')
      assert.match(cacheStatusOf(each), /^pillion; hit; ttl=-\d+$/)
    }
    await scene.origin.received(2)
    barrier.open()
    await scene.getUntil('/a', 'new')
    assert.equal(scene.origin.requests.length, 2)
    assert.match(scene.origin.requests[1]?.raw ?? '', /\r\npillion-purpose: refresh\r\n/i)
  })

  test('callers with credentials cause one request to the origin, too', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      '',
      staleThen(async exchange => {
        await barrier.passed
        exchange.respond({ fields: ['Cache-Control', 'public, max-age=100'], body: 'new' })
      }, ', public, stale-while-revalidate=60'),
    )
    const signedIn = ['Authorization', 'Bearer a']
    await scene.get('/a', signedIn)
    for (let count = 0; count < 5; count++) assert.equal((await scene.get('/a', signedIn)).body, 'kept')
    barrier.open()
    await scene.getUntil('/a', 'new')
    assert.equal(scene.origin.requests.length, 2)
  })

  test('a refresh that fails leaves the stale response where it is', async () => {
    await using scene = await startScene(
      '',
      staleThen(exchange => exchange.reset(), ', stale-while-revalidate=60'),
    )
    await scene.get('/a')
    assert.equal((await scene.get('/a')).body, 'kept')
    await scene.origin.received(2)
    assert.equal((await scene.get('/a')).body, 'kept')
  })

  test("a client's own Pillion-Purpose does not reach the origin", async () => {
    await using scene = await startScene('', replyWith('hello'))
    await scene.get('/a', ['Pillion-Purpose', 'refresh'])
    assert.doesNotMatch(scene.origin.requests[0]?.raw ?? '', /pillion-purpose/i)
  })
})

describe('stale-if-error (RFC 5861 §4)', () => {
  const failures: Record<string, OriginHandler> = {
    'a reset': exchange => exchange.reset(),
    'a 500': exchange => exchange.respond({ status: 500, body: 'broken' }),
    'a 503': exchange => exchange.respond({ status: 503, body: 'busy' }),
    'a malformed head': exchange => {
      exchange.write('nonsense\r\n\r\n')
      exchange.end()
    },
  }
  for (const [name, failure] of Object.entries(failures)) {
    test(`${name} is covered by what is stored`, async () => {
      await using scene = await startScene('', staleThen(failure))
      await scene.get('/a')
      const served = await scene.get('/a')
      assert.deepEqual([served.status, served.body], [200, 'kept'])
      assert.match(cacheStatusOf(served), /^pillion; fwd=stale; .*detail=stale-if-error/)
    })
  }

  test('an answer that is later than the timeout is covered too', async () => {
    const text = 'routes: { all: { match: /**, timeout: 50ms } }'
    await using scene = await startScene(
      text,
      staleThen(exchange => exchange.closed),
    )
    await scene.get('/a')
    assert.equal((await scene.get('/a')).body, 'kept')
  })

  test('a 404 is an answer, not a failure', async () => {
    await using scene = await startScene(
      '',
      staleThen(exchange => exchange.respond({ status: 404 })),
    )
    await scene.get('/a')
    assert.equal((await scene.get('/a')).status, 404)
  })

  for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=10', 'no-cache']) {
    test(`${directive} forbids it`, async () => {
      await using scene = await startScene('', exchange => {
        if (exchange.request.number > 1) return exchange.reset()
        exchange.respond({ fields: [...stale(`, ${directive}`), 'ETag', '"v1"'], body: 'kept' })
      })
      await scene.get('/a')
      assert.equal((await scene.get('/a')).status, 502)
    })
  }

  test('an open breaker serves stale without asking, and 503 with Retry-After where nothing is stored', async () => {
    const text = 'upstream: { breaker: { failures: 2, open: 1h } }'
    await using scene = await startScene(
      text,
      staleThen(exchange => exchange.reset()),
    )
    await scene.get('/a')
    await scene.get('/b')
    await scene.get('/c')
    const asked = scene.origin.requests.length

    const served = await scene.get('/a')
    const refused = await scene.get('/d')
    assert.deepEqual([served.status, served.body], [200, 'kept'])
    assert.match(cacheStatusOf(served), /detail=stale-if-error/)
    assert.equal(refused.status, 503)
    assert.ok(refused.field('retry-after') !== undefined)
    assert.match(refused.field('proxy-status') ?? '', /destination_unavailable/)
    assert.equal(scene.origin.requests.length, asked)
  })

  test('a hard purge takes it away, a soft one does not', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      if (exchange.request.number <= 1) exchange.respond({ body: 'kept' })
      else exchange.reset()
    })
    await scene.get('/a')
    await scene.admin('/api/purge', { all: true, soft: true })
    assert.equal((await scene.get('/a')).body, 'kept')
    await scene.admin('/api/purge', { all: true })
    assert.equal((await scene.get('/a')).status, 502)
  })

  test('after a soft purge the stale windows are counted from the purge', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1h, share: everyone, staleWhileRevalidate: 1s, staleIfError: 1s } }'
    await using scene = await startScene(text, exchange => {
      if (exchange.request.number === 1) exchange.respond({ body: 'kept' })
      else exchange.reset()
    })
    await scene.get('/a')
    await scene.admin('/api/purge', { all: true, soft: true })
    assert.match(cacheStatusOf(await scene.get('/a')), /^pillion; hit; ttl=-?[01]$/)
    const deadline = performance.now() + 5000
    let last = await scene.get('/a')
    while (last.status === 200) {
      assert.ok(performance.now() < deadline, 'it was served stale for ever')
      last = await scene.get('/a')
    }
    assert.match(String(last.status), /^50[23]$/)
  })

  test('where nothing is left the fallback of the route answers', async () => {
    const text = 'routes: { all: { match: /**, fallback: { status: 200, body: "[]", type: application/json } } }'
    await using scene = await startScene(text, exchange => exchange.reset())
    const answer = await scene.get('/a')
    assert.deepEqual([answer.status, answer.body, answer.field('content-type')], [200, '[]', 'application/json'])
  })
})
