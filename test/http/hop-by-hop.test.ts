// What ends at this hop and what is not stored (RFC 9110 §7.6.1, RFC 9111 §3.1), and
// what a forwarded message says of its way (RFC 9110 §7.6.3, RFC 7239, contract §2).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseCacheControl } from '../../src/http/cache-control.ts'
import { fieldLines, fieldValue } from '../../src/http/fields.ts'
import {
  forwardedChain,
  forwardedClient,
  type Peer,
  statedOrigin,
  withForwarding,
  withVia,
} from '../../src/http/forwarding.ts'
import { connectionOptions, endToEndFields, storedFields } from '../../src/http/hop-by-hop.ts'
import { type FieldRecord, fieldsFrom } from '../builders/messages.ts'

describe('hop-by-hop fields (RFC 9110 §7.6.1)', () => {
  test('Connection and what it names go no further', () => {
    const fields = fieldsFrom({ Connection: ['close, A', 'b'], a: '1', B: '2', C: '3' })
    assert.deepEqual(endToEndFields(fields), ['C', '3'])
    assert.deepEqual(connectionOptions(fields), ['close', 'a', 'b'])
  })

  test('so do the fields of one connection, named or not', () => {
    const names = [
      'Keep-Alive',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
      'Proxy-Connection',
      'Proxy-Authenticate',
      'Proxy-Authorization',
      'Proxy-Authentication-Info',
      'HTTP2-Settings',
    ]
    assert.deepEqual(endToEndFields(names.flatMap(name => [name, 'x'])), [])
  })

  test('Connection cannot take away what framing and caching depend on', () => {
    const fields = fieldsFrom({
      Connection: 'Cache-Control, Vary, Content-Length, Host, x',
      Vary: 'a',
      'Cache-Control': 'b',
      X: '1',
    })
    assert.deepEqual(endToEndFields(fields), ['Vary', 'a', 'Cache-Control', 'b'])
  })
})

describe('stored fields (RFC 9111 §3.1)', () => {
  test('leave out what qualified directives name, and every Set-Cookie', () => {
    const directives = parseCacheControl(['no-cache="a, B", private="c"'])
    const fields = fieldsFrom({
      A: '1',
      b: '2',
      C: '3',
      D: '4',
      'Set-Cookie': 'x',
      'Set-Cookie2': 'y',
      'Proxy-Connection': 'z',
    })
    assert.deepEqual(storedFields(fields, directives), ['D', '4', 'Set-Cookie2', 'y'])
  })
})

describe('Via (RFC 9110 §7.6.3)', () => {
  test('gets this hop at its end', () => {
    assert.deepEqual(withVia(['A', '1']), ['A', '1', 'Via', '1.1 pillion'])
    assert.deepEqual(withVia(['Via', '1.0 a', 'via', '1.1 b'], '1.0'), ['Via', '1.0 a, 1.1 b, 1.0 pillion'])
  })
})

const stranger: Peer = { address: '192.0.2.1', trusted: false, scheme: 'http', host: 'clinic.example:8080' }
const friend: Peer = { ...stranger, address: '10.0.0.1', trusted: true, scheme: 'https' }

function told(fields: FieldRecord, peer: Peer) {
  const all = withForwarding(fieldsFrom(fields), peer)
  return ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'].map(name =>
    fieldLines(all, name).join(' | '),
  )
}

describe('forwarding fields (contract §2 trustedProxies, RFC 7239)', () => {
  test("a stranger's are replaced", () => {
    const fields = {
      'X-Forwarded-For': '1.1.1.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil',
      Forwarded: 'for=1.1.1.1',
    }
    assert.deepEqual(told(fields, stranger), [
      '192.0.2.1',
      'http',
      'clinic.example:8080',
      'for=192.0.2.1;host="clinic.example:8080";proto=http',
    ])
  })

  test("a stranger's other statements about the way go, those about the user stay", () => {
    const fields = fieldsFrom({
      'X-Forwarded-Prefix': '/x',
      'X-Forwarded-Port': '1',
      'X-Forwarded-User': 'u',
      'X-Forwarded-Email': 'e',
    })
    const names = withForwarding(fields, stranger).filter((_, at) => at % 2 === 0)
    assert.deepEqual(names, [
      'X-Forwarded-User',
      'X-Forwarded-Email',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'Forwarded',
    ])
  })

  test("a trusted peer's are extended, and carried over into the other form", () => {
    assert.deepEqual(told({ 'X-Forwarded-For': ['1.1.1.1', '2001:db8::1'], 'X-Forwarded-Port': '1' }, friend), [
      '1.1.1.1, 2001:db8::1, 10.0.0.1',
      'https',
      'clinic.example:8080',
      'for=1.1.1.1, for="[2001:db8::1]", for=10.0.0.1;host="clinic.example:8080";proto=https',
    ])
    assert.deepEqual(told({ Forwarded: 'for="[2001:db8::1]:80";proto=https' }, friend), [
      '2001:db8::1, 10.0.0.1',
      'https',
      'clinic.example:8080',
      'for="[2001:db8::1]:80";proto=https, for=10.0.0.1;host="clinic.example:8080";proto=https',
    ])
    assert.equal(fieldValue(withForwarding(['X-Forwarded-Port', '1'], friend), 'x-forwarded-port'), '1')
  })

  test('a peer on a unix socket has no address', () => {
    assert.deepEqual(told({}, { ...stranger, address: undefined }), [
      '',
      'http',
      'clinic.example:8080',
      'for=unknown;host="clinic.example:8080";proto=http',
    ])
  })

  test('writing is total, for all fields', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const fields = ['X-Forwarded-For', one, 'Forwarded', other]
        assert.equal(fieldLines(withForwarding(fields, friend), 'forwarded').length, 1)
        statedOrigin(fields)
      }),
    )
  })
})

describe('what a trusted peer says (contract §2)', () => {
  test('scheme and host of the client, the first of a chain', () => {
    assert.deepEqual(statedOrigin(['X-Forwarded-Proto', 'HTTPS, http', 'X-Forwarded-Host', 'a.example, b']), {
      scheme: 'https',
      host: 'a.example',
    })
    assert.deepEqual(statedOrigin(['Forwarded', 'for=x;Proto=https;host="a:1", proto=http']), {
      scheme: 'https',
      host: 'a:1',
    })
    assert.deepEqual(statedOrigin(['X-Forwarded-Proto', 'ftp']), { scheme: undefined, host: undefined })
  })

  test('the client is the last that is not a trusted proxy', () => {
    const fields = ['X-Forwarded-For', '6.6.6.6, 1.1.1.1:99, 10.0.0.2']
    const isTrusted = (address: string) => address.startsWith('10.')
    assert.equal(forwardedClient(fields, friend, isTrusted), '1.1.1.1')
    assert.equal(forwardedClient(fields, stranger, isTrusted), '192.0.2.1')
    assert.equal(forwardedClient([], friend, isTrusted), '10.0.0.1')
    assert.equal(forwardedClient(['X-Forwarded-For', '10.0.0.9, 10.0.0.2'], friend, isTrusted), '10.0.0.9')
    assert.deepEqual(forwardedChain(['X-Forwarded-For', '[::1]:80, unknown']), ['::1', 'unknown'])
  })
})
