// Do client, Pillion and origin see one and the same request, whatever was sent?
//
// Every row is sent over a raw socket with a second request behind it. A refused one is
// answered once, its connection ends, and the origin hears of neither. An accepted one
// reaches the origin as exactly one request with these fields and this content, and then
// the second. Nothing else may come of any row (RFC 9112 §11.2).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Scene, startScene } from './start-pillion.ts'

const HOST = 'Host: test.example\r\n'
const SECOND = `GET /second HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`
const post = (fields: string, content = '0\r\n\r\n'): string => `POST /a HTTP/1.1\r\n${HOST}${fields}\r\n${content}`
const get = (fields: string): string => `GET /a HTTP/1.1\r\n${HOST}${fields}\r\n`
const line = (start: string, fields = HOST): string => `${start}\r\n${fields}\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n'

interface Seen {
  readonly statuses: readonly number[]
  readonly answer: string
  /** `METHOD TARGET CONTENT` of each request that the origin got whole. */
  readonly got: readonly string[]
  /** The head of the first, as the origin got it. */
  readonly head: string
}

/** Sends `bytes` and the second request behind it. */
async function send(scene: Scene, bytes: string): Promise<Seen> {
  const got: string[] = []
  let head = ''
  scene.origin.handler = async exchange => {
    const { method, target, raw } = exchange.request
    const { content, complete } = await exchange.body()
    if (complete) got.push(`${method} ${target} ${content.toString('latin1')}`.trim())
    if (target !== '/second') head = raw
    exchange.respond({ body: 'answered' })
  }
  const client = await scene.connect()
  client.send(`${bytes}${SECOND}`)
  const answer = await client.toTheEnd()
  client.close()
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  return { statuses, answer, got, head }
}

const REFUSED: Record<string, readonly [number, string]> = {
  'chunked, identity': [400, post('Transfer-Encoding: chunked, identity\r\n')],
  identity: [400, post('Transfer-Encoding: identity\r\n')],
  'identity and a length': [400, post('Transfer-Encoding: identity\r\nContent-Length: 5\r\n')],
  'gzip, chunked': [400, post('Transfer-Encoding: gzip, chunked\r\n')],
  'an empty member before chunked': [400, post('Transfer-Encoding: , chunked\r\n')],
  'a quoted coding': [400, post('Transfer-Encoding: "chunked"\r\n')],
  'a coding with a parameter': [400, post('Transfer-Encoding: chunked;x=y\r\n')],
  'a coding after a vertical tab': [400, post('Transfer-Encoding:\vchunked\r\n')],
  xchunked: [400, post('Transfer-Encoding: xchunked\r\n')],
  'an empty coding': [400, post('Transfer-Encoding:\r\n')],
  'two lines, chunked first': [400, post(`${CHUNKED}Transfer-Encoding: identity\r\n`)],
  'two lines, chunked last': [400, post(`Transfer-Encoding: identity\r\n${CHUNKED}`)],
  'a coding in HTTP/1.0': [400, post(`Connection: keep-alive\r\n${CHUNKED}`).replace('HTTP/1.1', 'HTTP/1.0')],
  'a coding beside a length': [400, post(`Content-Length: 5\r\n${CHUNKED}`)],
  'a length beside a coding': [400, post(`${CHUNKED}Content-Length: 5\r\n`)],
  'two equal lengths': [400, post('Content-Length: 5\r\nContent-Length: 5\r\n')],
  'a list of equal lengths': [400, post('Content-Length: 5, 5\r\n')],
  'a length with a sign': [400, post('Content-Length: +5\r\n')],
  'a negative length': [400, post('Content-Length: -1\r\n')],
  'a hexadecimal length': [400, post('Content-Length: 0x5\r\n')],
  'a length in two words': [400, post('Content-Length: 5 5\r\n')],
  'an empty length': [400, post('Content-Length:\r\n')],
  'a length over 64 bits': [400, post('Content-Length: 99999999999999999999\r\n')],
  'a chunk extension with a bare LF': [400, post(CHUNKED, '3;a\nabc\r\n0\r\n\r\n')],
  'chunks that end in LF': [400, post(CHUNKED, '3\nabc\n0\n\n')],
  'a chunk size with 0x': [400, post(CHUNKED, '0x3\r\nabc\r\n0\r\n\r\n')],
  'a chunk size with a space': [400, post(CHUNKED, '3 \r\nabc\r\n0\r\n\r\n')],
  'a chunk size over 64 bits': [400, post(CHUNKED, '10000000000000003\r\nabc\r\n0\r\n\r\n')],
  'a chunk longer than its size': [400, post(CHUNKED, '3\r\nabcXX0\r\n\r\n')],
  'a length among the trailers': [400, post(CHUNKED, '3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n')],
  'lines that end in LF': [400, get('').replaceAll('\r', '')],
  'a field that ends in LF': [400, get('X: 1\n')],
  'a bare CR in a value': [400, get('X: 1\rY: 2\r\n')],
  'a second CR at a line end': [400, get('X: 1\r\r\n')],
  'a NUL in a value': [400, get('X: a\0b\r\n')],
  'a control byte in a value': [400, get('X: a\x01b\r\n')],
  'a NUL in a name': [400, get('X\0: a\r\n')],
  'a name with white space behind it': [400, get('X : 1\r\n')],
  'an empty name': [400, get(': 1\r\n')],
  'a line without a colon': [400, get('Foo\r\n')],
  'a name that is no token': [400, get('X(a): 1\r\n')],
  'a folded Host': [400, line('GET /a HTTP/1.1', 'Host: test.example\r\n foo\r\n')],
  'a folded first line': [400, line('GET /a HTTP/1.1', ` X: 1\r\n${HOST}`)],
  'two Host lines': [400, line('GET /a HTTP/1.1', `${HOST}Host: other.example\r\n`)],
  'two equal Host lines': [400, line('GET /a HTTP/1.1', HOST + HOST)],
  'a Host with a comma': [400, line('GET /a HTTP/1.1', 'Host: a,b\r\n')],
  'no Host': [400, line('GET /a HTTP/1.1', '')],
  'a Host that differs from the target': [400, line('GET http://other.example/a HTTP/1.1')],
  'a target with a user': [400, line('GET http://u@test.example/a HTTP/1.1')],
  'another scheme': [400, line('GET ftp://test.example/a HTTP/1.1')],
  'the authority form': [400, line('GET test.example:80 HTTP/1.1')],
  'an asterisk': [400, line('GET * HTTP/1.1')],
  'a fragment': [400, line('GET /a#b HTTP/1.1')],
  'a space in the target': [400, line('GET /a b HTTP/1.1')],
  'a tab before the target': [400, line('GET\t/a HTTP/1.1')],
  'white space behind the version': [400, line('GET /a HTTP/1.1 ')],
  'octets beyond ASCII in the target': [400, line('GET /\xe9 HTTP/1.1')],
  'HTTP/0.9': [400, 'GET /a\r\n\r\n'],
  'HTTP/1.2': [400, line('GET /a HTTP/1.2')],
  'HTTP/2.0': [400, line('GET /a HTTP/2.0')],
  'the preface of HTTP/2': [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'another protocol': [400, line('GET /a http/1.1')],
  'a TLS handshake': [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  'a path parameter behind dots': [400, line('GET /a/..;x/b HTTP/1.1')],
  'a lower-case method': [501, line('get /a HTTP/1.1')],
  'an unknown method': [501, line('FOO /a HTTP/1.1')],
  'a method of RTSP': [501, line('DESCRIBE /a RTSP/1.0')],
  TRACE: [501, line('TRACE /a HTTP/1.1', `${HOST}Cookie: secret\r\n`)],
  CONNECT: [501, line('CONNECT test.example:443 HTTP/1.1')],
  'an expectation nobody knows': [417, post('Expect: 200-ok\r\nContent-Length: 5\r\n')],
  'an expectation beside the known one': [417, post('Expect: 100-continue, x\r\nContent-Length: 5\r\n')],
  'a Connection option that names a credential': [400, get('Connection: keep-alive, Authorization\r\n')],
  'a refused path with content': [400, post('Content-Length: 5\r\n').replace('/a', '/../a')],
}

/** What the origin gets, and what must and mustn't stand in its head. */
const ACCEPTED: Record<string, { send: string; got: string; has?: RegExp; hasNot?: RegExp }> = {
  'chunked in capitals': { send: post('TRANSFER-ENCODING: CHUNKED\r\n', '3\r\nabc\r\n0\r\n\r\n'), got: 'POST /a abc' },
  'a coding after a tab': { send: post('Transfer-Encoding:\tchunked\r\n'), got: 'POST /a' },
  'a length with zeros before it': { send: post('Content-Length: 003\r\n', 'abc'), got: 'POST /a abc' },
  'a length under an underscore': {
    send: post('Content_Length: 60\r\n', ''),
    got: 'POST /a',
    hasNot: /content_length/i,
  },
  'a coding under an underscore': {
    send: post('Transfer_Encoding: chunked\r\n', ''),
    got: 'POST /a',
    hasNot: /transfer_encoding/i,
  },
  'chunk extensions': { send: post(CHUNKED, '3;a="b"\r\nabc\r\n0\r\n\r\n'), got: 'POST /a abc', hasNot: /a="b"/ },
  trailers: {
    send: post(`Trailer: Authorization\r\n${CHUNKED}`, '3\r\nabc\r\n0\r\nAuthorization: x\r\nHost: evil\r\n\r\n'),
    got: 'POST /a abc',
    hasNot: /authorization|evil/i,
  },
  'empty lines before': { send: `\r\n\r\n${get('')}`, got: 'GET /a' },
  'an absolute target': {
    send: line('GET http://test.example/a HTTP/1.1'),
    got: 'GET /a',
    has: /host: test\.example\r\n/i,
  },
  'a GET with content': { send: `${get('Content-Length: 3\r\n')}abc`, got: 'GET /a abc' },
  'a method with a registration': { send: line('PROPFIND /a HTTP/1.1'), got: 'PROPFIND /a' },
  'OPTIONS with steps left': {
    send: line('OPTIONS /a HTTP/1.1', `${HOST}Max-Forwards: 3\r\n`),
    got: 'OPTIONS /a',
    has: /max-forwards: 2\r\n/i,
  },
  'what only Pillion and proxies may say': {
    send: get(
      'Pillion-Purpose: verify\r\nPillion-Anything: 1\r\nProxy: http://evil\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\nSurrogate-Capability: a="ESI/1.0"\r\n',
    ),
    got: 'GET /a',
    hasNot: /pillion-(purpose|anything)|evil|admin|surrogate/i,
  },
  'what only this connection is about': {
    send: get(
      'Connection: keep-alive, X-One\r\nX-One: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\n',
    ),
    got: 'GET /a',
    hasNot: /x-one|keep-alive:|proxy-/i,
  },
  'names that CGI would confuse': {
    send: get(
      'X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Host: evil\r\nX_Original_URL: /admin\r\nX_HTTP_Method_Override: PUT\r\n',
    ),
    got: 'GET /a',
    hasNot: /6\.6\.6\.6|evil|admin|PUT/,
  },
  "a stranger's forwarding fields": {
    send: get(
      'X-FORWARDED-For: 6.6.6.6\r\nx-forwarded-HOST: evil\r\nX-Forwarded-Prefix: /x\r\nForwarded: for=6.6.6.6\r\n',
    ),
    got: 'GET /a',
    has: /x-forwarded-for: 127\.0\.0\.1\r\n/i,
    hasNot: /6\.6\.6\.6|evil|prefix/i,
  },
}

describe('requests that could be read in two ways (contract §3)', { concurrency: 8 }, () => {
  for (const [what, [status, bytes]] of Object.entries(REFUSED)) {
    test(`${what} is a ${status}, and nothing behind it is read`, async () => {
      await using scene = await startScene('', () => undefined)
      const { statuses, answer, got } = await send(scene, bytes)
      assert.deepEqual([statuses, got], [[status], []], answer)
      assert.match(answer, /application\/problem\+json/)
    })
  }

  for (const [what, { send: bytes, got: expected, has = /./, hasNot = /(?!)/ }] of Object.entries(ACCEPTED)) {
    test(`${what}: the origin gets one request, then the second`, async () => {
      await using scene = await startScene('', () => undefined)
      const { statuses, got, head, answer } = await send(scene, bytes)
      assert.deepEqual([statuses, [...got].sort()], [[200, 200], [expected, 'GET /second'].sort()], answer)
      assert.match(head, has)
      assert.doesNotMatch(head, hasNot)
    })
  }
})

describe('a connection that is not to go on (RFC 9112 §9.6)', () => {
  test('what follows a request that was its last is ignored, and the request is answered', async () => {
    await using scene = await startScene('', () => undefined)
    for (const last of [get('Connection: close\r\n'), line('GET /a HTTP/1.0')]) {
      const { statuses, got } = await send(scene, last)
      assert.deepEqual([statuses, got], [[200], ['GET /a']])
    }
  })

  test('garbage behind a request is refused after that is answered', async () => {
    await using scene = await startScene('', () => undefined)
    const { statuses, got } = await send(scene, `${get('')}nonsense\r\n\r\n`)
    assert.deepEqual([statuses, got], [[200, 400], ['GET /a']])
  })

  test('a refused connection is closed, although the client keeps its side open', async () => {
    await using scene = await startScene('', () => undefined)
    const client = await scene.connect()
    client.send('nonsense\r\n\r\n')
    assert.match(await client.toTheEnd(), /^HTTP\/1\.1 400 /)
    await new Promise(resolve => {
      client.socket.once('error', resolve).once('close', resolve)
      const writing = setInterval(() => client.socket.write('more'), 50)
      client.socket.once('close', () => clearInterval(writing))
    })
  })

  test('HTTP/1.0 keeps it only where it says so, and gets no 100', async () => {
    await using scene = await startScene('', exchange => exchange.respond({ body: 'hello' }))
    const client = await scene.connect()
    client.send(
      line('POST /a HTTP/1.0', `${HOST}Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 1\r\n`),
      'POST',
    )
    client.send('x')
    const first = await client.response()
    assert.deepEqual([first.interim.length, first.status, first.field('connection')], [0, 200, 'keep-alive'])
    client.send(line('GET /a HTTP/1.0'), 'GET')
    assert.match(await client.toTheEnd(), /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/is)
  })
})

describe('OPTIONS about this hop (RFC 9110 §9.3.7)', () => {
  for (const [what, bytes] of Object.entries({
    'the server as a whole': line('OPTIONS * HTTP/1.1'),
    'the server as a whole, in absolute form': line('OPTIONS http://test.example HTTP/1.1'),
    'what may go no further': line('OPTIONS /a HTTP/1.1', `${HOST}Max-Forwards: 0\r\n`),
  })) {
    test(`${what} is answered here`, async () => {
      await using scene = await startScene('', () => undefined)
      const { answer, got } = await send(scene, bytes)
      assert.deepEqual(got, ['GET /second'])
      assert.match(answer, /^HTTP\/1\.1 200 .*Cache-Status: pillion; detail=ends-here/s)
    })
  }
})

describe('names with an underscore', () => {
  test('are kept where the configuration decides by them', async () => {
    const text = 'credentials: [api_key]\nroutes: { all: { match: /**, vary: [X_Kind] } }'
    await using scene = await startScene(text, () => undefined)
    const { head } = await send(scene, get('API_Key: 1\r\nX_Kind: 2\r\nX_Other: 3\r\n'))
    assert.match(head, /API_Key: 1\r\nX_Kind: 2\r\n/)
    assert.doesNotMatch(head, /X_Other/)
  })
})
