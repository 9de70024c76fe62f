// Do WebSockets pass, and nothing that only looks like one?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acceptFor } from '../../src/upstream/websocket-handshake.ts'
import { RawClient, rawGet } from '../clients/raw-client.ts'
import { Barrier, until } from '../origin/barrier.ts'
import { type OriginHandler, startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { ALL_FOR_A_MINUTE, type Scene, startPillion, startScene } from './start-pillion.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ASK = `Host: test.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n`
const OPENING = `GET /chat HTTP/1.1\r\n${ASK}\r\n`
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(KEY)}\r\nSec-WebSocket-Protocol: v1\r\n\r\n`

/** Grants every upgrade and answers every piece in capitals; anything else is answered with its number. */
const shouting: OriginHandler = async exchange => {
  const { fields, number } = exchange.request
  if (wireField(fields, 'upgrade') === undefined) return exchange.respond({ body: `plain ${number}` })
  exchange.write(SWITCH)
  const reader = exchange.detach()
  for (let piece = await reader.some(); piece !== undefined; piece = await reader.some()) {
    exchange.write(piece.toString().toUpperCase())
  }
  exchange.end()
}

/** The lines of /metrics that hold all of `words`. */
async function metric(scene: Scene, ...words: string[]): Promise<string[]> {
  const port = Number(scene.app.admin.slice(scene.app.admin.lastIndexOf(':') + 1))
  const { body } = await rawGet({ port }, '/metrics', ['Host', 'localhost'])
  return body.split('\n').filter(line => !line.startsWith('#') && words.every(word => line.includes(word)))
}

describe('WebSocket upgrades (contract §3, RFC 6455)', () => {
  test('octets flow both ways, with the fields of any forwarded request, and one request is counted', async () => {
    await using scene = await startScene('routes: { chat: { match: GET /chat } }', shouting)
    const client = await scene.connect()
    client.send(`${OPENING}early`)
    const head = await client.response()
    assert.deepEqual([head.status, head.field('sec-websocket-protocol'), head.field('via')], [101, 'v1', '1.1 pillion'])
    assert.equal((await client.exactly(5)).toString(), 'EARLY')
    client.send('more')
    assert.equal((await client.exactly(4)).toString(), 'MORE')
    const { raw } = await scene.origin.received(1)
    assert.match(raw, /\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/i)
    assert.match(raw, /\r\nVia: 1\.1 pillion\r\n/i)
    assert.deepEqual(await metric(scene, 'upstream_connections', 'running'), [
      'pillion_upstream_connections{state="running"} 1',
    ])
    client.halfClose()
    assert.equal(await client.closed, 'end')
    const counted = ['pillion_requests_total{', 'chat']
    await until(() => scene.origin.open === 0)
    await untilSome(() => metric(scene, ...counted))
    const [line, ...more] = await metric(scene, ...counted)
    assert.match(line ?? '', /outcome="bypass".*status="1xx".* 1$/)
    assert.deepEqual(more, [])
  })

  test('on a connection that has served a request before', async () => {
    await using scene = await startScene(`limits: { idle: 100ms }\n${ALL_FOR_A_MINUTE}`, shouting)
    const client = await scene.connect()
    client.get('/a')
    assert.equal((await client.response()).body, 'plain 1')
    client.send(OPENING)
    assert.equal((await client.response()).status, 101)
    // limits.idle ends with the 101: by the time it has closed a younger connection, it would have closed this one.
    const idle = await scene.connect()
    idle.get('/a')
    await idle.response()
    await idle.closed
    client.send('late')
    assert.equal((await client.exactly(4)).toString(), 'LATE')
  })

  test('one behind an unanswered request is a plain request, answered in its turn', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('', async exchange => {
      if (exchange.request.number === 1) await barrier.passed
      return shouting(exchange)
    })
    const client = await scene.connect()
    client.get('/a')
    client.send(OPENING)
    await scene.origin.received(2)
    assert.equal(wireField((await scene.origin.received(2)).fields, 'upgrade'), undefined)
    barrier.open()
    assert.deepEqual([(await client.response()).body, (await client.response()).body], ['plain 1', 'plain 2'])
  })

  const ignored: Record<string, string> = {
    h2c: 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n',
    'another protocol': 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n',
    'two protocols': OPENING.replace('Upgrade: websocket', 'Upgrade: websocket, h2c'),
    'a POST': OPENING.replace('GET', 'POST').replace('Host:', 'Content-Length: 0\r\nHost:'),
    'HTTP/1.0': OPENING.replace('HTTP/1.1', 'HTTP/1.0'),
    'a key that is none': OPENING.replace(KEY, 'short'),
    'no key': OPENING.replace(/Sec-WebSocket-Key: .*\r\n/, ''),
    'Upgrade that Connection does not name': OPENING.replace('Connection: Upgrade\r\n', ''),
    'a GET with content': OPENING.replace('Host:', 'Content-Length: 0\r\nHost:'),
  }
  for (const [what, bytes] of Object.entries(ignored)) {
    test(`${what} is handled as a request without Upgrade`, async () => {
      await using scene = await startScene('', shouting)
      const client = await scene.connect()
      client.send(bytes)
      assert.equal((await client.response()).body, 'plain 1')
      assert.doesNotMatch((await scene.origin.received(1)).raw, /\r\n(upgrade|http2-settings|connection: upgrade)/i)
    })
  }

  test('any other answer of the origin is passed on, the last of the connection', async () => {
    await using scene = await startScene('', exchange => {
      exchange.respond({ status: 426, fields: ['X-Kind', 'refusal', 'Upgrade', 'websocket'], body: 'no' })
    })
    const client = await scene.connect()
    client.send(`${OPENING}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
    const refused = await client.response()
    assert.deepEqual([refused.status, refused.body, refused.field('x-kind')], [426, 'no', 'refusal'])
    assert.deepEqual(
      [refused.field('connection'), refused.field('cache-status')],
      ['close', 'pillion; fwd=bypass; detail=upgrade'],
    )
    assert.equal(await client.closed, 'end')
    assert.deepEqual(
      scene.origin.requests.map(({ target }) => target),
      ['/chat'],
    )
  })

  test('half an answer is cut off, not ended', async () => {
    await using scene = await startScene('', exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
      exchange.end()
    })
    const client = await scene.connect()
    client.send(OPENING)
    const half = await client.response().catch(() => undefined)
    assert.ok(half === undefined || !half.complete)
  })

  test('an origin that is not there is a 502 written by Pillion, an open breaker a 503', async () => {
    const origin = await startOrigin(shouting)
    const { url } = origin
    await origin.close()
    const app = await startPillion(url, { text: 'upstream: { breaker: { failures: 1, open: 1h } }' })
    const port = Number(app.listen.split(':')[1])
    try {
      for (const [status, error] of [
        [502, 'connection_refused'],
        [503, 'destination_unavailable'],
      ] as const) {
        const client = await RawClient.connect({ port })
        client.send(OPENING)
        const answer = await client.response()
        assert.equal(answer.status, status)
        assert.equal(answer.field('content-type'), 'application/problem+json')
        assert.equal(answer.field('proxy-status'), `pillion; error=${error}`)
        assert.equal(await client.closed, 'end')
      }
    } finally {
      await app.close()
    }
  })

  test('the rules of the edge hold: paths, Host, Connection options', async () => {
    await using scene = await startScene('', shouting)
    for (const bytes of [
      OPENING.replace('/chat', '/a/..%2fb'),
      OPENING.replace('Host:', 'Host: b\r\nHost:'),
      OPENING.replace('Connection: Upgrade', 'Connection: Upgrade, Authorization'),
    ]) {
      const client = await scene.connect()
      client.send(bytes)
      assert.equal((await client.response()).status, 400)
      assert.equal(await client.closed, 'end')
    }
    assert.equal(scene.origin.requests.length, 0)
  })

  test('a drain closes them, and cuts nothing short', async () => {
    const origin = await startOrigin(shouting)
    const app = await startPillion(origin.url, {})
    const client = await RawClient.connect({ port: Number(app.listen.split(':')[1]) })
    client.send(OPENING)
    assert.equal((await client.response()).status, 101)
    assert.equal(await app.close(), true)
    assert.equal(await client.closed, 'end')
    client.close()
    await origin.close()
  })

  test('a client that resets at any moment leaves nothing behind', async () => {
    await using scene = await startScene('', shouting)
    for (const sent of [OPENING, `${OPENING}x`, OPENING.replace('/chat', '/../')]) {
      const client = await scene.connect()
      client.send(sent)
      client.abort()
    }
    const late = await scene.connect()
    late.send(OPENING)
    await late.response()
    late.abort()
    await until(() => scene.origin.open === 0, 'the end of all upstream connections')
    assert.equal((await scene.get('/a')).status, 200)
  })
})

async function untilSome(look: () => Promise<string[]>): Promise<void> {
  while ((await look()).length === 0);
}
