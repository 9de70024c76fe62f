// Is a response that RFC 9112 doesn't allow ever passed on, or its connection used again?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FaultCode } from '../../src/base/fault.ts'
import { startOrigin } from '../origin/origin.ts'
import { upstreamTo } from './setting-up.ts'

const OK = 'HTTP/1.1 200 OK\r\n'

const MALFORMED: readonly (readonly [string, string, FaultCode])[] = [
  ['an unknown transfer coding', `${OK}Transfer-Encoding: foo\r\n\r\nabc`, 'UPSTREAM_TRANSFER_ENCODING'],
  ['a second transfer coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 'UPSTREAM_TRANSFER_ENCODING'],
  ['chunked not last', `${OK}Transfer-Encoding: chunked, foo\r\n\r\n0\r\n\r\n`, 'UPSTREAM_TRANSFER_ENCODING'],
  [
    'two Transfer-Encoding lines',
    `${OK}Transfer-Encoding: foo\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'UPSTREAM_TRANSFER_ENCODING',
  ],
  [
    'Content-Length before chunked',
    `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`,
    'UPSTREAM_MALFORMED',
  ],
  [
    'Content-Length after chunked',
    `${OK}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc`,
    'UPSTREAM_MALFORMED',
  ],
  ['two differing lengths', `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 'UPSTREAM_MALFORMED'],
  ['a list of lengths', `${OK}Content-Length: 3, 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a signed length', `${OK}Content-Length: +3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['an empty length', `${OK}Content-Length:\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a length beyond all numbers', `${OK}Content-Length: 99999999999999999999999\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a folded line', `${OK}X-A: 1\r\n 2\r\nContent-Length: 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 3\n\nabc', 'UPSTREAM_MALFORMED'],
  ['a bare carriage return', `${OK}X-A: 1\r2\r\nContent-Length: 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['NUL in a value', `${OK}X-A: 1\x002\r\nContent-Length: 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a space before the colon', `${OK}Content-Length : 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a name that is no token', `${OK}X(A: 1\r\nContent-Length: 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['a line without a colon', `${OK}foo\r\nContent-Length: 3\r\n\r\nabc`, 'UPSTREAM_MALFORMED'],
  ['no HTTP at all', 'hello there\r\n\r\n', 'UPSTREAM_MALFORMED'],
  ['another protocol', 'ICY 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'UPSTREAM_MALFORMED'],
  ['a version that does not exist', 'HTTP/9.9 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'UPSTREAM_MALFORMED'],
  ['a status of four digits', 'HTTP/1.1 1000 OK\r\nContent-Length: 3\r\n\r\nabc', 'UPSTREAM_MALFORMED'],
  ['a status under 100', 'HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc', 'UPSTREAM_MALFORMED'],
  ['101 unasked', 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n', 'UPSTREAM_MALFORMED'],
  ['101 without Upgrade', 'HTTP/1.1 101 Switching\r\n\r\n', 'UPSTREAM_MALFORMED'],
  ['a head over 64 KiB', `${OK}X-A: ${'a'.repeat(66_000)}\r\n\r\n`, 'UPSTREAM_HEAD_SIZE'],
  ['many fields over 64 KiB', `${OK}${'X-Abc: 1234567890\r\n'.repeat(5_000)}\r\n`, 'UPSTREAM_HEAD_SIZE'],
]

describe('malformed responses (RFC 9112)', () => {
  for (const [what, bytes, code] of MALFORMED) {
    test(`${what}: ${code}, no head is told, and the next request has a new connection`, async () => {
      const origin = await startOrigin(exchange => {
        if (exchange.request.number === 1) exchange.write(bytes)
        else exchange.respond({ body: 'fine' })
      })
      const { upstream, get } = upstreamTo(origin.url)
      const bad = await get('/bad').ended()
      assert.deepEqual([bad.code, bad.calls], [code, ['sent', 'fault']], String(bad.fault?.message))
      const next = await get('/next').ended()
      assert.deepEqual([next.body, origin.requests[1]?.connection], ['fine', 2])
      await upstream.close()
      await origin.close()
    })
  }

  const BROKEN_CONTENT: readonly (readonly [string, string, FaultCode])[] = [
    [
      'a chunk size that is no number',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`,
      'UPSTREAM_MALFORMED',
    ],
    [
      'a chunk longer than it said',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n`,
      'UPSTREAM_MALFORMED',
    ],
    ['line feeds alone between chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n`, 'UPSTREAM_MALFORMED'],
  ]
  for (const [what, bytes, code] of BROKEN_CONTENT) {
    test(`${what}: ${code} after the head, never a clean end`, async () => {
      const origin = await startOrigin(exchange => void exchange.write(bytes))
      const { upstream, get } = upstreamTo(origin.url)
      const bad = await get('/').ended()
      assert.deepEqual([bad.status, bad.code, bad.calls.at(-1)], [200, code, 'fault'])
      await upstream.close()
      await origin.close()
    })
  }

  const PECULIAR: readonly (readonly [string, string, number])[] = [
    ['Upgrade offered beside a 200', `${OK}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok`, 200],
    ['100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, 200],
    ['100 twice, with fields', `${'HTTP/1.1 100 X\r\nA: b\r\n\r\n'.repeat(2)}${OK}Content-Length: 2\r\n\r\nok`, 200],
    ['an empty line before the status line', `\r\n${OK}Content-Length: 2\r\n\r\nok`, 200],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', 200],
    ['a status beyond 599', 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok', 999],
    ['a chunk extension', `${OK}Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n`, 200],
  ]
  for (const [what, bytes, status] of PECULIAR) {
    test(`${what} is passed on`, async () => {
      const origin = await startOrigin(exchange => void exchange.write(bytes))
      const { upstream, get } = upstreamTo(origin.url)
      const recorder = await get('/').ended()
      assert.deepEqual([recorder.status, recorder.body, recorder.code], [status, 'ok', undefined])
      await upstream.close()
      await origin.close()
    })
  }

  test('a flood of interim responses: a hundred are passed on, ten thousand are no answer', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n'
    const origin = await startOrigin(exchange => {
      const { number } = exchange.request
      exchange.write(hints.repeat(number === 1 ? 300 : 10_001))
      exchange.write(`${OK}Content-Length: 2\r\n\r\nok`)
    })
    const { upstream, get } = upstreamTo(origin.url)
    const many = await get('/').ended()
    assert.deepEqual([many.interim.length, many.body], [100, 'ok'])
    assert.equal((await get('/').ended()).code, 'UPSTREAM_MALFORMED')
    await upstream.close()
    await origin.close()
  })

  test('a 100 apart from its final response is dropped, one in content is content', async () => {
    const origin = await startOrigin(async exchange => {
      exchange.write('HTTP/1.1 100 Continue\r\n\r\n')
      await new Promise(resolve => setTimeout(resolve, 20))
      exchange.write(`${OK}Content-Length: 27\r\n\r\n`)
      await new Promise(resolve => setTimeout(resolve, 20))
      exchange.write('HTTP/1.1 100 Continue\r\n\r\nok')
    })
    const { upstream, get } = upstreamTo(origin.url)
    for (let count = 0; count < 2; count += 1) {
      const recorder = await get('/').ended()
      assert.deepEqual([recorder.interim, recorder.body], [[], 'HTTP/1.1 100 Continue\r\n\r\nok'])
    }
    await upstream.close()
    await origin.close()
  })

  test('a reused connection that closes after a 100 has answered a byte: the request is not sent again', async () => {
    const origin = await startOrigin(exchange => {
      if (exchange.request.number === 1) exchange.respond()
      else {
        exchange.write('HTTP/1.1 100 Continue\r\n\r\n')
        exchange.end()
      }
    })
    const { upstream, get } = upstreamTo(origin.url)
    await get('/').ended()
    assert.equal((await get('/').ended()).code, 'UPSTREAM_RESET')
    assert.equal(origin.requests.length, 2)
    await upstream.close()
    await origin.close()
  })

  for (const surplus of ['def', `${OK}Content-Length: 4\r\n\r\nevil`]) {
    test(`octets after the announced length (${surplus.slice(0, 4)}…) never answer the next request`, async () => {
      const origin = await startOrigin(exchange => {
        if (exchange.request.number === 1) exchange.write(`${OK}Content-Length: 3\r\n\r\nabc${surplus}`)
        else exchange.respond({ body: exchange.request.target })
      })
      const { upstream, get } = upstreamTo(origin.url, { connections: 1 })
      const first = get('/1')
      const second = get('/2')
      assert.equal((await first.ended()).body, 'abc')
      assert.equal((await second.ended()).body, '/2')
      assert.equal((await get('/3').ended()).body, '/3')
      await upstream.close()
      await origin.close()
    })
  }

  test('content where none is allowed (204, 304, HEAD) is dropped with its connection', async () => {
    const origin = await startOrigin(exchange => {
      const status = Number(exchange.request.target.slice(1))
      if (exchange.request.number % 2 === 1) exchange.write(`HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n\r\nevil`)
      else exchange.respond({ body: 'fine' })
    })
    const { upstream, get } = upstreamTo(origin.url)
    for (const [method, target] of [
      ['GET', '/204'],
      ['GET', '/304'],
      ['HEAD', '/200'],
    ] as const) {
      const first = await get(target, { method }).ended()
      assert.deepEqual([first.status, first.body, first.code], [Number(target.slice(1)), '', undefined])
      assert.equal((await get('/200').ended()).body, 'fine')
    }
    await upstream.close()
    await origin.close()
  })
})
