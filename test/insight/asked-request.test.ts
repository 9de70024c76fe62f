// Does a URL on a command line become the request that the proxy would see?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { presentedRequest } from '../../src/insight/asked-request.ts'

const asked = (url: string, fields: string[] = []) => presentedRequest({ method: 'GET', url, fields })

describe('a request somebody asks about', () => {
  const table: [
    url: string,
    fields: string[],
    scheme: string,
    host: string,
    path: string,
    query: string | undefined,
  ][] = [
    ['/a?b=1', [], 'http', 'localhost', '/a', 'b=1'],
    ['/a', ['Host', 'API.test:80'], 'http', 'api.test', '/a', undefined],
    ['https://api.test', [], 'https', 'api.test', '/', undefined],
    ['HTTPS://api.test:443?x', [], 'https', 'api.test', '/', 'x'],
    ['http://[::1]:8080/%2F?#top', [], 'http', '[::1]:8080', '/%2F', ''],
    ['//a', [], 'http', 'localhost', '//a', undefined],
  ]
  for (const [url, fields, scheme, host, path, query] of table) {
    test(`${url} ${fields.join(': ')}`, () => {
      const request = asked(url, fields)
      assert.ok(typeof request !== 'string')
      const { method, hasBody, fields: kept } = request
      assert.deepEqual(request, { method, scheme, host, path, query, fields: kept, hasBody })
    })
  }

  const refused: [url: string, reason: RegExp][] = [
    ['a/b', /begins with neither/],
    ['ftp://a/b', /begins with neither/],
    ['', /begins with neither/],
    ['http://a b/', /is no host/],
    ['http://user@a/', /is no host/],
    ['/a/../b', /answered 400/],
    ['/a b', /write %20/],
    ['/ä', /write %C3%A4/],
  ]
  for (const [url, reason] of refused) {
    test(`"${url}" is refused`, () => {
      const refusal = asked(url)
      assert.ok(typeof refusal === 'string')
      assert.match(refusal, reason)
    })
  }

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), url => void asked(url)))
  })
})
