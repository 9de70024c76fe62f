// Which tag does a client get, and what does its condition cost the origin?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_FOR_A_MINUTE, cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

describe('entity tags (RFC 9110 §8.8.3, §13)', () => {
  test('a response without a tag gets a strong one at once, and a 304 for it costs the origin nothing', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))

    const miss = await scene.get('/a')
    const tag = miss.field('etag') ?? ''
    const conditional = await scene.get('/a', ['If-None-Match', tag])

    assert.match(tag, /^"[^"]+"$/)
    assert.equal((await scene.get('/a')).field('etag'), tag)
    assert.equal(conditional.status, 304)
    assert.equal(conditional.body, '')
    assert.equal(conditional.field('etag'), tag)
    assert.equal(scene.origin.requests.length, 1)
  })

  test("the origin's own tag is kept", async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello', ['ETag', 'W/"v1"']))
    assert.equal((await scene.get('/a')).field('etag'), 'W/"v1"')
    assert.equal((await scene.get('/a')).field('etag'), 'W/"v1"')
    assert.equal((await scene.get('/a', ['If-None-Match', '"v1"'])).status, 304)
  })

  test('a tag that no longer holds brings the whole response', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
    await scene.get('/a')
    const other = await scene.get('/a', ['If-None-Match', '"other"'])
    assert.deepEqual([other.status, other.body], [200, 'hello 1'])
  })

  test("a client's condition does not reach the origin in a request that may be stored", async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
    const miss = await scene.get('/a', ['If-None-Match', '"old"', 'If-Modified-Since', new Date(0).toUTCString()])
    assert.equal(miss.status, 200)
    assert.doesNotMatch(scene.origin.requests[0]?.raw ?? '', /if-none-match|if-modified-since/i)
  })
})

describe('validation at the origin (RFC 9111 §4.3)', () => {
  const STALE = ['Cache-Control', 'max-age=10', 'Age', '11', 'ETag', '"v1"']

  test("a stale response is validated by the origin's tag and freshened by its 304", async () => {
    await using scene = await startScene('', exchange => {
      if (exchange.request.number === 1) exchange.respond({ fields: STALE, body: 'hello' })
      else exchange.respond({ status: 304, fields: ['ETag', '"v1"', 'Cache-Control', 'max-age=100'] })
    })
    await scene.get('/a')
    const validated = await scene.get('/a')
    const hit = await scene.get('/a')

    assert.match(scene.origin.requests[1]?.raw ?? '', /\r\nif-none-match: "v1"\r\n/i)
    assert.match(cacheStatusOf(validated), /^pillion; fwd=stale; fwd-status=304/)
    assert.deepEqual([validated.status, validated.body], [200, 'hello'])
    assert.match(cacheStatusOf(hit), /^pillion; hit; ttl=(100|99)$/)
    assert.equal(scene.origin.requests.length, 2)
  })

  test('a cookie in the 304 is that of the client that caused it, and of nobody after', async () => {
    await using scene = await startScene('', exchange => {
      if (exchange.request.number === 1) exchange.respond({ fields: STALE, body: 'hello' })
      else {
        const fields = ['ETag', '"v1"', 'Cache-Control', 'max-age=100, private="x-a"', 'X-A', '1', 'Set-Cookie', 'a=b']
        exchange.respond({ status: 304, fields })
      }
    })
    await scene.get('/a')
    const validated = await scene.get('/a')
    const hit = await scene.get('/a')
    assert.deepEqual([validated.field('set-cookie'), validated.field('x-a')], ['a=b', '1'])
    assert.match(cacheStatusOf(hit), /hit/)
    assert.deepEqual([hit.field('set-cookie'), hit.field('x-a')], [undefined, undefined])
  })

  test('a 200 in its place replaces what was stored', async () => {
    await using scene = await startScene('', exchange => {
      const fields = exchange.request.number === 1 ? STALE : ['Cache-Control', 'max-age=100', 'ETag', '"v2"']
      exchange.respond({ fields, body: `hello ${exchange.request.number}` })
    })
    await scene.get('/a')
    assert.equal((await scene.get('/a')).body, 'hello 2')
    const hit = await scene.get('/a')
    assert.deepEqual([hit.body, hit.field('etag')], ['hello 2', '"v2"'])
    assert.equal(scene.origin.requests.length, 2)
  })

  test('a tag that Pillion made is never sent to the origin', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
    const tag = (await scene.get('/a')).field('etag') ?? ''
    await scene.admin('/api/purge', { all: true, soft: true })
    const fresh = await scene.get('/a', ['If-None-Match', tag])
    assert.doesNotMatch(scene.origin.requests[1]?.raw ?? '', /if-none-match/i)
    assert.deepEqual([fresh.status, fresh.body], [200, 'hello 2'])
  })
})

describe('writes conditional on a tag that Pillion made (contract §3)', () => {
  /** GETs answer with `content.now`, without a tag; writes change it. */
  const startCounting = async (fields: readonly string[] = []) => {
    const content = { now: 'one', writes: 0 }
    const scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      if (exchange.request.method === 'PUT') content.writes += 1
      exchange.respond({ fields, body: content.now })
    })
    return { scene, content }
  }
  const put = (scene: Awaited<ReturnType<typeof startScene>>, tag: string) =>
    scene.request(['PUT', '/a'], ['If-Match', tag], 'new')

  test('the tag of what is stored lets the write go on, without the condition', async () => {
    const { scene, content } = await startCounting()
    await using _ = scene
    const tag = (await scene.get('/a')).field('etag') ?? ''
    assert.equal((await put(scene, `"other", ${tag.slice(0, -1)}.pillion-br"`)).status, 200)
    assert.equal(content.writes, 1)
    assert.doesNotMatch(scene.origin.requests.at(-1)?.raw ?? '', /if-match/i)
  })

  test('one that is not current is a 412, and the write never leaves', async () => {
    const { scene, content } = await startCounting()
    await using _ = scene
    const tag = (await scene.get('/a')).field('etag') ?? ''
    content.now = 'two'
    await scene.admin('/api/purge', { all: true })
    const refused = await put(scene, tag)
    assert.deepEqual([refused.status, content.writes], [412, 0])
    assert.notEqual((await scene.get('/a')).field('etag'), tag)
  })

  test('where nothing fresh is stored the origin is asked what is current, as the same caller', async () => {
    const { scene, content } = await startCounting()
    await using _ = scene
    const tag = (await scene.get('/a')).field('etag') ?? ''
    await scene.admin('/api/purge', { all: true })
    assert.equal((await put(scene, tag)).status, 200)
    assert.deepEqual(
      scene.origin.requests.map(({ method }) => method),
      ['GET', 'GET', 'PUT'],
    )
    assert.equal(content.writes, 1)
  })

  test('where the origin then has a tag of its own, ours is not current', async () => {
    const { scene, content } = await startCounting(['ETag', '"own"'])
    await using _ = scene
    assert.equal((await put(scene, '"pillion-3-abc"')).status, 412)
    assert.equal((await put(scene, '"own"')).status, 200)
    assert.equal(content.writes, 1)
    assert.match(scene.origin.requests.at(-1)?.raw ?? '', /if-match: "own"/i)
  })

  test('an origin that does not answer fails the write', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => exchange.reset())
    assert.equal((await put(scene, '"pillion-3-abc"')).status, 502)
  })
})
