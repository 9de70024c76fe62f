// Is ever anything stored that is not the whole response?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, startScene } from './start-pillion.ts'

/** The first answer is written by `script`; all others are whole. */
function firstThen(script: (exchange: OriginExchange) => void): OriginHandler {
  return exchange => {
    if (exchange.request.number === 1) script(exchange)
    else exchange.respond({ body: 'whole' })
  }
}

const truncated: Record<string, (exchange: OriginExchange) => void> = {
  'closed before its announced length': exchange => {
    exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    exchange.end()
  },
  'reset in the middle': exchange => {
    exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nhalf')
    setImmediate(() => exchange.reset())
  },
  'chunked without its last chunk': exchange => {
    exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    exchange.end()
  },
  'with a chunk that is no chunk': exchange => {
    exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n')
  },
}

describe('only a complete body is stored (RFC 9111 §3.3, contract §3)', () => {
  for (const [name, script] of Object.entries(truncated)) {
    test(`a response ${name} is not, and no client takes it for whole`, async () => {
      await using scene = await startScene(ALL_FOR_A_MINUTE, firstThen(script))
      const client = await scene.connect()
      client.get('/a')
      const broken = await client.response().catch(() => undefined)
      assert.ok(broken === undefined || !broken.complete || broken.status === 502)

      assert.equal((await scene.get('/a')).body, 'whole')
      assert.equal(scene.origin.requests.length, 2)
    })
  }

  test('followers of a truncated response see it broken, too', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nhalf')
      await barrier.passed
      exchange.end()
    })
    const [leader, follower] = [await scene.connect(), await scene.connect()]
    leader.get('/a')
    await leader.head()
    follower.get('/a')
    await follower.head()
    barrier.open()
    assert.equal((await leader.toTheEnd()).length, 4)
    assert.equal((await follower.toTheEnd()).length, 4)
    assert.equal(scene.origin.requests.length, 1)
  })

  test('a response larger than maxBody streams through, whole and unstored', async () => {
    const text = `store: { maxBody: 100KiB }\n${ALL_FOR_A_MINUTE}`
    const body = Buffer.alloc(300 * 1024, 'x')
    await using scene = await startScene(text, exchange => exchange.respond({ body }))
    const first = await scene.get('/a')
    assert.ok(first.complete)
    assert.equal(first.content.length, body.length)
    assert.match(cacheStatusOf(await scene.get('/a')), /fwd=uri-miss/)
    assert.equal(scene.origin.requests.length, 2)
  })

  test('a chunked response is stored and has a length and a tag from the first hit on', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      exchange.chunk('hello ')
      exchange.chunk('world')
      exchange.chunk('')
    })
    assert.equal((await scene.get('/a')).body, 'hello world')
    const hit = await scene.get('/a')
    assert.equal(hit.body, 'hello world')
    assert.equal(hit.field('content-length'), '11')
    assert.ok(hit.field('etag') !== undefined)
  })

  test('an event stream is not held back', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('', async exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
      exchange.chunk('data: 1\n\n')
      await barrier.passed
      exchange.chunk('')
    })
    const client = await scene.connect()
    client.get('/events', ['Accept', 'text/event-stream'])
    assert.equal((await client.head()).status, 200)
    assert.match(String(await client.some()), /data: 1/)
    barrier.open()
  })
})
