// Which fault does each way to fail become, and what did the handler hear before it?

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import type { FaultCode } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import type { ForwardRequest } from '../../src/upstream/upstream.ts'
import { type OriginHandler, startOrigin } from '../origin/origin.ts'
import { type Recorder, upstreamTo } from './setting-up.ts'

const LENGTH_10 = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'

async function play(
  handler: OriginHandler,
  changes: Partial<UpstreamSettings> = {},
  request: Partial<ForwardRequest> = {},
): Promise<Recorder> {
  const origin = await startOrigin(handler)
  const { upstream, get } = upstreamTo(origin.url, changes)
  const recorder = await get('/', request).ended()
  await upstream.close()
  await origin.close()
  return recorder
}

const after =
  (bytes: string, how: 'end' | 'reset'): OriginHandler =>
  async exchange => {
    exchange.write(bytes)
    // The reset must not overtake what was written: the peer's kernel would drop it.
    if (how === 'reset' && bytes !== '') await new Promise(resolve => setTimeout(resolve, 30))
    exchange[how]()
  }

describe('connections that close', () => {
  const CLOSES: readonly (readonly [string, string, FaultCode | undefined])[] = [
    ['before any byte', '', 'UPSTREAM_RESET'],
    ['within the head', 'HTTP/1.1 200 OK\r\nConte', 'UPSTREAM_RESET'],
    ['right after the head', LENGTH_10, 'UPSTREAM_BODY_INCOMPLETE'],
    ['within announced content', `${LENGTH_10}abc`, 'UPSTREAM_BODY_INCOMPLETE'],
    [
      'within announced content, close said',
      `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc`,
      'UPSTREAM_BODY_INCOMPLETE',
    ],
    ['within a chunk', `${CHUNKED}5\r\nab`, 'UPSTREAM_BODY_INCOMPLETE'],
    ['between chunks', `${CHUNKED}2\r\nab\r\n`, 'UPSTREAM_BODY_INCOMPLETE'],
    ['before the last line of chunked content', `${CHUNKED}2\r\nab\r\n0\r\n`, 'UPSTREAM_BODY_INCOMPLETE'],
    [
      'within a chunk, close said',
      `HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab`,
      'UPSTREAM_BODY_INCOMPLETE',
    ],
  ]
  for (const how of ['end', 'reset'] as const) {
    for (const [when, bytes, code] of CLOSES) {
      test(`${how} ${when} is ${code}`, async () => {
        const recorder = await play(after(bytes, how))
        assert.deepEqual([recorder.code, recorder.calls.includes('complete')], [code, false], String(recorder.fault))
        assert.equal(recorder.calls.includes('head'), code === 'UPSTREAM_BODY_INCOMPLETE')
      })
    }
  }

  test('a close in order is the end of content that only a close delimits', async () => {
    const recorder = await play(after(`${UNTIL_CLOSE}abc`, 'end'))
    assert.deepEqual([recorder.body, recorder.calls.at(-1)], ['abc', 'complete'])
  })

  test('a reset is not', async () => {
    const recorder = await play(after(`${UNTIL_CLOSE}abc`, 'reset'))
    assert.deepEqual([recorder.body, recorder.code], ['abc', 'UPSTREAM_BODY_INCOMPLETE'])
  })
})

describe('no connection', () => {
  test('nobody listens: UPSTREAM_REFUSED, on a unix socket too', async () => {
    const origin = await startOrigin(() => undefined)
    const { port } = origin
    await origin.close()
    const folder = await mkdtemp(join(tmpdir(), 'upstream-'))
    for (const url of [`http://127.0.0.1:${port}`, `http+unix://${folder}/none.sock`]) {
      const { upstream, get } = upstreamTo(url)
      const recorder = await get('/').ended()
      assert.deepEqual([recorder.code, recorder.calls], ['UPSTREAM_REFUSED', ['sent', 'fault']])
      await upstream.close()
    }
    await rm(folder, { recursive: true })
  })

  test('the name is unknown: UPSTREAM_DNS', async () => {
    const { upstream, get } = upstreamTo('http://pillion.invalid:80')
    assert.equal((await get('/').ended()).code, 'UPSTREAM_DNS')
    await upstream.close()
  })

  test('a handshake that never ends: UPSTREAM_CONNECT_TIMEOUT, and the attempt is given up', async () => {
    const origin = await startOrigin(() => undefined)
    const { upstream, get } = upstreamTo(`https://localhost:${origin.port}`, {
      connectTimeout: milliseconds(60),
      retries: 3,
    })
    const recorder = await get('/').ended()
    assert.equal(recorder.code, 'UPSTREAM_CONNECT_TIMEOUT')
    assert.equal(origin.connections, 1)
    await upstream.close()
    assert.deepEqual(upstream.state(), { ...upstream.state(), connected: 0, running: 0, pending: 0 })
    await origin.close()
  })

  test('plain HTTP where TLS is expected: UPSTREAM_TLS', async () => {
    const origin = await startOrigin(() => undefined)
    origin.handler = exchange => exchange.respond()
    const { upstream, get } = upstreamTo(`https://localhost:${origin.port}`)
    const pending = get('/')
    while (origin.open === 0) await new Promise(resolve => setImmediate(resolve))
    origin.cut()
    assert.equal((await pending.ended()).code, 'UPSTREAM_TLS')
    await upstream.close()
    await origin.close()
  })
})

describe('deadlines', () => {
  const short = { timeout: milliseconds(60), idleTimeout: milliseconds(60) }
  const hang =
    (bytes: string): OriginHandler =>
    async exchange => {
      exchange.write(bytes)
      await exchange.closed
    }
  const HANGS: readonly (readonly [string, string, FaultCode])[] = [
    ['before any byte', '', 'UPSTREAM_HEAD_TIMEOUT'],
    ['within the head', 'HTTP/1.1 200 OK\r\nConte', 'UPSTREAM_HEAD_TIMEOUT'],
    ['after an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'UPSTREAM_HEAD_TIMEOUT'],
    ['right after the head', LENGTH_10, 'UPSTREAM_BODY_TIMEOUT'],
    ['within announced content', `${LENGTH_10}abc`, 'UPSTREAM_BODY_TIMEOUT'],
    ['between chunks', `${CHUNKED}2\r\nab\r\n`, 'UPSTREAM_BODY_TIMEOUT'],
    ['before the close that would end it', `${UNTIL_CLOSE}abc`, 'UPSTREAM_BODY_TIMEOUT'],
  ]
  for (const [when, bytes, code] of HANGS) {
    test(`an origin that hangs ${when} is ${code} and loses its connection`, async () => {
      assert.equal((await play(hang(bytes), short)).code, code)
    })
  }

  test("a request's own timeout overrules the upstream's", async () => {
    assert.equal((await play(hang(''), {}, { timeout: milliseconds(40) })).code, 'UPSTREAM_HEAD_TIMEOUT')
  })

  test('a head that drips past the deadline is late, content that drips within it is not', async () => {
    const dripHead: OriginHandler = async exchange => {
      for (let sent = 0; sent < 40; sent += 1) {
        exchange.write(sent === 0 ? 'HTTP/1.1 200 OK\r\n' : `X-${sent}: 1\r\n`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    assert.equal((await play(dripHead, { timeout: milliseconds(100) })).code, 'UPSTREAM_HEAD_TIMEOUT')
    const dripContent: OriginHandler = async exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n')
      for (let sent = 0; sent < 20; sent += 1) {
        exchange.write('x')
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    const recorder = await play(dripContent, { timeout: milliseconds(100), idleTimeout: milliseconds(100) })
    assert.deepEqual([recorder.body.length, recorder.code], [20, undefined])
  })

  test('time that the reader paused does not count, time after it does', async () => {
    const origin = await startOrigin(hang(`${LENGTH_10}abc`))
    const { upstream, get } = upstreamTo(origin.url, short)
    const recorder = get('/')
    const paused = new Promise<void>(resolve => {
      recorder.takes = () => {
        resolve()
        return false
      }
    })
    await paused
    await new Promise(resolve => setTimeout(resolve, 150))
    assert.equal(recorder.fault, undefined)
    recorder.control.resume()
    assert.equal((await recorder.ended()).code, 'UPSTREAM_BODY_TIMEOUT')
    await upstream.close()
    await origin.close()
  })

  test('waiting for the content of a slow client is not held against the origin', async () => {
    const origin = await startOrigin(async exchange => exchange.respond({ body: (await exchange.body()).content }))
    const { upstream, get } = upstreamTo(origin.url, short)
    const body = new PassThrough()
    body.write('slow ')
    const recorder = get('/', { method: 'POST', body })
    await origin.received(1)
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.equal(recorder.fault, undefined)
    body.end('client')
    assert.equal((await recorder.ended()).body, 'slow client')
    await upstream.close()
    await origin.close()
  })

  test('an origin that stops taking the content is', async () => {
    const origin = await startOrigin(exchange => exchange.closed)
    const { upstream, get } = upstreamTo(origin.url, short)
    const body = new PassThrough({ highWaterMark: 32 << 20 })
    body.write(Buffer.alloc(16 << 20))
    assert.equal((await get('/', { method: 'POST', body }).ended()).code, 'UPSTREAM_HEAD_TIMEOUT')
    assert.equal(body.destroyed, false)
    await upstream.close()
    await origin.close()
  })
})

describe('requests that can not be sent', () => {
  const UNSENDABLE: readonly (readonly [string, Partial<ForwardRequest>])[] = [
    ['a line break in a value', { fields: ['Host', 'a', 'X-A', '1\r\nX-B: 2'] }],
    ['a name that is no token', { fields: ['Host', 'a', 'X A', '1'] }],
    ['a space in the target', { target: '/a b' }],
    ['two lengths', { fields: ['Host', 'a', 'Content-Length', '1', 'Content-Length', '2'], method: 'POST' }],
    [
      'a length that the content belies',
      { fields: ['Host', 'a', 'Content-Length', '9'], method: 'POST', body: Buffer.from('abc') },
    ],
  ]
  for (const [what, request] of UNSENDABLE) {
    test(`${what}: REQUEST_MALFORMED, and nothing reaches the origin`, async () => {
      const origin = await startOrigin(exchange => exchange.respond())
      const { upstream, get } = upstreamTo(origin.url)
      assert.equal((await get('/', request).ended()).code, 'REQUEST_MALFORMED')
      assert.equal(origin.requests.length, 0)
      assert.equal((await get('/').ended()).status, 200)
      await upstream.close()
      await origin.close()
    })
  }
})
