// Which requests are turned away before anybody routes them, and does the origin hear of them?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_FOR_A_MINUTE, replyWith, startScene } from './start-pillion.ts'

/** Two fields; the connection ends with the answer, however well it was. */
const HOST = 'Host: test.example\r\nConnection: close\r\n'

/** Sends these bytes to a fresh Pillion: the statuses it answers with, and what the origin got. */
async function sent(bytes: string, text = ALL_FOR_A_MINUTE) {
  await using scene = await startScene(text, replyWith('hello'))
  const client = await scene.connect()
  client.send(bytes)
  const answer = await client.toTheEnd()
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
  return { statuses, answer, targets: scene.origin.requests.map(({ target }) => target) }
}

async function assertRefused(bytes: string, status: number, text?: string): Promise<void> {
  const { statuses, answer, targets } = await sent(bytes, text)
  assert.deepEqual(statuses, [status], answer)
  assert.match(answer, /application\/problem\+json/)
  assert.deepEqual(targets, [])
}

const GOOD_AFTERWARDS = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`

describe('ambiguous framing (RFC 9112 §6.3, §11.2)', () => {
  const heads = {
    'Content-Length beside Transfer-Encoding': 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
    'two different Content-Length': 'Content-Length: 4\r\nContent-Length: 5\r\n',
    'a Content-Length that is no number': 'Content-Length: +4\r\n',
    'a list of Content-Length': 'Content-Length: 4, 5\r\n',
    'chunked twice': 'Transfer-Encoding: chunked, chunked\r\n',
    'an unknown transfer coding': 'Transfer-Encoding: xchunked\r\n',
    'chunked not last': 'Transfer-Encoding: chunked, identity\r\n',
    'white space before the colon': 'Transfer-Encoding : chunked\r\n',
    'a folded line': 'X-A: 1\r\n  2\r\n',
    'a bare CR in a value': 'X-A: 1\r2\r\n',
    'a NUL in a value': 'X-A: 1\0\r\n',
  }
  for (const [name, fields] of Object.entries(heads)) {
    test(`${name} is a 400 that ends the connection`, () =>
      assertRefused(`POST /a HTTP/1.1\r\n${HOST}${fields}\r\n0\r\n\r\n${GOOD_AFTERWARDS}`, 400))
  }

  test('a chunk size that is no number ends the connection, and nothing behind it is taken for a request', async () => {
    const bytes = `POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n${GOOD_AFTERWARDS}`
    assert.ok(!(await sent(bytes)).targets.includes('/smuggled'))
  })
})

describe('Host (RFC 9112 §3.2)', () => {
  const requests = {
    'a missing one': 'GET /a HTTP/1.1\r\n\r\n',
    'a second one': `GET /a HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    'an invalid one': 'GET /a HTTP/1.1\r\nHost: a b\r\n\r\n',
    'one with a user': 'GET /a HTTP/1.1\r\nHost: user@test.example\r\n\r\n',
    'one with a path': 'GET /a HTTP/1.1\r\nHost: test.example/x\r\n\r\n',
    'an empty one': 'GET /a HTTP/1.1\r\nHost:\r\n\r\n',
    'one that differs from an absolute target': `GET http://other.example/a HTTP/1.1\r\n${HOST}\r\n`,
  }
  for (const [name, bytes] of Object.entries(requests)) test(`${name} is a 400`, () => assertRefused(bytes, 400))

  test('an absolute target that agrees with Host is taken', async () => {
    const { statuses, targets } = await sent(`GET http://test.example/a?b HTTP/1.1\r\n${HOST}\r\n`)
    assert.deepEqual([statuses, targets], [[200], ['/a?b']])
  })
})

describe('paths (contract §3)', () => {
  for (const path of ['/../a', '/a/..', '/a/.', '/./a', '/a/%2e%2E/b', '/a/..%2fb', '/a%00', '/a\\b', '/a/.%2e']) {
    test(`${path} is a 400`, () => assertRefused(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`, 400))
  }

  for (const path of ['/a..b', '/.well-known/x', '/a/...', '/a?x=/../b', '/a%2Fb']) {
    test(`${path} is none of these`, async () => {
      assert.deepEqual((await sent(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`)).targets, [path])
    })
  }
})

describe('methods (RFC 9110 §9)', () => {
  test('a method that cannot be read is a 501, what is no request line a 400', async () => {
    await using scene = await startScene('', replyWith('hello'))
    assert.equal((await scene.request(['FROBNICATE', '/a'])).status, 501)
    const client = await scene.connect()
    client.send('\x16\x03\x01\x02\x00\x01\x00')
    assert.equal((await client.head()).status, 400)
    assert.equal(scene.origin.requests.length, 0)
  })

  test('OPTIONS * and requests whose Max-Forwards is used up end here (RFC 9110 §7.6.2, §9.3.7)', async () => {
    await using scene = await startScene('', replyWith('hello'))
    assert.equal((await scene.request(['OPTIONS', '*'])).status, 200)
    assert.equal((await scene.request(['OPTIONS', '/a'], ['Max-Forwards', '0'])).status, 200)
    assert.equal((await scene.request(['TRACE', '/a'], ['Max-Forwards', '0'])).status, 501)
    assert.equal(scene.origin.requests.length, 0)
    await scene.request(['OPTIONS', '/a'], ['Max-Forwards', '3'])
    assert.match(scene.origin.requests[0]?.raw ?? '', /max-forwards: 2/i)
  })

  test('CONNECT is a 501', () =>
    assertRefused('CONNECT test.example:443 HTTP/1.1\r\nHost: test.example:443\r\n\r\n', 501))

  test('a GET with a body bypasses', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
    await scene.get('/a')
    const bypassed = await scene.request(['GET', '/a'], [], 'content')
    assert.deepEqual(
      [bypassed.body, bypassed.field('cache-status')],
      ['hello 2', 'pillion; fwd=bypass; detail=request-content'],
    )
  })
})

describe('limits (contract §2 `limits`)', () => {
  const small = 'limits: { head: 2KiB, uri: 1KiB, headTimeout: 300ms, body: 300ms }'

  test('a target as long as limits.uri is taken, a longer one a 414', async () => {
    const target = `/${'a'.repeat(1023)}`
    assert.deepEqual((await sent(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`, small)).statuses, [200])
    await assertRefused(`GET ${target}b HTTP/1.1\r\n${HOST}\r\n`, 414, small)
    await assertRefused(`GET ${target.repeat(100)} HTTP/1.1\r\n${HOST}\r\n`, 414, small)
  })

  test('a head over limits.head is a 431, however much it is over', async () => {
    for (const size of [2_100, 100_000]) {
      await assertRefused(`GET /a HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(size)}\r\n\r\n`, 431, small)
    }
  })

  test('200 fields are taken, 201 are a 431', async () => {
    const fields = (count: number) => HOST + Array.from({ length: count - 2 }, (_, at) => `X-${at}: 1\r\n`).join('')
    assert.deepEqual((await sent(`GET /a HTTP/1.1\r\n${fields(200)}\r\n`)).statuses, [200])
    await assertRefused(`GET /a HTTP/1.1\r\n${fields(201)}\r\n`, 431)
  })

  test('a head that does not come to its end is a 408', async () => {
    await using scene = await startScene(small, replyWith('hello'))
    const client = await scene.connect()
    client.send(`GET /a HTTP/1.1\r\n${HOST}`)
    assert.match(await client.toTheEnd(), /^HTTP\/1\.1 408 /)
  })

  test('content that does not come to its end is a 408', async () => {
    await using scene = await startScene(small, async exchange => {
      await exchange.body()
    })
    const client = await scene.connect()
    client.send(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhalf`)
    assert.match(await client.toTheEnd(), /^HTTP\/1\.1 408 /)
  })
})

describe('answers of the origin that nobody can trust (RFC 9112 §6)', () => {
  const answers = {
    'an unknown Transfer-Encoding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx',
    'Content-Length beside chunked':
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two different Content-Length': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    'a head that is none': 'nonsense\r\n\r\n',
  }
  for (const [name, answer] of Object.entries(answers)) {
    test(`${name} is a 502 with Proxy-Status`, async () => {
      await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
        exchange.write(answer)
        exchange.end()
      })
      const refused = await scene.get('/a')
      assert.equal(refused.status, 502)
      assert.match(refused.field('proxy-status') ?? '', /^pillion; error=http_/)
    })
  }
})
