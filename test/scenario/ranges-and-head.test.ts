// What else is answered from a stored GET response?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient } from '../clients/raw-client.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, type Scene, startScene } from './start-pillion.ts'

const start = () =>
  startScene(ALL_FOR_A_MINUTE, exchange => exchange.respond({ fields: ['ETag', '"v1"'], body: '0123456789' }))

describe('ranges (RFC 9110 §14)', () => {
  test('a range of a stored response is answered here', async () => {
    await using scene = await start()
    await scene.get('/a')
    const part = await scene.get('/a', ['Range', 'bytes=2-4'])
    const tail = await scene.get('/a', ['Range', 'bytes=-2'])
    assert.deepEqual([part.status, part.body, part.field('content-range')], [206, '234', 'bytes 2-4/10'])
    assert.deepEqual([tail.status, tail.body], [206, '89'])
    assert.equal(scene.origin.requests.length, 1)
  })

  test('one that can’t be satisfied is a 416 that says how long it is', async () => {
    await using scene = await start()
    await scene.get('/a')
    const refused = await scene.get('/a', ['Range', 'bytes=10-'])
    assert.deepEqual([refused.status, refused.field('content-range')], [416, 'bytes */10'])
  })

  test('If-Range with another tag brings the whole response', async () => {
    await using scene = await start()
    await scene.get('/a')
    assert.equal((await scene.get('/a', ['Range', 'bytes=0-0', 'If-Range', '"v1"'])).status, 206)
    const whole = await scene.get('/a', ['Range', 'bytes=0-0', 'If-Range', '"v0"'])
    assert.deepEqual([whole.status, whole.body], [200, '0123456789'])
  })

  test('a range of what is not stored goes to the origin as it came; a 206 without strong validator is not stored', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      exchange.respond({ status: 206, fields: ['Content-Range', 'bytes 0-0/10'], body: '0' })
    })
    assert.equal((await scene.get('/a', ['Range', 'bytes=0-0'])).status, 206)
    assert.equal((await scene.get('/a', ['Range', 'bytes=0-0'])).status, 206)
    assert.equal(scene.origin.requests.length, 2)
    assert.match(scene.origin.requests[0]?.raw ?? '', /range: bytes=0-0/i)
  })
})

/** Serves ranges of `content` under `tag`, by what the request asks; whole where it asks for none. */
const rangeOrigin =
  (content: { now: string; tag: string }, fields: readonly string[] = ['Cache-Control', 'max-age=60']): OriginHandler =>
  exchange => {
    const asked = /\r\nrange: bytes=(\d+)-(\d+)\r\n/i.exec(exchange.request.raw)
    const all = [...fields, 'ETag', content.tag]
    if (asked === null) return exchange.respond({ fields: all, body: content.now })
    const [first, last] = [Number(asked[1]), Number(asked[2])]
    const span = ['Content-Range', `bytes ${first}-${last}/${content.now.length}`]
    exchange.respond({ status: 206, fields: [...all, ...span], body: content.now.slice(first, last + 1) })
  }

describe('parts (RFC 9111 §3.3, §3.4)', () => {
  const range = (scene: Scene, span: string, fields: readonly string[] = []) =>
    scene.get('/a', ['Range', `bytes=${span}`, ...fields])

  test('what a stored part holds is answered from it, and what reaches beyond it is partial', async () => {
    await using scene = await startScene('', rangeOrigin({ now: '0123456789', tag: '"v1"' }))
    assert.match(cacheStatusOf(await range(scene, '2-5')), /^pillion; fwd=uri-miss; stored$/)
    const inside = await range(scene, '3-4')
    assert.deepEqual([inside.status, inside.body, inside.field('content-range')], [206, '34', 'bytes 3-4/10'])
    assert.match(cacheStatusOf(inside), /^pillion; hit; ttl=/)
    assert.match(cacheStatusOf(await range(scene, '8-9')), /^pillion; fwd=partial; stored$/)
    assert.equal(scene.origin.requests.length, 2)
  })

  test('parts that meet are joined, and all of them together are the whole', async () => {
    await using scene = await startScene('', rangeOrigin({ now: '0123456789', tag: '"v1"' }))
    for (const span of ['0-3', '4-6']) await range(scene, span)
    assert.equal((await range(scene, '2-5')).body, '2345')
    await range(scene, '7-9')
    const whole = await scene.get('/a')
    assert.deepEqual([whole.status, whole.body, scene.origin.requests.length], [200, '0123456789', 3])
    assert.match(cacheStatusOf(whole), /hit/)
    assert.equal(whole.field('content-range'), undefined)
  })

  test('parts of two versions are never joined, the newer one stays', async () => {
    const content = { now: '0123456789', tag: '"v1"' }
    await using scene = await startScene('', rangeOrigin(content))
    await range(scene, '0-4')
    Object.assign(content, { now: 'abcdefghij', tag: '"v2"' })
    await range(scene, '5-9')
    assert.equal((await range(scene, '6-7')).body, 'gh')
    assert.equal((await range(scene, '0-4')).body, 'abcde')
    assert.equal(scene.origin.requests.length, 3)
    assert.equal((await scene.get('/a')).body, 'abcdefghij')
  })

  test('a weak tag, no freshness, no-store, or a Content-Range that disagrees make no part', async () => {
    const content = { now: '0123456789', tag: '"v1"' }
    const handlers: OriginHandler[] = [
      rangeOrigin({ ...content, tag: 'W/"v1"' }),
      rangeOrigin(content, []),
      rangeOrigin(content, ['Cache-Control', 'no-store, max-age=60']),
      exchange => {
        const fields = ['Cache-Control', 'max-age=60', 'ETag', '"v1"', 'Content-Range', 'bytes 4-9/10']
        exchange.respond({ status: 206, fields, body: '01234' })
      },
    ]
    for (const handler of handlers) {
      await using scene = await startScene('', handler)
      await range(scene, '4-9')
      await range(scene, '4-9')
      assert.equal(scene.origin.requests.length, 2)
    }
  })

  test('only-if-cached is answered from a part that holds all, and refused beyond it', async () => {
    await using scene = await startScene('', rangeOrigin({ now: '0123456789', tag: '"v1"' }))
    const cached = ['Cache-Control', 'only-if-cached']
    assert.equal((await range(scene, '2-5', cached)).status, 504)
    await range(scene, '2-5')
    const inside = await range(scene, '3-4', cached)
    assert.deepEqual([inside.status, inside.body], [206, '34'])
    assert.match(cacheStatusOf(inside), /^pillion; hit; ttl=/)
    assert.equal((await range(scene, '8-9', cached)).status, 504)
    assert.equal((await scene.get('/a', cached)).status, 504)
    assert.equal(scene.origin.requests.length, 1)
  })

  test('If-Range and conditions are held against the part', async () => {
    await using scene = await startScene('', rangeOrigin({ now: '0123456789', tag: '"v1"' }))
    await range(scene, '0-4')
    assert.equal((await range(scene, '1-2', ['If-Range', '"v1"'])).status, 206)
    assert.equal((await range(scene, '1-2', ['If-None-Match', '"v1"'])).status, 304)
    assert.equal(scene.origin.requests.length, 1)
    await range(scene, '1-2', ['If-Range', '"v0"'])
    assert.equal(scene.origin.requests.length, 2)
  })

  test('no caller’s part is another’s, and a write invalidates it', async () => {
    await using scene = await startScene('', rangeOrigin({ now: '0123456789', tag: '"v1"' }))
    await range(scene, '0-4', ['Authorization', 'Bearer a'])
    assert.match(cacheStatusOf(await range(scene, '0-4')), /uri-miss/)
    await scene.request(['POST', '/a'], [], 'x')
    assert.match(cacheStatusOf(await range(scene, '0-4')), /uri-miss/)
  })

  test('an origin that answers a Range with all of it fills with that', async () => {
    await using scene = await startScene('', exchange =>
      exchange.respond({ fields: ['Cache-Control', 'max-age=60'], body: '0123456789' }),
    )
    assert.equal((await range(scene, '0-1')).status, 200)
    assert.deepEqual([(await range(scene, '0-1')).body, scene.origin.requests.length], ['01', 1])
  })

  test('a part that breaks off is none', async () => {
    await using scene = await startScene('', exchange => {
      const span = 'ETag: "v1"\r\nContent-Range: bytes 0-4/10\r\nContent-Length: 5'
      exchange.write(`HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\n${span}\r\n\r\n012`)
      exchange.end()
    })
    for (const _ of [1, 2]) assert.equal((await range(scene, '0-4')).complete, false)
    assert.equal(scene.origin.requests.length, 2)
  })
})

describe('HEAD (RFC 9110 §9.3.2)', () => {
  test('it is answered from a stored GET response, without content', async () => {
    await using scene = await start()
    await scene.get('/a')
    const client = await RawClient.connect({ port: scene.port })
    client.request('HEAD', '/a')
    const head = await client.response()
    assert.match(cacheStatusOf(head), /hit/)
    assert.deepEqual([head.status, head.field('content-length'), head.body], [200, '10', ''])
    client.get('/a')
    assert.equal((await client.response()).body, '0123456789')
    client.close()
    assert.equal(scene.origin.requests.length, 1)
  })

  test('by itself it stores nothing', async () => {
    await using scene = await start()
    assert.equal((await scene.request(['HEAD', '/a'])).field('content-length'), '10')
    assert.match(cacheStatusOf(await scene.get('/a')), /uri-miss/)
    assert.deepEqual(
      scene.origin.requests.map(({ method }) => method),
      ['HEAD', 'GET'],
    )
  })
})
