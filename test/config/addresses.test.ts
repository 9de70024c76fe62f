// Are addresses, upstream URLs and networks read in their one right way?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  formatAddress,
  isLoopback,
  parseAddress,
  parseNetwork,
  parseUpstreamUrl,
  withoutUserinfo,
} from '../../src/config/addresses.ts'

function accepted<T>(parsed: { ok: true; value: T } | { ok: false; message: string }): T {
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return parsed.value
}

describe('listening addresses', () => {
  test('every form of the contract is read', () => {
    assert.deepEqual(accepted(parseAddress('0.0.0.0:8080')), { kind: 'tcp', host: '0.0.0.0', port: 8080 })
    assert.deepEqual(accepted(parseAddress(':8080')), { kind: 'tcp', host: undefined, port: 8080 })
    assert.deepEqual(accepted(parseAddress('[::1]:0')), { kind: 'tcp', host: '::1', port: 0 })
    assert.deepEqual(accepted(parseAddress('unix:/run/pillion.sock')), { kind: 'unix', path: '/run/pillion.sock' })
  })

  test('every form is printed as it is written', () => {
    for (const text of ['0.0.0.0:8080', ':8080', '[::1]:0', 'unix:/run/pillion.sock', 'localhost:1']) {
      assert.equal(formatAddress(accepted(parseAddress(text))), text)
    }
  })

  test('only what no other machine can reach is loopback', () => {
    const local = ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '[::1]:1', 'unix:/a']
    const open = ['0.0.0.0:1', ':1', '[::]:1', '10.0.0.1:1', '127.0.0.1.example.com:1']
    assert.deepEqual(
      [...local, ...open].map(text => isLoopback(accepted(parseAddress(text)))),
      [...local.map(() => true), ...open.map(() => false)],
    )
  })

  test('a socket path of 107 bytes fits and one of 108 does not', () => {
    assert.equal(parseAddress(`unix:/${'a'.repeat(106)}`).ok, true)
    assert.equal(parseAddress(`unix:/${'a'.repeat(107)}`).ok, false)
  })
})

describe('upstream URLs', () => {
  test('the port follows from the scheme where it is not written', () => {
    assert.equal(accepted(parseUpstreamUrl('http://api')).port, 80)
    assert.equal(accepted(parseUpstreamUrl('https://api')).port, 443)
    assert.equal(accepted(parseUpstreamUrl('https://api:8443/')).authority, 'api:8443')
  })

  test('IPv6 loses its brackets as a host name and keeps them as authority', () => {
    const url = accepted(parseUpstreamUrl('http://[::1]:8000'))
    assert.deepEqual([url.hostname, url.port, url.authority], ['::1', 8000, '[::1]:8000'])
  })

  test('a socket is a path without a host', () => {
    const url = accepted(parseUpstreamUrl('http+unix:///run/api.sock'))
    assert.deepEqual(
      [url.socketPath, url.authority, url.href],
      ['/run/api.sock', 'localhost', 'http+unix:///run/api.sock'],
    )
  })

  test('a password is repeated by no message', () => {
    for (const text of [
      'http://u:hunter2@h',
      'ftp://u:hunter2@h',
      'u:hunter2@h:80',
      'http://u:hun/ter2@h',
      'https://hunter2@h/p',
    ]) {
      const parsed = parseUpstreamUrl(text)
      assert.ok(!parsed.ok)
      assert.doesNotMatch(parsed.message + parsed.hint, /hunter2|ter2/)
    }
  })
})

test('networks are CIDRs, single addresses and `private`', () => {
  const right = ['10.0.0.0/8', '::1/128', 'fc00::/7', '192.0.2.1', 'private', '0.0.0.0/0']
  const wrong = ['10.0.0.0/33', '::/129', '10.0.0/8', 'fe80::1%eth0', '10.0.0.0/8/8', '10.0.0.0/', 'public', '']
  assert.deepEqual(
    [...right, ...wrong].map(text => parseNetwork(text).ok),
    [...right.map(() => true), ...wrong.map(() => false)],
  )
})

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'http://', 'unix:', 'http+unix://', '['),
      (text, start) => {
        parseAddress(start + text)
        parseUpstreamUrl(start + text)
        parseNetwork(start + text)
        withoutUserinfo(start + text)
      },
    ),
  )
})
