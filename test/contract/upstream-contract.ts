// What must every implementation of Upstream do?
//
// The promises of src/upstream/upstream.ts as tests, against a scripted origin over real
// sockets. An implementation's test file calls `upstreamContract` with a way to make one.

import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import type { ForwardRequest, Upstream } from '../../src/upstream/upstream.ts'
import { Barrier } from '../origin/barrier.ts'
import { type Origin, type OriginHandler, startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { aForwardRequest, Recorder } from '../upstream/setting-up.ts'

/** Makes an upstream to `url` with the settings of test/upstream/setting-up.ts and these changes. */
export type UpstreamMaker = (url: string, changes?: Partial<UpstreamSettings>) => Upstream

interface Scene {
  readonly origin: Origin
  readonly upstream: Upstream
  readonly send: (target?: string, changes?: Partial<ForwardRequest>) => Recorder
}

type Play = (scene: Scene) => Promise<void>

function scenes(make: UpstreamMaker) {
  return (handler: OriginHandler, changes: Partial<UpstreamSettings>, play: Play) => async (): Promise<void> => {
    const origin = await startOrigin(handler)
    const upstream = make(origin.url, changes)
    const send: Scene['send'] = (target = '/', request = {}) =>
      new Recorder(upstream, aForwardRequest({ target, ...request }))
    try {
      await play({ origin, upstream, send })
    } finally {
      origin.hangUp()
      await upstream.close()
      await origin.close()
    }
    assert.deepEqual(origin.errors, [])
  }
}

export function upstreamContract(name: string, make: UpstreamMaker): void {
  const scene = scenes(make)
  describe(`every upstream: ${name}`, () => {
    whatIsSent(scene)
    whatIsTold(scene)
    uploads(scene)
    pausing(scene)
    givingUp(scene)
    closing(scene)
  })
}

type SceneMaker = ReturnType<typeof scenes>

function whatIsSent(scene: SceneMaker): void {
  test(
    'method, target and fields go out as given, duplicates and order kept, Host first',
    scene(
      exchange => exchange.respond(),
      {},
      async ({ origin, send }) => {
        const fields = ['Host', 'a.example', 'X-One', '1', 'x-two', 'b', 'X-One', '3']
        await send('/p%2F/q?b=2&a=%20', { fields }).ended()
        const { raw } = await origin.received(1)
        assert.match(raw, /^GET \/p%2F\/q\?b=2&a=%20 HTTP\/1\.1\r\nhost: a\.example\r\n/)
        assert.ok(raw.includes('X-One: 1\r\nx-two: b\r\nX-One: 3\r\n'), raw)
      },
    ),
  )

  test(
    'Expect and connection-specific fields are not sent on',
    scene(
      exchange => exchange.respond(),
      {},
      async ({ origin, send }) => {
        const hop = [
          'Expect',
          '100-continue',
          'Keep-Alive',
          'timeout=5',
          'Upgrade',
          'h2c',
          'Transfer-Encoding',
          'chunked',
        ]
        const recorder = await send('/', { fields: ['Host', 'a', ...hop, 'X-A', '1'] }).ended()
        assert.equal(recorder.status, 200)
        const { raw } = await origin.received(1)
        assert.doesNotMatch(raw, /expect|keep-alive:|upgrade|transfer-encoding/i)
        assert.match(raw, /X-A: 1/)
      },
    ),
  )
}

function whatIsTold(scene: SceneMaker): void {
  test(
    'sent, interim, head, content and the end come in that order, none before forward returned but sent',
    scene(
      exchange => {
        exchange.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n')
        exchange.write('HTTP/1.1 102 Processing\r\n\r\n')
        exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n')
        exchange.write('3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n')
      },
      {},
      async ({ send }) => {
        const recorder = await send().ended()
        assert.deepEqual(recorder.calls, ['sent', 'interim', 'interim', 'head', 'body', 'complete'])
        assert.deepEqual(recorder.interim[0], { status: 103, fields: ['Link', '</a>', 'link', '</b>'] })
        assert.equal(recorder.interim[1]?.status, 102)
        assert.equal(recorder.body, 'abc')
        assert.deepEqual(recorder.trailers, ['X-Sum', '9'])
        assert.ok(recorder.early.every(call => call === 'sent'))
      },
    ),
  )

  test(
    "fields are told as sent: the sender's spelling, duplicates, order, bytes beyond ASCII",
    scene(
      exchange =>
        exchange.respond({ fields: ['SET-Cookie', 'a=1', 'x-b', '\xe9', 'Set-Cookie', 'b=2', 'X-Empty', ''] }),
      {},
      async ({ send }) => {
        const { fields } = await send().ended()
        const told = ['SET-Cookie', 'a=1', 'x-b', '\xe9', 'Set-Cookie', 'b=2', 'X-Empty', '', 'Content-Length', '0']
        assert.deepEqual(fields, told)
      },
    ),
  )

  test(
    'responses without content end with their head: HEAD, 204, 304',
    scene(
      exchange => {
        const status = Number(exchange.request.target.slice(1))
        exchange.respond({ status, fields: status === 200 ? ['Content-Length', '10'] : ['ETag', '"a"'] })
      },
      {},
      async ({ send }) => {
        for (const [method, target] of [
          ['HEAD', '/200'],
          ['GET', '/204'],
          ['GET', '/304'],
        ] as const) {
          const recorder = await send(target, { method }).ended()
          assert.deepEqual(recorder.calls, ['sent', 'head', 'complete'], target)
          assert.equal(recorder.status, Number(target.slice(1)))
        }
      },
    ),
  )

  test(
    'a refusal is told after forward has returned, and alone',
    scene(
      exchange => exchange.closed,
      { connections: 1, queue: 0 },
      async ({ origin, send }) => {
        const holding = send()
        await origin.received(1)
        const refused = send()
        assert.deepEqual(refused.early, [])
        assert.equal((await refused.ended()).code, 'UPSTREAM_QUEUE_FULL')
        assert.deepEqual(refused.calls, ['fault'])
        holding.control.abort(new Fault('CLIENT_GONE', 'test'))
      },
    ),
  )
}

function uploads(scene: SceneMaker): void {
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

function pausing(scene: SceneMaker): void {
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

function givingUp(scene: SceneMaker): void {
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

function closing(scene: SceneMaker): void {
  test('close lets running and queued exchanges end, refuses new ones and closes every connection', async () => {
    const barrier = new Barrier()
    await scene(
      async exchange => {
        await barrier.passed
        exchange.respond({ body: 'late' })
      },
      { connections: 1, queueTimeout: milliseconds(60_000) },
      async ({ origin, upstream, send }) => {
        const running = send()
        const queued = send()
        await origin.received(1)
        const closed = upstream.close()
        assert.equal((await send().ended()).code, 'SHUTTING_DOWN')
        barrier.open()
        assert.equal((await running.ended()).body, 'late')
        assert.equal((await queued.ended()).body, 'late')
        await closed
        assert.equal(upstream.state().connected, 0)
      },
    )()
  })
}
