// What must every implementation of Upstream do?
//
// The promises of src/upstream/upstream.ts as tests, against a scripted origin over real
// sockets. An implementation's test file calls `upstreamContract` with a way to make one.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import { Barrier } from '../origin/barrier.ts'
import { givingUp, pausing, uploads } from './upstream-contract-flow.ts'
import { type SceneMaker, scenes, type UpstreamMaker } from './upstream-scene.ts'

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
