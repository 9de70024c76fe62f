// What else is answered from a stored GET response?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient } from '../clients/raw-client.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, startScene } from './start-pillion.ts'

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

  test('a range of what is not stored goes to the origin as it came, and its 206 is not stored', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      exchange.respond({ status: 206, fields: ['Content-Range', 'bytes 0-0/10'], body: '0' })
    })
    assert.equal((await scene.get('/a', ['Range', 'bytes=0-0'])).status, 206)
    assert.equal((await scene.get('/a', ['Range', 'bytes=0-0'])).status, 206)
    assert.equal(scene.origin.requests.length, 2)
    assert.match(scene.origin.requests[0]?.raw ?? '', /range: bytes=0-0/i)
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
