// The recogniser against node's own parser: what it takes, node reads in the same way.
//
// `FUZZ_RUNS=1000000 npm test -- plain-head` is the long form.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FieldNames } from '../../src/routing/field-names.ts'
import { readPlainHead } from '../../src/server/plain-head.ts'

const TELLING = new FieldNames(['authorization', 'cookie', 'x-auth-request-*'])
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 3000)

interface Seen {
  readonly messages: IncomingMessage[]
  failed: boolean
}

class Wire extends Duplex {
  override _read(): void {
    // Everything is pushed by the test.
  }
  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done()
  }
}

/** What node makes of these bytes on a connection of their own. */
async function byNode(bytes: Buffer): Promise<Seen> {
  const seen: Seen = { messages: [], failed: false }
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 64 * 1024 }, message => {
    seen.messages.push(message)
  })
  server.maxHeadersCount = 0
  server.on('clientError', () => {
    seen.failed = true
  })
  const wire = new Wire()
  server.emit('connection', wire)
  wire.push(bytes)
  await new Promise(setImmediate)
  wire.destroy()
  return seen
}

const token = fc.constantFrom(
  'Accept',
  'X-Request-ID',
  'Cookie',
  'authorization',
  'IF-NONE-MATCH',
  'Range',
  'x_y',
  'X-A',
)
const odd = fc.constantFrom(
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Expect',
  'Upgrade',
  'Host',
  'TE',
  'A B',
  '',
)
const name = fc.oneof({ weight: 24, arbitrary: token }, { weight: 1, arbitrary: odd })
const value = fc.oneof(
  fc.constantFrom(
    '',
    ' a',
    ' keep-alive',
    ' 3',
    ' 0',
    ' chunked',
    ' close',
    '  a b  ',
    ' "v1"',
    ' a\tb',
    ' \x7f',
    ' \xe9',
    ' a\rb',
    ' a\nb',
  ),
  fc.string({ maxLength: 12 }).map(text => ` ${text}`),
  fc.constantFrom(' gzip', ' "v1"', ' one two', ''),
  fc.constantFrom(' gzip', ' text/html;q=0.5', ' *'),
)
const field = fc.tuple(name, value).map(([one, other]) => `${one}:${other}\r\n`)
const target = fc.oneof(
  fc.constantFrom('/', '/a?b=c', '/a/../b', '/%2e', '//x', '/a#b', '*', 'http://x/', '/a b', '/\x01', '/a?b?c', '/a|b'),
  fc.webPath().map(path => (path === '' ? '/' : path)),
)
const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'get', 'OPTIONS', 'PUT')
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1')
const after = fc.constantFrom('', '', '', '', '', '', 'abc', 'GET / HTTP/1.1\r\n\r\n', '\r\n')
const whole = fc
  .tuple(method, target, version, fc.array(field, { maxLength: 4 }), after)
  .map(([verb, path, spoken, fields, rest]) => `${verb} ${path} ${spoken}\r\nHost: a\r\n${fields.join('')}\r\n${rest}`)
/** Heads, some of them with one byte changed, taken out or put in. */
const heads = fc
  .tuple(whole, fc.option(fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)), { freq: 2 }))
  .map(([text, change]) => {
    const bytes = Buffer.from(text, 'latin1')
    if (change === null) return bytes
    const [place, byte, kind] = change
    const at = place % bytes.length
    const rest = bytes.subarray(kind === 2 ? at : at + 1)
    return Buffer.concat([bytes.subarray(0, at), ...(kind === 1 ? [] : [Buffer.from([byte])]), rest])
  })

describe('the recogniser of the hit path', () => {
  test("takes no head that node's parser refuses or reads in another way", async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(heads, async bytes => {
        const head = readPlainHead(bytes, TELLING)
        if (head === undefined || bytes.length - head.headLength > head.content) return
        taken += 1
        const { messages, failed } = await byNode(bytes)
        assert.equal(failed, false)
        assert.equal(messages.length, 1)
        const [message] = messages as [IncomingMessage]
        const url = head.query === undefined ? head.path : `${head.path}?${head.query}`
        assert.deepEqual(
          [message.method, message.url, message.httpVersion, message.rawHeaders],
          [head.method, url, '1.1', head.fields],
        )
        assert.equal(Number(message.headers['content-length'] ?? 0), head.content)
        assert.equal(message.headers['transfer-encoding'], undefined)
      }),
      { numRuns: RUNS },
    )
    assert.ok(taken > RUNS / 50, `only ${taken} of ${RUNS} heads were plain: the property says little`)
  })

  test('takes what browsers send, and knows who is asking', () => {
    const text =
      'GET /a?b=1 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\nCookie: s=1\r\nX-Auth-Request-User: u\r\nIf-None-Match: "v1"\r\n\r\n'
    const head = readPlainHead(Buffer.from(text), TELLING)
    assert.equal(head?.quick, true)
    assert.deepEqual(head?.tellingFields, ['Cookie', 's=1', 'X-Auth-Request-User', 'u'])
    assert.equal(head?.soleTag, '"v1"')
  })

  test('leaves to the ordinary way what changes more than who is asking', () => {
    const lines = [
      'Range: bytes=0-1',
      'Cache-Control: no-cache',
      'If-Match: "a"',
      'X_Tenant: a',
      'Pillion-Purpose: verify',
      'Proxy: a',
    ]
    for (const line of lines) {
      const head = readPlainHead(Buffer.from(`GET /a HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`), TELLING)
      assert.equal(head?.quick, false, line)
    }
  })

  test('takes no head that is cut off, wherever, and ends', () => {
    const text = 'GET /a?b=1 HTTP/1.1\r\nHost: a\r\nX_Kind: b\r\nCookie: s=1\r\n\r\n'
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(readPlainHead(Buffer.from(text.slice(0, length)), TELLING), undefined, text.slice(0, length))
    }
  })

  test('takes nothing that is followed by more than its content', () => {
    const text = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n'
    assert.equal(readPlainHead(Buffer.from(text), TELLING)?.content, 2)
    assert.equal(readPlainHead(Buffer.from('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /'), TELLING), undefined)
  })
})
