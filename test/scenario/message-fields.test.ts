// Which fields of a message are this hop's own affair?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_FOR_A_MINUTE, cacheStatusOf, startScene } from './start-pillion.ts'

describe('Content-Length (RFC 9110 §8.6)', () => {
  test('an origin’s 204 goes on without the one it must not have, stored or not', async () => {
    const text = 'routes: { all: { match: /**, share: everyone, statuses: { 204: 1m } } }'
    await using scene = await startScene(text, exchange =>
      exchange.respond({ status: 204, reason: 'No Content', fields: ['Content-Length', '0'] }),
    )
    const client = await scene.connect()
    for (const [method, expected] of [
      ['GET', /stored/],
      ['GET', /hit/],
      ['DELETE', /fwd=method/],
    ] as const) {
      client.request(method, '/a')
      const response = await client.response()
      assert.deepEqual([response.status, response.field('content-length')], [204, undefined])
      assert.match(cacheStatusOf(response), expected)
    }
  })
})

describe('Via (RFC 9110 §7.6.3)', () => {
  test('the origin learns which version the client spoke', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => exchange.respond({ body: 'x' }))
    for (const version of ['1.0', '1.1']) {
      const client = await scene.connect()
      client.send(`GET /${version} HTTP/${version}\r\nHost: test.example\r\nVia: 1.1 edge\r\n\r\n`)
      assert.equal((await client.response()).status, 200)
    }
    const vias = scene.origin.requests.map(({ raw }) => /\r\nvia: (.*)\r\n/i.exec(raw)?.[1])
    assert.deepEqual(vias, ['1.1 edge, 1.0 pillion', '1.1 edge, 1.1 pillion'])
  })
})

describe('only-if-cached (RFC 9111 §5.2.1.7)', () => {
  test('the 504 says that nobody was asked', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => exchange.respond({ body: 'x' }))
    const refused = await scene.get('/a', ['Cache-Control', 'only-if-cached'])
    assert.deepEqual([refused.status, cacheStatusOf(refused)], [504, 'pillion; detail=only-if-cached'])
  })
})
