// Does everything move when it can, and does nothing move when nobody wants it?

import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { Barrier, until } from '../origin/barrier.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import { metric } from './metrics-of.ts'
import { ALL_FOR_A_MINUTE, type Scene, startScene } from './start-pillion.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const MIB = 1024 * 1024

/** Writes until the other side takes no more (a turn of the event loop without room), at most `most` octets; how many that were. */
async function writeUntilFull(write: (piece: Buffer) => boolean, most: number): Promise<number> {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  for (let full = 0; full < 200 && written < most; ) {
    if (write(piece)) full = 0
    else full += 1
    written += piece.length
    if (full > 0) await new Promise(resolve => setTimeout(resolve, 1))
    if (full > 0) written -= piece.length
  }
  return written
}

describe('streaming (contract §3)', () => {
  test('the first octet of a download leaves when it arrives, stored or not, coded or not', async () => {
    for (const text of ['', ALL_FOR_A_MINUTE]) {
      const barrier = new Barrier()
      await using scene = await startScene(text, async exchange => {
        exchange.write(CHUNKED)
        exchange.chunk('first')
        await barrier.passed
        exchange.chunk('')
      })
      const client = await scene.connect()
      client.get('/a')
      assert.equal((await client.head()).status, 200)
      assert.match(String(await client.some()), /first/)
      barrier.open()
      assert.match(await untilEnd(client), /0\r\n\r\n$/)
    }
  })

  test('the first octet of an upload reaches the origin when it arrives', async () => {
    const first = new Barrier()
    await using scene = await startScene('', async exchange => {
      assert.match(String(await exchange.nextOfBody()), /early/)
      first.open()
      exchange.respond({ body: 'thanks' })
      exchange.end()
    })
    const client = await scene.connect()
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n')
    await first.passed
    client.send('0\r\n\r\n')
    assert.equal((await client.response()).body, 'thanks')
  })

  test('a client that does not read holds the origin up, once what may wait for it is full', async () => {
    let written = 0
    const done = new Barrier()
    await using scene = await startScene('store: { maxBody: 1MiB }', async exchange => {
      exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${256 * MIB}\r\n\r\n`)
      written = await writeUntilFull(piece => writeIfRoom(exchange, piece), 256 * MIB)
      done.open()
      exchange.reset()
    })
    const client = await scene.connect()
    client.socket.pause()
    client.get('/a')
    await done.passed
    assert.ok(written > MIB && written < 64 * MIB, `the origin could write ${written} octets`)
  })

  test('an origin that does not read holds the client up', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('', async exchange => {
      await barrier.passed
      exchange.reset()
    })
    const client = await scene.connect()
    client.send(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${256 * MIB}\r\n\r\nx`)
    await scene.origin.received(1)
    const written = await writeUntilFull(piece => writeIfRoom(client, piece), 256 * MIB)
    assert.ok(written < 64 * MIB, `the client could write ${written} octets`)
    barrier.open()
  })
})

describe('interim responses (RFC 9110 §15.2)', () => {
  test('100 (Continue) comes when the content is wanted, and never for a request that is refused', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('', async exchange => {
      const { content } = await exchange.body()
      exchange.respond({ body: content })
    })
    const client = await scene.connect()
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n', 'POST')
    assert.equal((await client.head()).status, 100)
    client.send('hello')
    assert.equal((await client.response()).body, 'hello')
    assert.doesNotMatch(scene.origin.requests[0]?.raw ?? '', /expect/i)

    const refused = await scene.connect()
    refused.send('POST /../ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n', 'POST')
    const answer = await refused.response()
    assert.deepEqual([answer.status, answer.interim], [400, []])
    barrier.open()
  })

  test('102 and 103 pass as they come, before the answer is known, to HTTP/1.1 alone', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      exchange.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
      await barrier.passed
      exchange.respond({ body: 'final' })
    })
    const client = await scene.connect()
    client.get('/a')
    assert.equal((await client.head()).status, 102)
    const hints = await client.head()
    assert.deepEqual([hints.status, hints.field('link')], [103, '</a.css>; rel=preload'])
    barrier.open()
    assert.equal((await client.response()).body, 'final')
    const old = await scene.connect()
    old.send('GET /old HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.deepEqual((await old.response()).interim, [])
  })

  test('HEAD passes without content, whatever length is announced', async () => {
    await using scene = await startScene('', exchange => exchange.respond({ fields: ['Content-Length', '12345'] }))
    const client = await scene.connect()
    for (const _ of [1, 2]) {
      client.request('HEAD', '/a')
      const head = await client.response()
      assert.deepEqual([head.status, head.field('content-length'), head.body], [200, '12345', ''])
    }
  })
})

describe('event streams', () => {
  const events = (barrier: Barrier) => async (exchange: OriginExchange) => {
    if (exchange.request.target !== '/events') return exchange.respond({ body: 'plain' })
    exchange.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
    exchange.chunk('data: 1\n\n')
    await barrier.passed
    exchange.chunk('')
  }

  for (const [how, fields] of [
    ['that say so', ['Accept', 'text/event-stream']],
    ['that turn out to be', []],
  ] as const) {
    test(`${how} take none of the ordinary connections, and no more than \`streams\``, async () => {
      const barrier = new Barrier()
      await using scene = await startScene('upstream: { connections: 1, queue: 0, streams: 2 }', events(barrier))
      const open = [await scene.connect(), await scene.connect()]
      for (const client of open) {
        client.get('/events', fields)
        assert.equal((await client.head()).status, 200)
        assert.match(String(await client.some()), /data: 1/)
      }
      assert.equal((await scene.get('/plain')).body, 'plain')
      assert.equal((await scene.get('/events', fields)).status, 503)
      barrier.open()
    })
  }
})

describe('a client that goes away', () => {
  test('before the head, in a download or in an upload takes its forward request with it', async () => {
    await using scene = await startScene('store: { maxBody: 1MiB }', async exchange => {
      if (exchange.request.target === '/download') exchange.write(`${CHUNKED}1\r\nx\r\n`)
      await exchange.closed
    })
    for (const target of ['/wait', '/download', '/upload']) {
      const client = await scene.connect()
      const asked = scene.origin.requests.length
      if (target === '/upload') client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx')
      else client.get(target)
      await scene.origin.received(asked + 1)
      if (target === '/download') await client.head()
      client.abort()
      await until(() => scene.origin.open === 0, `the end of ${target}`)
    }
    assert.equal(await metric(scene, 'pillion_upstream_connections{state="running"}'), 0)
  })

  test('takes nothing from those who wait for the same', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      await barrier.passed
      exchange.respond({ body: 'for all' })
    })
    const leader = await scene.connect()
    leader.get('/a')
    await scene.origin.received(1)
    const follower = scene.get('/a')
    await scene.get('/../')
    leader.abort()
    await scene.get('/../')
    barrier.open()
    assert.equal((await follower).body, 'for all')
    assert.equal(scene.origin.requests.length, 1)
  })

  test('leaves what is nearly stored to be stored', async () => {
    const barrier = new Barrier()
    const size = 200_000
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      exchange.write(Buffer.alloc(size - 10, 'x'))
      await barrier.passed
      exchange.write('y'.repeat(10))
    })
    const client = await scene.connect()
    client.get('/a')
    await client.head()
    await client.exactly(size - 10)
    client.abort()
    await scene.get('/../')
    barrier.open()
    const hit = await whole(scene, size)
    assert.ok(hit.endsWith('xy'.padEnd(11, 'y')))
    assert.equal(scene.origin.requests.length, 1)
  })
})

async function whole(scene: Scene, size: number): Promise<string> {
  const { body } = await scene.get('/a')
  assert.equal(body.length, size)
  return body
}

/** Writes where that needs no waiting. */
function writeIfRoom({ socket }: { readonly socket: Socket }, piece: Buffer): boolean {
  if (socket.writableNeedDrain || socket.destroyed) return false
  socket.write(piece)
  return true
}

async function untilEnd(client: { some(): Promise<Buffer | undefined> }): Promise<string> {
  let all = ''
  while (!all.endsWith('0\r\n\r\n')) all += String(await client.some())
  return all
}
