// After a write or a purge, can anybody still be given what was there before?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, startScene } from './start-pillion.ts'

const TAGGED = `
routes:
  list: { match: GET /items, ttl: 1m, share: everyone, tags: [items] }
  one: { match: "GET /items/{id}", ttl: 1m, share: everyone, tags: ["item:{id}"] }
  writes: { match: "POST|DELETE /items/{id}", purge: [items, "item:{id}"] }
`

/** Answers with how many writes came before; `write` says how a write ends. */
function counting(write: OriginHandler = exchange => exchange.respond({ status: 204 })): OriginHandler {
  let writes = 0
  return exchange => {
    if (exchange.request.method === 'GET') return exchange.respond({ body: `${writes} writes` })
    writes += 1
    return write(exchange)
  }
}

describe('purges by writes (contract §2 `purge`)', () => {
  test('the writer reads its own write, and what other tags name stays', async () => {
    await using scene = await startScene(TAGGED, counting())
    await scene.get('/items')
    await scene.get('/items/1')
    await scene.get('/items/2')

    assert.equal((await scene.request(['POST', '/items/1'], [], 'x')).status, 204)

    assert.equal((await scene.get('/items')).body, '1 writes')
    assert.equal((await scene.get('/items/1')).body, '1 writes')
    assert.equal((await scene.get('/items/2')).body, '0 writes')
  })

  test('it is purged before the writer has its answer', async () => {
    const rest = new Barrier()
    await using scene = await startScene(
      TAGGED,
      counting(async exchange => {
        exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
        await rest.passed
        exchange.write('ok')
      }),
    )
    await scene.get('/items')
    const writer = await scene.connect()
    writer.request('POST', '/items/1', [], 'x')
    assert.equal((await writer.head()).status, 200)
    assert.equal((await scene.get('/items')).body, '1 writes')
    rest.open()
  })

  test('a write that failed purges nothing', async () => {
    await using scene = await startScene(
      TAGGED,
      counting(exchange => exchange.respond({ status: 409 })),
    )
    await scene.get('/items')
    await scene.request(['POST', '/items/1'], [], 'x')
    assert.equal((await scene.get('/items')).body, '0 writes')
  })

  test('a write whose outcome nobody knows purges: reset, 502 and 504', async () => {
    const ends: OriginHandler[] = [
      exchange => exchange.reset(),
      exchange => exchange.respond({ status: 502 }),
      exchange => exchange.respond({ status: 504 }),
    ]
    for (const end of ends) {
      await using scene = await startScene(
        TAGGED,
        counting(exchange => end(exchange)),
      )
      await scene.get('/items')
      assert.ok((await scene.request(['POST', '/items/1'], [], 'x')).status >= 502)
      assert.equal((await scene.get('/items')).body, '1 writes')
    }
  })

  test('a writer that leaves after sending purges too', async () => {
    await using scene = await startScene(
      TAGGED,
      counting(exchange => exchange.closed),
    )
    await scene.get('/items')
    const writer = await scene.connect()
    writer.request('POST', '/items/1', [], 'x')
    await scene.origin.received(2)
    writer.abort()
    await scene.getUntil('/items', '1 writes')
  })
})

describe('unsafe methods (RFC 9111 §4.4)', () => {
  test('a successful one invalidates its target, and what Location names on the same origin', async () => {
    await using scene = await startScene(
      'routes: { all: { match: GET /**, ttl: 1m, share: everyone } }',
      counting(exchange => exchange.respond({ status: 201, fields: ['Location', '/b'] })),
    )
    for (const path of ['/a', '/b', '/c']) await scene.get(path)
    await scene.request(['POST', '/a'], [], 'x')
    assert.equal((await scene.get('/a')).body, '1 writes')
    assert.equal((await scene.get('/b')).body, '1 writes')
    assert.equal((await scene.get('/c')).body, '0 writes')
  })

  test('one that failed invalidates nothing', async () => {
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      counting(exchange => exchange.respond({ status: 500 })),
    )
    await scene.get('/a')
    await scene.request(['PUT', '/a'], [], 'x')
    assert.equal((await scene.get('/a')).body, '0 writes')
  })

  test('a GET that a field turns into something else counts as unsafe', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      exchange.respond({ body: `${exchange.request.number}` })
    })
    await scene.get('/a')
    const overridden = await scene.get('/a', ['X-HTTP-Method-Override', 'DELETE'])
    assert.equal(cacheStatusOf(overridden), 'pillion; fwd=bypass; detail=method-override')
    assert.equal((await scene.get('/a')).body, '3')
  })

  test('Cache-Group-Invalidation of a safe method is ignored, of an unsafe one heeded (RFC 9875)', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      const { method, target, number } = exchange.request
      const grouped = target === '/a' ? ['Cache-Groups', '"g"'] : ['Cache-Group-Invalidation', '"g"']
      exchange.respond({ fields: grouped, body: `${method} ${number}` })
    })
    await scene.get('/a')
    await scene.get('/other')
    assert.equal((await scene.get('/a')).body, 'GET 1')
    await scene.request(['POST', '/other'], [], 'x')
    assert.equal((await scene.get('/a')).body, 'GET 4')
  })
})

describe('fills in flight during a purge (contract §3, invariant 4)', () => {
  test('what was asked for before the purge is never stored under what was purged', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      if (exchange.request.number === 1) await barrier.passed
      exchange.respond({ body: `${exchange.request.number}` })
    })
    const before = scene.get('/a')
    await scene.origin.received(1)
    await scene.admin('/api/purge', { url: 'http://test.example/a' })
    barrier.open()

    const filled = await before
    assert.equal(filled.body, '1')
    assert.match(cacheStatusOf(filled), /detail=purged/)
    assert.equal((await scene.get('/a')).body, '2')
    assert.equal((await scene.get('/a')).body, '2')
  })

  test('a tag that only the response names is fenced too', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      if (exchange.request.number === 1) await barrier.passed
      exchange.respond({ fields: ['Surrogate-Key', 'red blue'], body: `${exchange.request.number}` })
    })
    const before = scene.get('/a')
    await scene.origin.received(1)
    await scene.admin('/api/purge', { tag: 'blue' })
    barrier.open()
    assert.equal((await before).field('surrogate-key'), undefined)
    assert.equal((await scene.get('/a')).body, '2')
  })

  test('a request begun after the purge joins no flight begun before it', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      if (exchange.request.number === 1) await barrier.passed
      exchange.respond({ body: `${exchange.request.number}` })
    })
    const before = scene.get('/a')
    await scene.origin.received(1)
    await scene.admin('/api/purge', { all: true })

    assert.equal((await scene.get('/a')).body, '2')
    barrier.open()
    assert.equal((await before).body, '1')
    assert.equal((await scene.get('/a')).body, '2')
  })

  test('a request begun after the purge of a tag that only the response names is not given the older one', async () => {
    const [first, second] = [new Barrier(), new Barrier()]
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      await (exchange.request.number === 1 ? first : second).passed
      exchange.respond({ fields: ['Cache-Tag', 'red'], body: `${exchange.request.number}` })
    })
    const before = scene.get('/a')
    await scene.origin.received(1)
    await scene.admin('/api/purge', { tag: 'red' })
    const after = scene.get('/a')
    assert.equal((await scene.get('/../')).status, 400)
    first.open()
    await scene.origin.received(2)
    second.open()
    assert.deepEqual([(await before).body, (await after).body], ['1', '2'])
  })
})
