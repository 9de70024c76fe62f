// Hosts, refused paths, references, and what an unsafe request invalidates
// (RFC 3986 §3.2, §5.2; RFC 9110 §7.2; RFC 9111 §4.4; contract §3).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { invalidatedTargets, isSafeMethod } from '../../src/http/invalidation.ts'
import { hasForbiddenPath, isIpv4, isIpv6, parseAuthority, resolveSameOrigin } from '../../src/http/uri.ts'
import { aRequest, aResponse, type FieldRecord } from '../builders/messages.ts'

describe('authorities (RFC 3986 §3.2, RFC 9110 §4.2)', () => {
  test('have one form: lower case, no default port', () => {
    assert.equal(parseAuthority('Clinic.Example:8080'), 'clinic.example:8080')
    assert.equal(parseAuthority('a:80'), 'a')
    assert.equal(parseAuthority('a:'), 'a')
    assert.equal(parseAuthority('a:0443', 'https'), 'a')
    assert.equal(parseAuthority('a:443'), 'a:443')
    assert.equal(parseAuthority('[::1]:8080'), '[::1]:8080')
    assert.equal(parseAuthority('my_host'), 'my_host')
  })

  test('are refused where they are anything else', () => {
    const invalid = [
      '',
      ':80',
      'a b',
      'a,b',
      'a, b',
      'u@a',
      'a/b',
      'a?b',
      'a#b',
      'a\\b',
      'a:b',
      'a:-1',
      'a:65536',
      'a:123456',
      'a:80:80',
      '::1',
      '[::1',
      '[::1]x',
      '[fe80::1%25eth0]',
      '[a]',
      'a%',
      'a%zz',
      'ä',
      'a\n',
      'a\u0000',
      '[]',
    ]
    assert.deepEqual(
      invalid.filter(text => parseAuthority(text) !== undefined),
      [],
    )
    assert.deepEqual(
      ['a:65534', 'a:65535', 'a:65536'].map(text => parseAuthority(text)),
      ['a:65534', 'a:65535', undefined],
    )
  })

  test('reading is total and idempotent, for all strings', () => {
    const hostLike = fc.stringMatching(/^[a-zA-Z0-9.:[\]@,%-]{0,20}$/)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          hostLike,
          fc.ipV6().map(ip => `[${ip}]:1`),
          fc.ipV4(),
        ),
        text => {
          const host = parseAuthority(text)
          if (host !== undefined) assert.equal(parseAuthority(host), host)
        },
      ),
    )
  })

  test('addresses are recognised, for all of them', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV4(), (six, four) => assert.deepEqual([isIpv6(six), isIpv4(four)], [true, true])),
    )
    const not6 = [
      '',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '12345::',
      'g::',
      '1.2.3.4',
      '::1.2.3.256',
    ]
    assert.deepEqual(not6.filter(isIpv6), [])
    assert.deepEqual(['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.4.', ''].filter(isIpv4), [])
  })
})

describe('paths (contract §3)', () => {
  test('with dot segments, encoded or not, %00, backslashes or control bytes are refused', () => {
    const forbidden = [
      '/.',
      '/..',
      '/a/../b',
      '/a/./b',
      '/a/%2e%2E/b',
      '/a/%2e',
      '/a/..%2fb',
      '/a%2f..%2fb',
      '/a%2F.%2e/b',
      '/..%5cb',
      '/a%00b',
      '/a\\b',
      '/a\u0000',
      '/a\u001fb',
      '/a\u007f',
      '/a\tb',
    ]
    assert.deepEqual(
      forbidden.filter(path => !hasForbiddenPath(path)),
      [],
    )
  })

  test('with anything else pass', () => {
    const allowed = [
      '/',
      '//',
      '/a//b',
      '/a%2fb',
      '/...',
      '/a..b',
      '/.well-known/x',
      '/a.',
      '/%252e%252e/',
      '/ä',
      '/a;b=..;',
      '/a%5cb',
    ]
    assert.deepEqual(allowed.filter(hasForbiddenPath), [])
  })
})

describe('references (RFC 3986 §5.2)', () => {
  const base = aRequest({ target: '/b/c/d;p?q' })
  const resolve = (reference: string) => resolveSameOrigin(reference, base)

  test('resolve as the examples of §5.4 do', () => {
    const examples: Record<string, string> = {
      g: '/b/c/g',
      './g': '/b/c/g',
      'g/': '/b/c/g/',
      '/g': '/g',
      '?y': '/b/c/d;p?y',
      'g?y': '/b/c/g?y',
      '#s': '/b/c/d;p?q',
      'g#s': '/b/c/g',
      ';x': '/b/c/;x',
      '.': '/b/c/',
      './': '/b/c/',
      '..': '/b/',
      '../g': '/b/g',
      '../..': '/',
      '../../g': '/g',
      '../../../g': '/g',
      '/./g': '/g',
      'g.': '/b/c/g.',
      '..g': '/b/c/..g',
      './g/.': '/b/c/g/',
      'g/./h': '/b/c/g/h',
      'g/../h': '/b/c/h',
      'g?y/../x': '/b/c/g?y/../x',
    }
    for (const [reference, target] of Object.entries(examples)) assert.equal(resolve(reference), target, reference)
  })

  test('of the same origin alone', () => {
    assert.equal(resolve('http://CLINIC.example:80/x?y'), '/x?y')
    assert.equal(resolve('//clinic.example'), '/')
    for (const other of [
      'https://clinic.example/x',
      'http://clinic.example:81/x',
      '//other.example/x',
      'http:x',
      'mailto:x',
      'http://u@clinic.example/',
      'http:///x',
    ]) {
      assert.equal(resolve(other), undefined, other)
    }
  })

  test('percent-encoding and case of the path are kept', () => {
    assert.equal(resolve('/A%2fb'), '/A%2fb')
  })

  test('what cannot be a reference is none', () => {
    for (const text of ['', ' ', '/a b', '/a\tb', '/a\u0000'])
      assert.equal(resolve(text), undefined, JSON.stringify(text))
  })

  test('resolving is total and yields a path, for all strings', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[./a?#]*$/)), reference => {
        const target = resolve(reference)
        assert.ok(target === undefined || target.startsWith('/'))
      }),
    )
  })
})

describe('invalidation (RFC 9111 §4.4)', () => {
  const targets = (method: string, fields: FieldRecord = {}, status = 200) =>
    invalidatedTargets(aRequest({ method, target: '/a?b' }), aResponse({ status, fields }))

  test('the target of an unsafe or unknown method that did not fail', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'get'])
      assert.deepEqual(targets(method), ['/a?b'], method)
    assert.deepEqual(
      [199, 200, 399, 400, 500].map(status => targets('POST', {}, status).length),
      [0, 1, 1, 0, 0],
    )
  })

  test('no safe method', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']) {
      assert.deepEqual([isSafeMethod(method), targets(method)], [true, []], method)
    }
  })

  test('Location and Content-Location of the same origin', () => {
    const fields = { Location: '/new', 'Content-Location': 'http://clinic.example/a?b' }
    assert.deepEqual(targets('POST', fields), ['/a?b', '/new'])
    assert.deepEqual(targets('POST', { Location: 'http://other.example/new' }), ['/a?b'])
  })
})
