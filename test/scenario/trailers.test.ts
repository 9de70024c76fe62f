// What stands behind the content, and who gets it?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient } from '../clients/raw-client.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, type Scene, startScene } from './start-pillion.ts'

function chunkedWith(trailers: readonly string[], fields = ''): OriginHandler {
  return exchange => {
    exchange.write(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n`)
    exchange.write(`${trailers.map(line => `${line}\r\n`).join('')}\r\n`)
  }
}

/** The answer to this head, raw: a head's fields, and what the chunked coding held. */
async function asked(scene: Scene, bytes: string) {
  const client = await RawClient.connect({ port: scene.port })
  client.send(bytes)
  return client.response().finally(() => client.close())
}

describe('trailers of a response (RFC 9110 §6.5)', () => {
  const trailers = ['Digest: sha-256=abc', 'grpc-status: 0']

  test('pass to the client, announced as the origin announced them', async () => {
    await using scene = await startScene('', chunkedWith(trailers, 'Trailer: Digest, grpc-status\r\n'))
    const response = await scene.get('/a', ['TE', 'trailers', 'Connection', 'TE'])
    assert.deepEqual(response.trailers, ['Digest', 'sha-256=abc', 'grpc-status', '0'])
    assert.equal(response.field('trailer'), 'Digest, grpc-status')
    assert.deepEqual([response.body, response.complete], ['abc', true])
  })

  test('pass unannounced, and behind content that is compressed on the way', async () => {
    await using scene = await startScene('', chunkedWith(trailers, 'Content-Type: text/plain\r\n'))
    const response = await scene.get('/a', ['Accept-Encoding', 'gzip'])
    assert.deepEqual(response.trailers, ['Digest', 'sha-256=abc', 'grpc-status', '0'])
  })

  test('that frame, route, authenticate or control caching are dropped', async () => {
    const harmful = [
      'Transfer-Encoding: chunked',
      'Set-Cookie: a=b',
      'Cache-Control: public',
      'Authorization: x',
      'Surrogate-Key: a',
      'Pillion-Purpose: verify',
      'Vary: *',
      'Connection: X-Sum',
      'X-Sum: 1',
    ]
    await using scene = await startScene('', chunkedWith([...harmful, 'Good: 1'], 'Trailer: Set-Cookie, Good\r\n'))
    const response = await scene.get('/a')
    assert.deepEqual(response.trailers, ['Good', '1'])
    assert.equal(response.field('trailer'), 'Good')
  })

  test('are not sent where there is no place for them: HTTP/1.0, HEAD, and a hit, which has a length', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, chunkedWith(trailers, 'Trailer: Digest\r\n'))
    const old = await asked(scene, 'GET /old HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.deepEqual([old.body, old.field('trailer')], ['abc', undefined])
    await scene.get('/a')
    const hit = await scene.get('/a')
    assert.deepEqual([hit.body, hit.field('trailer'), hit.trailers], ['abc', undefined, []])
    scene.origin.handler = exchange => exchange.respond({ fields: ['Trailer', 'Digest'] })
    const head = await scene.request(['HEAD', '/head'])
    assert.deepEqual([head.status, head.field('trailer')], [200, undefined])
    const announced = await scene.get('/with-a-length')
    assert.deepEqual([announced.status, announced.field('trailer')], [200, undefined])
  })
})

describe('fields of the hop in what streams through (RFC 9110 §7.6.1)', () => {
  const hop = 'Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\n'

  test('end here, in an uncacheable answer and in an interim one, and the client stays connected', async () => {
    await using scene = await startScene('', exchange => {
      exchange.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n${hop}\r\n`)
      exchange.write(
        `HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n${hop}Connection: close\r\nContent-Length: 2\r\n\r\nok`,
      )
      exchange.end()
    })
    const client = await scene.connect()
    for (const _ of [1, 2]) {
      client.get('/a')
      const response = await client.response()
      assert.equal(response.body, 'ok')
      assert.equal(response.interim[0]?.field('link'), '</a>')
      for (const head of [response, ...response.interim]) {
        assert.equal(head.field('x-hop'), undefined)
        assert.equal(head.field('proxy-authenticate'), undefined)
        assert.notEqual(head.field('keep-alive'), 'timeout=9')
        assert.doesNotMatch(head.field('connection') ?? '', /close|x-hop/i)
      }
    }
  })
})
