// Do octets flow between client and upstream only after a 101 that answers the key?

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { Fault } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import type { Fields } from '../../src/http/fields.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import type { UpgradeHandler, UpgradeRequest } from '../../src/upstream/upstream.ts'
import { acceptFor, answersKey, websocketKey } from '../../src/upstream/websocket-handshake.ts'
import { RawClient } from '../clients/raw-client.ts'
import { Barrier, until } from '../origin/barrier.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import { type Origin, type OriginHandler, startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { type Subject, upstreamTo } from './setting-up.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const UPGRADE = `Host: app.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\n`
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(KEY)}\r\n`

/** What a server does with an upgrade, cut down to what the tunnel needs of it. */
class Front implements UpgradeHandler {
  readonly told: string[] = []
  fault: Fault | undefined
  readonly closed = new Barrier()
  readonly #client: Socket

  constructor(client: Socket) {
    this.#client = client
  }

  onSwitch(fields: Fields): Fields {
    this.told.push('switch')
    return [...fields, 'Via', '1.1 pillion']
  }

  onResponse(status: number, fields: Fields, content: Readable): void {
    this.told.push(`response ${status}`)
    this.#client.write(
      `HTTP/1.1 ${status} Other\r\nX-Kind: ${wireField(fields, 'x-kind')}\r\nConnection: close\r\n\r\n`,
    )
    content.pipe(this.#client)
  }

  onFault(fault: Fault): void {
    this.told.push('fault')
    this.fault = fault
    this.#client.write(`HTTP/1.1 ${fault.kind.status} Fault\r\nContent-Length: 0\r\n\r\n`)
  }

  onClose(): void {
    this.told.push('close')
    this.closed.open()
  }
}

interface Stage extends Subject {
  readonly origin: Origin
  readonly client: RawClient
  readonly front: () => Front
}

async function stage(
  handler: OriginHandler,
  play: (on: Stage) => Promise<void>,
  changes: Partial<UpstreamSettings> = {},
) {
  const origin = await startOrigin(handler)
  const subject = upstreamTo(origin.url, changes)
  let front: Front | undefined
  const server = createServer().on('upgrade', (message: IncomingMessage, client: Socket, head: Buffer) => {
    front = new Front(client)
    const request: UpgradeRequest = {
      target: message.url ?? '',
      fields: message.rawHeaders,
      key: KEY,
      route: 'ws',
      client,
      head,
    }
    subject.upstream.upgrade(request, front)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = await RawClient.connect({ port: (server.address() as AddressInfo).port })
  try {
    await play({ ...subject, origin, client, front: () => front as Front })
  } finally {
    client.close()
    origin.hangUp()
    await subject.upstream.close()
    server.close()
    server.closeAllConnections()
    await origin.close()
  }
}

/** Grants the upgrade and answers every piece in capitals. */
const shouting: OriginHandler = async exchange => {
  exchange.write(`${SWITCH}X-Two: a\r\nX-Two: b\r\n\r\nwelcome`)
  const reader = exchange.detach()
  for (let piece = await reader.some(); piece !== undefined; piece = await reader.some()) {
    exchange.write(piece.toString().toUpperCase())
  }
  exchange.end()
}

describe('WebSocket upgrades', () => {
  test('octets flow both ways after the 101, early ones of both sides included', async () => {
    await stage(shouting, async ({ client, origin, upstream, front, events }) => {
      client.send(`GET /a{b}/%7e^?x=1?y HTTP/1.1\r\n${UPGRADE}Cookie: a=1\r\nX-A: 1\r\nX-A: 2\r\n\r\nearly`)
      const head = await client.response()
      assert.deepEqual([head.status, head.field('upgrade'), head.field('via')], [101, 'websocket', '1.1 pillion'])
      assert.deepEqual(head.all('x-two'), ['a', 'b'])
      assert.equal((await client.exactly(12)).toString(), 'welcomeEARLY')
      client.send('more')
      assert.equal((await client.exactly(4)).toString(), 'MORE')
      const sent = await origin.received(1)
      assert.equal(sent.startLine, 'GET /a{b}/%7e^?x=1?y HTTP/1.1')
      assert.deepEqual([wireField(sent.fields, 'host'), wireField(sent.fields, 'cookie')], ['app.example', 'a=1'])
      assert.match(sent.raw, /X-A: 1\r\nX-A: 2\r\n/)
      assert.deepEqual([upstream.state().running, upstream.state().utilization], [1, 0])
      client.halfClose()
      assert.equal(await client.closed, 'end')
      await front().closed.passed
      assert.deepEqual(front().told, ['switch', 'close'])
      assert.equal(upstream.state().running, 0)
      assert.deepEqual(
        events.map(event => event.kind === 'upstream' && event.status),
        [101],
      )
    })
  })

  test('nothing of what the client sends early reaches an origin that does not agree', async () => {
    const seen: string[] = []
    const refusing = async (exchange: OriginExchange): Promise<void> => {
      exchange.respond({ status: 403, fields: ['X-Kind', 'refusal', 'Content-Length', '2'], body: 'no' })
      const piece = await exchange.detach().some()
      if (piece !== undefined) seen.push(piece.toString())
    }
    await stage(refusing, async ({ client, front, upstream }) => {
      client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
      const response = await client.response()
      assert.deepEqual([response.status, response.field('x-kind'), response.body], [403, 'refusal', 'no'])
      assert.deepEqual(front().told, ['response 403'])
      await until(() => upstream.state().running === 0, 'the end of the exchange')
    })
    assert.deepEqual(seen, [])
  })

  const MISMATCHES: readonly (readonly [string, string])[] = [
    [
      'a 101 with another key',
      `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(`x${KEY}`)}\r\n\r\n`,
    ],
    ['a 101 without a key', 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
    ['a 101 to another protocol', SWITCH.replace('WebSocket', 'h2c').concat('\r\n')],
    ['a 101 to no protocol', 'HTTP/1.1 101 X\r\n\r\n'],
    ['an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\n'],
    ['garbage', 'nonsense\r\n\r\n'],
  ]
  for (const [what, bytes] of MISMATCHES) {
    const code = what.includes('coding') ? 'UPSTREAM_TRANSFER_ENCODING' : 'UPSTREAM_MALFORMED'
    test(`${what} for an answer is ${code}, and the client gets the answer written for it`, async () => {
      const insisting: OriginHandler = exchange => {
        exchange.detach()
        exchange.write(`${bytes}leak`)
      }
      await stage(insisting, async ({ client, front }) => {
        client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\n`)
        assert.equal(await client.toTheEnd(), 'HTTP/1.1 502 Fault\r\nContent-Length: 0\r\n\r\n')
        assert.deepEqual([front().fault?.code, front().told], [code, ['fault']])
      })
    })
  }

  test('an origin that closes, hangs or is not there is the fault that it is anywhere', async () => {
    const cases: readonly (readonly [OriginHandler | 'closed', string])[] = [
      [exchange => exchange.end(), 'UPSTREAM_RESET'],
      [exchange => exchange.closed, 'UPSTREAM_HEAD_TIMEOUT'],
      ['closed', 'UPSTREAM_REFUSED'],
    ]
    for (const [handler, code] of cases) {
      const act = async ({ client, front, origin }: Stage): Promise<void> => {
        if (handler === 'closed') await origin.close()
        client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\n`)
        assert.match(await client.toTheEnd(), /^HTTP\/1\.1 50[24] Fault/)
        assert.equal(front().fault?.code, code)
      }
      const plays = handler === 'closed' ? () => undefined : handler
      await stage(plays, act, { timeout: milliseconds(60) })
    }
  })

  test('the breaker and closing refuse upgrades too', async () => {
    const breaker = { failures: 1, open: milliseconds(60_000) }
    await stage(
      exchange => exchange.end(),
      async ({ client, front, get, origin }) => {
        await get('/').ended()
        client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\n`)
        assert.match(await client.toTheEnd(), /^HTTP\/1\.1 503 Fault/)
        assert.equal(front().fault?.code, 'UPSTREAM_BREAKER_OPEN')
        assert.equal(origin.requests.length, 1)
      },
      { breaker, retries: 0 },
    )
  })

  test('a client that goes away before the 101 takes the attempt with it, after it the tunnel', async () => {
    const waiting = new Barrier()
    await stage(
      exchange => exchange.closed.then(() => waiting.open()),
      async ({ client, origin, front }) => {
        client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\n`)
        await origin.received(1)
        client.abort()
        await waiting.passed
        assert.equal(front().fault?.code, 'CLIENT_GONE')
      },
    )
    await stage(shouting, async ({ client, origin, front }) => {
      client.send(`GET / HTTP/1.1\r\n${UPGRADE}\r\n`)
      assert.equal((await client.response()).status, 101)
      client.abort()
      await front().closed.passed
      await until(() => origin.open === 0, 'the close of the upstream connection')
    })
  })
})

describe('WebSocket handshakes (RFC 6455 §4)', () => {
  const asked = (changes: Record<string, string | undefined> = {}): Fields => {
    const fields = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': KEY, ...changes }
    return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  }

  test('a valid request has a key, in any case of the names', () => {
    assert.equal(websocketKey('GET', asked()), KEY)
    assert.equal(websocketKey('GET', asked({ Upgrade: 'WebSocket', Connection: 'x, UPGRADE' })), KEY)
  })

  test('any other method, upgrade, connection or key has none', () => {
    const invalid: readonly Fields[] = [
      asked({ Upgrade: 'h2c' }),
      asked({ Upgrade: 'websocket, h2c' }),
      asked({ Upgrade: undefined }),
      asked({ Connection: 'close' }),
      asked({ Connection: undefined }),
      asked({ 'Sec-WebSocket-Key': undefined }),
      asked({ 'Sec-WebSocket-Key': 'c2hvcnQ=' }),
      asked({ 'Sec-WebSocket-Key': `${KEY}=` }),
      [...asked(), 'sec-websocket-key', KEY],
    ]
    for (const fields of invalid) assert.equal(websocketKey('GET', fields), undefined, fields.join(' '))
    assert.equal(websocketKey('POST', asked()), undefined)
  })

  test("the example of the RFC: its key's answer matches, once", () => {
    const answer = [
      'Upgrade',
      'websocket',
      'Connection',
      'Upgrade',
      'Sec-WebSocket-Accept',
      's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ]
    assert.equal(answersKey(answer, KEY), true)
    assert.equal(answersKey([...answer, 'Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='], KEY), false)
  })
})
