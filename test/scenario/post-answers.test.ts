// When is the answer to a POST given to a later GET?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OriginHandler } from '../origin/origin.ts'
import { cacheStatusOf, startScene } from './start-pillion.ts'

/** Answers every POST to /a with what it is now, every GET with its number. */
const posting =
  (fields: readonly string[], location = '/a'): OriginHandler =>
  exchange => {
    const { method, number } = exchange.request
    const posted = method === 'POST' ? ['Content-Location', location, ...fields] : ['Cache-Control', 'max-age=60']
    exchange.respond({ fields: posted, body: `${method} ${number}` })
  }

const FRESH = ['Cache-Control', 'max-age=60']

describe('the answer to a POST (RFC 9110 §9.3.3)', () => {
  test('with explicit freshness and Content-Location as its target it answers a later GET and HEAD', async () => {
    await using scene = await startScene('', posting(FRESH))
    assert.match(cacheStatusOf(await scene.request(['POST', '/a'], [], 'x')), /^pillion; fwd=method; stored$/)
    const get = await scene.get('/a')
    assert.match(cacheStatusOf(get), /^pillion; hit/)
    assert.deepEqual([get.body, scene.origin.requests.length], ['POST 1', 1])
  })

  test('it takes the place of what its invalidation removed', async () => {
    await using scene = await startScene('', posting(FRESH))
    assert.equal((await scene.get('/a')).body, 'GET 1')
    await scene.request(['POST', '/a'], [], 'x')
    assert.equal((await scene.get('/a')).body, 'POST 2')
  })

  test('without explicit freshness, or about another URL, it answers nobody', async () => {
    for (const handler of [posting([]), posting(['Cache-Control', 'no-store']), posting(FRESH, '/b')]) {
      await using scene = await startScene('', handler)
      await scene.request(['POST', '/a'], [], 'x')
      assert.equal((await scene.get('/a')).body, 'GET 2')
      assert.equal((await scene.get('/b')).body, 'GET 3')
    }
  })

  test('with credentials it is stored for nobody else', async () => {
    await using scene = await startScene('', posting(FRESH))
    await scene.request(['POST', '/a'], ['Authorization', 'Bearer a'], 'x')
    assert.equal((await scene.get('/a')).body, 'GET 2')
  })

  test('the GET’s route decides, not the POST’s', async () => {
    const routes = 'routes: { reads: { match: "GET /a", cache: off }, writes: { match: "POST /a" } }'
    await using scene = await startScene(routes, posting(FRESH))
    await scene.request(['POST', '/a'], [], 'x')
    assert.match(cacheStatusOf(await scene.get('/a')), /fwd=bypass/)
  })

  test('a purge while it was under way keeps it out', async () => {
    await using scene = await startScene('', async exchange => {
      const { method, number } = exchange.request
      if (method === 'POST') await scene.admin('/api/purge', { url: '/a' })
      exchange.respond({ fields: ['Content-Location', '/a', ...FRESH], body: `${method} ${number}` })
    })
    await scene.request(['POST', '/a'], [], 'x')
    assert.equal((await scene.get('/a')).body, 'GET 2')
  })
})
