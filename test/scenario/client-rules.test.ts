// What are clients told about caching, and what is kept from them?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { replyWith, startScene } from './start-pillion.ts'

const route = (keys: string) => `routes: { all: { match: /**, ttl: 1m, ${keys} } }`

/** Cache-Control of a miss and of a hit. */
async function controls(keys: string, fields: readonly string[] = [], request: readonly string[] = []) {
  await using scene = await startScene(route(keys), replyWith('hello', fields))
  const [miss, hit] = [await scene.get('/a', request), await scene.get('/a', request)]
  assert.equal(hit.body, 'hello 1')
  return [miss.field('cache-control'), hit.field('cache-control')]
}

describe('client (contract §2)', () => {
  test('where `ttl` made it fresh: public and what is left for everyone', async () => {
    for (const control of await controls('share: everyone')) assert.match(control ?? '', /^public, max-age=(60|59)$/)
  })

  test('where `ttl` made it fresh: private, no-cache for anything narrower', async () => {
    const user = ['Authorization', 'Bearer a']
    assert.deepEqual(await controls('share: user', [], user), ['private, no-cache', 'private, no-cache'])
    assert.deepEqual(await controls('share: auto'), ['private, no-cache', 'private, no-cache'])
  })

  test("the origin's own stays by default", async () => {
    const own = ['Cache-Control', 'max-age=5']
    assert.deepEqual(await controls('share: everyone', own), ['max-age=5', 'max-age=5'])
  })

  const rules = [
    ['off', 'no-cache'],
    ['immutable', 'public, max-age=31536000, immutable'],
    ['90s', 'public, max-age=90'],
    ['"public, max-age=7"', 'public, max-age=7'],
  ] as const
  for (const [rule, expected] of rules) {
    test(`${rule} says ${expected}`, async () => {
      const fields = ['Cache-Control', 'max-age=5', 'Expires', new Date(0).toUTCString()]
      assert.deepEqual(await controls(`share: everyone, client: ${rule}`, fields), [expected, expected])
    })
  }

  test('what is not stored keeps what the origin said', async () => {
    await using scene = await startScene(
      route('share: everyone, client: immutable'),
      replyWith('hello', ['Cache-Control', 'no-store']),
    )
    assert.equal((await scene.get('/a')).field('cache-control'), 'no-store')
  })
})

describe('fields of the hop (RFC 9110 §7.6)', () => {
  test('Via is added both ways, hop-by-hop fields and those for caches are not passed on', async () => {
    const fields = ['Connection', 'X-Hop', 'X-Hop', '1', 'Surrogate-Key', 'k', 'Cache-Tag', 't', 'xkey', 'x']
    await using scene = await startScene(route('share: everyone'), replyWith('hello', fields))
    const hop = ['Connection', 'X-Mine', 'X-Mine', '1', 'X-Original-URL', '/admin', 'X-Rewrite-URL', '/admin']
    for (const response of [await scene.get('/a', hop), await scene.get('/a', hop)]) {
      assert.match(response.field('via') ?? '', /^1\.1 /)
      for (const name of ['x-hop', 'surrogate-key', 'cache-tag', 'xkey']) assert.equal(response.field(name), undefined)
    }
    const raw = scene.origin.requests[0]?.raw ?? ''
    assert.match(raw, /\r\nvia: 1\.1 /i)
    assert.doesNotMatch(raw, /x-mine|x-original-url|x-rewrite-url/i)
  })

  test("a stranger's X-Forwarded-For is replaced, a trusted proxy's extended", async () => {
    const given = ['X-Forwarded-For', '203.0.113.9']
    await using stranger = await startScene('', replyWith('hello'))
    await stranger.get('/a', given)
    assert.match(stranger.origin.requests[0]?.raw ?? '', /\r\nx-forwarded-for: 127\.0\.0\.1\r\n/i)

    await using trusted = await startScene('trustedProxies: [127.0.0.1/32]', replyWith('hello'))
    await trusted.get('/a', given)
    assert.match(trusted.origin.requests[0]?.raw ?? '', /\r\nx-forwarded-for: 203\.0\.113\.9, 127\.0\.0\.1\r\n/i)
  })

  test("a stranger's X-Real-IP is replaced, a trusted proxy's passes, and none is made", async () => {
    const given = ['X-Real-IP', '203.0.113.9']
    await using stranger = await startScene('', replyWith('hello'))
    await stranger.get('/a', given)
    await stranger.get('/b')
    assert.match(stranger.origin.requests[0]?.raw ?? '', /\r\nx-real-ip: 127\.0\.0\.1\r\n/i)
    assert.doesNotMatch(stranger.origin.requests[0]?.raw ?? '', /\r\nx-real-ip: 203/i)
    assert.doesNotMatch(stranger.origin.requests[1]?.raw ?? '', /x-real-ip/i)

    await using trusted = await startScene('trustedProxies: [127.0.0.1/32]', replyWith('hello'))
    await trusted.get('/a', given)
    assert.match(trusted.origin.requests[0]?.raw ?? '', /\r\nx-real-ip: 203\.0\.113\.9\r\n/i)
  })
})
