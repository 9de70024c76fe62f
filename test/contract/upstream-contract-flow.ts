// What must every upstream do while octets flow: uploads, back-pressure, giving up?
//
// The part of the contract that is about streams; upstream-contract.ts runs it.

import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Barrier } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import type { SceneMaker } from './upstream-scene.ts'

export function uploads(scene: SceneMaker): void {
  const echo: OriginHandler = async exchange => exchange.respond({ body: (await exchange.body()).content })

  test(
    'content goes out whole from a buffer, with its length',
    scene(echo, {}, async ({ origin, send }) => {
      const recorder = await send('/', { method: 'POST', body: Buffer.from('hello') }).ended()
      assert.equal(recorder.body, 'hello')
      assert.match((await origin.received(1)).raw, /content-length: 5\r\n/i)
    }),
  )

  test(
    'a stream keeps an announced length and is chunked otherwise',
    scene(echo, {}, async ({ origin, send }) => {
      const announced = ['Host', 'a', 'Content-Length', '6']
      const body = () => Readable.from([Buffer.from('abc'), Buffer.from('def')])
      assert.equal((await send('/', { method: 'POST', fields: announced, body: body() }).ended()).body, 'abcdef')
      assert.equal((await send('/', { method: 'POST', fields: ['Host', 'a'], body: body() }).ended()).body, 'abcdef')
      const [first, second] = origin.requests
      assert.deepEqual(first?.framing, { kind: 'length', length: 6 })
      assert.equal(wireField(second?.fields ?? [], 'content-length'), undefined)
      assert.equal(second?.framing.kind, 'chunked')
    }),
  )

  test(
    'an answer before the upload has ended is delivered, and the client stream is left alone',
    scene(
      exchange => exchange.respond({ status: 413, reason: 'Too Large', body: 'enough' }),
      {},
      async ({ origin, send }) => {
        const body = new PassThrough()
        body.write('first')
        const recorder = await send('/', { method: 'POST', fields: ['Host', 'a'], body }).ended()
        assert.deepEqual([recorder.status, recorder.body, recorder.code], [413, 'enough', undefined])
        assert.equal(body.destroyed, false)
        body.end('more')
        assert.equal((await send('/next').ended()).status, 413)
        assert.notEqual((await origin.received(2)).connection, 1)
      },
    ),
  )

  test(
    'a client that goes away in the middle of its upload ends the exchange and its connection',
    scene(
      exchange => exchange.closed,
      {},
      async ({ origin, send }) => {
        const body = new PassThrough()
        body.write('first')
        const recorder = send('/', { method: 'POST', fields: ['Host', 'a'], body })
        await origin.received(1)
        body.destroy()
        assert.equal((await recorder.ended()).code, 'CLIENT_GONE')
        assert.deepEqual(recorder.calls, ['sent', 'fault'])
      },
    ),
  )

  test(
    'a fault that the client stream failed with is the fault of the exchange',
    scene(
      exchange => exchange.closed,
      {},
      async ({ origin, send }) => {
        const body = new PassThrough()
        body.write('first')
        const recorder = send('/', { method: 'POST', fields: ['Host', 'a'], body })
        await origin.received(1)
        body.destroy(new Fault('REQUEST_BODY_TIMEOUT', 'test'))
        assert.equal((await recorder.ended()).code, 'REQUEST_BODY_TIMEOUT')
      },
    ),
  )
}

export function pausing(scene: SceneMaker): void {
  test(
    'a reader that pauses stops the origin, and resuming brings everything',
    scene(
      async exchange => {
        exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 << 20}\r\n\r\n`)
        const piece = Buffer.alloc(1 << 20, 'x')
        for (let sent = 0; sent < 64; sent += 1) await exchange.send(piece)
      },
      {},
      async ({ origin, send }) => {
        const stopped = new Barrier()
        const recorder = send()
        let received = 0
        let pausing = true
        recorder.takes = chunk => {
          received += chunk.length
          recorder.chunks.length = 0
          if (pausing) stopped.open()
          return !pausing
        }
        await stopped.passed
        await settled(() => received)
        assert.ok(received < 1 << 20, `${received} bytes came in spite of the pause`)
        assert.equal(origin.open, 1)
        pausing = false
        recorder.control.resume()
        await recorder.ended()
        assert.deepEqual([recorder.code, received], [undefined, 64 << 20])
      },
    ),
  )
}

/** Resolves when `value` has not changed for fifty turns of the event loop. */
async function settled(value: () => number): Promise<void> {
  for (let same = 0, last = -1; same < 50; same += 1) {
    await new Promise(resolve => setImmediate(resolve))
    if (value() !== last) same = 0
    last = value()
  }
}

export function givingUp(scene: SceneMaker): void {
  test(
    'abort tells its fault once, closes the connection and frees the place, at every stage',
    scene(
      async exchange => {
        if (exchange.request.target === '/content') exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
        if (exchange.request.target !== '/ok') await exchange.closed
        else exchange.respond()
      },
      { connections: 1, queue: 4 },
      async ({ origin, send }) => {
        const gone = () => new Fault('CLIENT_GONE', 'test')
        const unsent = send('/sent')
        const queued = send('/queued')
        queued.control.abort(gone())
        queued.control.abort(gone())
        assert.deepEqual(queued.calls, ['fault'])
        await origin.received(1)
        unsent.control.abort(gone())
        assert.deepEqual(unsent.calls, ['sent', 'fault'])
        const content = await send('/content').head()
        content.control.abort(gone())
        assert.equal(content.calls.at(-1), 'fault')
        assert.equal((await send('/ok').ended()).status, 200)
        assert.deepEqual(queued.calls, ['fault'])
        assert.deepEqual(
          origin.requests.map(request => request.target),
          ['/sent', '/content', '/ok'],
        )
      },
    ),
  )
}
