// Is a request sent again only when that can't do harm (contract: `retries`)?

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import type { ForwardRequest } from '../../src/upstream/upstream.ts'
import { type Origin, startOrigin } from '../origin/origin.ts'
import { type Recorder, upstreamTo } from './setting-up.ts'

interface Played {
  readonly origin: Origin
  readonly recorder: Recorder
}

/** One good exchange first, so that the connection is reused; `second` then treats request two, later ones are answered. */
async function reusing(
  second: 'close' | 'reset' | 'byte' | 'hang',
  request: Partial<ForwardRequest> = {},
  changes: Partial<UpstreamSettings> = {},
): Promise<Played> {
  const origin = await startOrigin(async exchange => {
    const { number } = exchange.request
    if (number !== 2) exchange.respond({ body: `answer ${number}` })
    else if (second === 'hang') await exchange.closed
    else if (second === 'reset') exchange.reset()
    else {
      if (second === 'byte') exchange.write('H')
      exchange.end()
    }
  })
  const { upstream, get } = upstreamTo(origin.url, { connections: 1, ...changes })
  await get('/first').ended()
  const recorder = await get('/second', request).ended()
  await upstream.close()
  await origin.close()
  return { origin, recorder }
}

describe('a reused connection that closes before any byte', () => {
  for (const how of ['close', 'reset'] as const) {
    test(`by ${how} is replaced, and the request sent once more`, async () => {
      const { origin, recorder } = await reusing(how)
      assert.deepEqual([recorder.body, recorder.calls], ['answer 3', ['sent', 'head', 'body', 'complete']])
      assert.deepEqual(
        origin.requests.map(request => [request.target, request.connection]),
        [
          ['/first', 1],
          ['/second', 1],
          ['/second', 2],
        ],
      )
    })
  }

  test('with one byte of an answer it is not sent again', async () => {
    const { origin, recorder } = await reusing('byte')
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_RESET', 2])
  })

  test('nor after a timeout', async () => {
    const { origin, recorder } = await reusing('hang', { timeout: milliseconds(50) })
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_HEAD_TIMEOUT', 2])
  })

  test('nor with `retries: 0`', async () => {
    const { origin, recorder } = await reusing('close', {}, { retries: 0 })
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_REUSED_CLOSED', 2])
  })

  test('a buffered PUT is repeated whole', async () => {
    const { origin, recorder } = await reusing('reset', { method: 'PUT', body: Buffer.from('abc') })
    assert.equal(recorder.body, 'answer 3')
    assert.match(origin.requests[2]?.raw ?? '', /content-length: 3/i)
  })

  test('a POST is not: it may have been carried out (RFC 9110 §9.2.2)', async () => {
    const { origin, recorder } = await reusing('close', { method: 'POST', body: Buffer.from('abc') })
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_REUSED_CLOSED', 2])
  })

  test('nor a PUT whose content streamed', async () => {
    const body = new PassThrough()
    body.end('abc')
    const { origin, recorder } = await reusing('close', { method: 'PUT', body })
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_REUSED_CLOSED', 2])
  })

  test('a fresh connection that closes is no reason to try again', async () => {
    const origin = await startOrigin(exchange => exchange.end())
    const { upstream, get } = upstreamTo(origin.url, { retries: 5 })
    const recorder = await get('/').ended()
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_RESET', 1])
    await upstream.close()
    await origin.close()
  })

  test('closing again and again ends after `retries`, the second attempt being on a fresh connection', async () => {
    const origin = await startOrigin(exchange => {
      if (exchange.request.number === 1) exchange.respond()
      else exchange.end()
    })
    const { upstream, get } = upstreamTo(origin.url, { connections: 1, retries: 5 })
    await get('/').ended()
    const recorder = await get('/').ended()
    assert.deepEqual([recorder.code, origin.requests.length], ['UPSTREAM_RESET', 3])
    await upstream.close()
    await origin.close()
  })
})

describe('a refused connection', () => {
  /** Nobody listens on the port, which was free a moment ago. */
  async function refusing(request: Partial<ForwardRequest>, retries: number) {
    const before = await startOrigin(() => undefined)
    const { url, port } = before
    await before.close()
    const subject = upstreamTo(url, { retries })
    return { subject, port, recorder: await subject.get('/', request).ended() }
  }

  test('is tried `retries` times more, then it is UPSTREAM_REFUSED; sent is told once', async () => {
    const { subject, recorder } = await refusing({}, 3)
    assert.deepEqual([recorder.code, recorder.calls], ['UPSTREAM_REFUSED', ['sent', 'fault']])
    assert.equal(subject.events.filter(event => event.kind === 'upstream').length, 1)
    await subject.upstream.close()
  })

  test('leaves a stream unread, so that it could be sent by another attempt', async () => {
    const body = new PassThrough()
    body.end('abc')
    const { subject, recorder } = await refusing({ method: 'POST', body }, 1)
    assert.deepEqual([recorder.code, body.readableLength], ['UPSTREAM_REFUSED', 3])
    await subject.upstream.close()
  })

  test('works again as soon as somebody listens', async () => {
    const { subject, port, recorder } = await refusing({}, 0)
    assert.equal(recorder.code, 'UPSTREAM_REFUSED')
    assert.equal(subject.upstream.state().reachable, false)
    const origin = await startOrigin(exchange => exchange.respond(), { port })
    assert.equal((await subject.get('/').ended()).status, 200)
    assert.equal(subject.upstream.state().reachable, true)
    await subject.upstream.close()
    await origin.close()
  })
})

describe('the breaker of an upstream', () => {
  test('opens after `failures` exchanges without an answer, refuses at once, and one probe closes it', async () => {
    let answering = false
    const origin = await startOrigin(exchange => {
      if (answering) exchange.respond({ status: 500 })
      else exchange.end()
    })
    const breaker = { failures: 3, open: milliseconds(80) }
    const { upstream, get, events } = upstreamTo(origin.url, { breaker, retries: 0 })
    for (let count = 0; count < 3; count += 1) {
      assert.equal(upstream.state().breaker, 'closed')
      assert.equal((await get('/').ended()).code, 'UPSTREAM_RESET')
    }
    const refused = await get('/').ended()
    assert.deepEqual(
      [refused.code, refused.calls, upstream.state().breaker],
      ['UPSTREAM_BREAKER_OPEN', ['fault'], 'open'],
    )
    assert.equal(origin.requests.length, 3)
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal((await get('/').ended()).code, 'UPSTREAM_RESET')
    assert.equal(upstream.state().breaker, 'open')
    await new Promise(resolve => setTimeout(resolve, 100))
    answering = true
    const probe = get('/')
    const beside = get('/')
    assert.equal((await beside.ended()).code, 'UPSTREAM_BREAKER_OPEN')
    assert.equal((await probe.ended()).status, 500)
    assert.equal(upstream.state().breaker, 'closed')
    assert.equal((await get('/').ended()).status, 500)
    const notices = events.flatMap(event => (event.kind === 'notice' ? [event.message.split(' ').at(-1)] : []))
    assert.deepEqual(notices, ['open', 'half-open', 'open', 'half-open', 'closed'])
    await upstream.close()
    await origin.close()
  })

  test('refuses those who were queued when it opened, and frees the queue', async () => {
    const origin = await startOrigin(exchange => exchange.closed)
    const breaker = { failures: 1, open: milliseconds(60_000) }
    const { upstream, get } = upstreamTo(origin.url, { breaker, connections: 1, timeout: milliseconds(50) })
    const all = [get('/'), get('/'), get('/')]
    const codes = await Promise.all(all.map(async recorder => (await recorder.ended()).code))
    assert.deepEqual(codes, ['UPSTREAM_HEAD_TIMEOUT', 'UPSTREAM_BREAKER_OPEN', 'UPSTREAM_BREAKER_OPEN'])
    assert.deepEqual([upstream.state().running, upstream.state().queued], [0, 0])
    await upstream.close()
    await origin.close()
  })
})
