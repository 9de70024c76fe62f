// The hit path between a client and node's server: what it answers, what it leaves alone,
// and that nobody can make it answer out of turn. The stand-in rulings answer every path
// that begins with /hit; node answers everything else with `node PATH`.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { bytes, milliseconds } from '../../src/base/units.ts'
import type { QuickAnswer } from '../../src/cache/quick-answer.ts'
import { QuickHead } from '../../src/cache/quick-head.ts'
import { FieldNames } from '../../src/routing/field-names.ts'
import type { Identification } from '../../src/routing/identity.ts'
import type { Route } from '../../src/routing/route.ts'
import { HitPath } from '../../src/server/hit-path.ts'
import { Relay } from '../../src/server/relay.ts'
import { RawClient } from '../clients/raw-client.ts'

const LIMITS = {
  head: bytes(32_768),
  uri: bytes(8192),
  headTimeout: milliseconds(10_000),
  idle: milliseconds(75_000),
  send: milliseconds(60_000),
}

interface Scene extends AsyncDisposable {
  readonly path: HitPath
  /** Targets that node was asked for. */
  readonly asked: string[]
  readonly reported: string[]
  /** Answers to /wait. */
  release(): void
  connect(): Promise<RawClient>
}

function answerTo(path: string, body: Buffer): QuickAnswer {
  const fields = ['X-By', 'hit', 'X-Path', path, 'Content-Length', String(body.length)]
  const [at, still] = [{ age: milliseconds(0), remaining: milliseconds(0) }, false] as const
  const head = new QuickHead('HTTP/1.1 200 OK\r\n', { status: 200, fields }, at, still)
  const route = { name: 'all' } as Route
  return { route, status: 200, head, body, encoding: 'identity', saved: milliseconds(0), compressionSaved: 0 }
}

async function startScene({ body = 'hit', limits = LIMITS } = {}): Promise<Scene> {
  const asked: string[] = []
  const reported: string[] = []
  const waiting: ServerResponse[] = []
  const clients: RawClient[] = []
  const server: Server = createServer((message: IncomingMessage, response) => {
    const { socket, url = '' } = message
    asked.push(url)
    response.on('close', () => {
      if (socket instanceof Relay) socket.answered()
    })
    message.resume()
    message.on('end', () => {
      if (url === '/wait') waiting.push(response)
      else response.end(`node ${url} ${JSON.stringify(message.headers['x-trap'] ?? '')}`)
    })
  })
  const content = Buffer.from(body)
  const path = new HitPath(
    server,
    { limits, hitPath: 'on' },
    {
      clock: systemClock,
      rulings: {
        answer: request => (request.path.startsWith('/hit') ? answerTo(request.path, content) : undefined),
        identification: { telling: new FieldNames(['authorization', 'cookie']) } as Identification,
      },
      locate: () => true,
      report: hit => reported.push(hit.request.path),
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    path,
    asked,
    reported,
    release: () => waiting.shift()?.end('waited'),
    connect: async () => {
      const client = await RawClient.connect({ port })
      client.socket.on('error', () => undefined)
      clients.push(client)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close()
      server.close()
      server.closeAllConnections()
      path.closeAllConnections()
    },
  }
}

const GET = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

/** A turn in which what was sent has certainly arrived: a request on the same connection is answered. */
async function bodyOf(client: RawClient): Promise<string> {
  return (await client.response()).body
}

describe('answering hits before the parser', () => {
  test('hits and misses take turns on one connection, each answered by who should', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    for (const [target, expected] of [
      ['/hit/1', 'hit'],
      ['/miss/1', 'node /miss/1 ""'],
      ['/hit/2', 'hit'],
      ['/miss/2', 'node /miss/2 ""'],
      ['/hit/3', 'hit'],
    ] as const) {
      client.send(GET(target))
      assert.equal(await bodyOf(client), expected)
    }
    assert.deepEqual(scene.asked, ['/miss/1', '/miss/2'])
    assert.deepEqual(scene.reported, ['/hit/1', '/hit/2', '/hit/3'])
  })

  test('a connection whose requests never fit is given to node for good, and still served', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    for (let count = 0; count < 100; count += 1) {
      client.send(GET(`/miss/${count}`))
      assert.equal(await bodyOf(client), `node /miss/${count} ""`)
    }
    client.send(GET('/hit/1'))
    assert.equal(await bodyOf(client), 'node /hit/1 ""')
  })

  test('content of a known length passes, and a hit may follow it', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345')
    client.send('67890')
    assert.equal(await bodyOf(client), 'node /form ""')
    client.send(GET('/hit/1'))
    assert.equal(await bodyOf(client), 'hit')
  })

  test('a client that ends its side after a hit gets the answer and the end', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send(GET('/hit/1'))
    client.halfClose()
    assert.equal(await bodyOf(client), 'hit')
    assert.equal(await client.closed, 'end')
  })

  test('HTTP/1.0 and Connection: close are left to node', async () => {
    await using scene = await startScene()
    for (const head of ['GET /hit/1 HTTP/1.0\r\nHost: a\r\n\r\n', GET('/hit/1', 'Connection: close\r\n')]) {
      const client = await scene.connect()
      client.send(head)
      assert.match(await client.toTheEnd(), /node \/hit\/1/)
    }
  })
})

describe('order and framing', () => {
  test('a hit behind an unanswered request waits for its turn, whether in one piece or in two', async () => {
    await using scene = await startScene()
    for (const pieces of [[GET('/wait') + GET('/hit/1')], [GET('/wait'), GET('/hit/1')]]) {
      const client = await scene.connect()
      const before = scene.asked.length
      for (const piece of pieces) client.send(piece)
      while (scene.asked.length === before) await new Promise(setImmediate)
      scene.release()
      assert.equal(await bodyOf(client), 'waited')
      assert.equal(await bodyOf(client), 'node /hit/1 ""')
    }
    assert.deepEqual(scene.reported, [])
  })

  test('hits in one piece are answered all, in order', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send(GET('/hit/1') + GET('/hit/2') + GET('/miss'))
    assert.equal(await bodyOf(client), 'node /hit/1 ""')
    assert.equal(await bodyOf(client), 'node /hit/2 ""')
    assert.equal(await bodyOf(client), 'node /miss ""')
  })

  test('a head that comes byte by byte is answered once, by node', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    for (const byte of GET('/hit/1')) {
      client.socket.write(byte)
      await new Promise(setImmediate)
    }
    assert.equal(await bodyOf(client), 'node /hit/1 ""')
  })

  test('content that looks like a request is content', async () => {
    await using scene = await startScene()
    const inner = GET('/hit/smuggled')
    const client = await scene.connect()
    client.send(`POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n`)
    while (scene.asked.length === 0) await new Promise(setImmediate)
    client.socket.write(inner)
    assert.equal(await bodyOf(client), 'node /form ""')
    const chunked = await scene.connect()
    chunked.send('POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    while (scene.asked.length === 1) await new Promise(setImmediate)
    chunked.socket.write(`${inner.length.toString(16)}\r\n`)
    await new Promise(setImmediate)
    chunked.socket.write(inner)
    await new Promise(setImmediate)
    chunked.socket.write('\r\n0\r\n\r\n')
    assert.equal(await bodyOf(chunked), 'node /form ""')
    assert.deepEqual(scene.reported, [])
  })

  test('a head begun behind other content is never taken up in its middle', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokGET /real HTTP/1.1\r\nX-Trap: ')
    assert.equal(await bodyOf(client), 'node /form ""')
    client.socket.write('GET /hit/trap HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(await bodyOf(client), 'node /real "GET /hit/trap HTTP/1.1"')
    assert.deepEqual(scene.reported, [])
  })

  test('after a malformed request the connection ends as node ends it', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send(GET('/hit/1'))
    assert.equal(await bodyOf(client), 'hit')
    client.send('GET /hit/2 HTTP/1.1\r\nHost : a\r\n\r\n')
    assert.match(await client.toTheEnd(), /^HTTP\/1.1 400/)
  })
})

describe('limits', () => {
  test('a client that sends nothing is told so after headTimeout', async () => {
    await using scene = await startScene({ limits: { ...LIMITS, headTimeout: milliseconds(30) } })
    const client = await scene.connect()
    assert.match(await client.toTheEnd(), /^HTTP\/1.1 408/)
  })

  test('a connection is closed when it is idle after a hit', async () => {
    await using scene = await startScene({ limits: { ...LIMITS, idle: milliseconds(30) } })
    const client = await scene.connect()
    client.send(GET('/hit/1'))
    assert.equal(await bodyOf(client), 'hit')
    assert.equal(await client.closed, 'end')
  })

  test('a client that does not read is not read from, and ends after `send`', async () => {
    const large = 'x'.repeat(16_000_000)
    await using scene = await startScene({ body: large, limits: { ...LIMITS, send: milliseconds(50) } })
    const client = await scene.connect()
    client.socket.pause()
    client.send(GET('/hit/1'))
    while (scene.reported.length === 0) await new Promise(setImmediate)
    assert.deepEqual(scene.reported, ['/hit/1'])
  })

  test('a client that reads slowly gets all of it, and then the next hit', async () => {
    const large = 'x'.repeat(16_000_000)
    await using scene = await startScene({ body: large })
    const client = await scene.connect()
    client.send(GET('/hit/1'))
    assert.equal((await bodyOf(client)).length, large.length)
    client.send(GET('/hit/2'))
    assert.equal((await bodyOf(client)).length, large.length)
    assert.deepEqual(scene.reported, ['/hit/1', '/hit/2'])
  })

  test('while draining node answers, so that it can say which answer is the last', async () => {
    await using scene = await startScene()
    const client = await scene.connect()
    client.send(GET('/hit/1'))
    assert.equal(await bodyOf(client), 'hit')
    scene.path.draining = true
    client.send(GET('/hit/2'))
    assert.equal(await bodyOf(client), 'node /hit/2 ""')
  })
})
