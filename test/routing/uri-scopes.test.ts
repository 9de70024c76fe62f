// Does a purge by URL reach whatever a request for that URL would be given?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { purgedUris, storedUri } from '../../src/routing/uri-scopes.ts'
import { aRequest, compile } from './builders.ts'

const { router } = compile(`
defaults: { query: { except: [utm_*] } }
routes:
  list: { match: GET /list, query: { only: [page] } }
  search: { match: GET /list, when: { header: { X: 1 } }, query: all }
  none: { match: "/{any}", query: none }
`).compiled

describe('URI texts', () => {
  test('a stored response is named by the query of its key', () => {
    const request = aRequest('GET /list?utm=1&page=2')
    assert.equal(storedUri(router.match(request), request), 'http://api.test/list?page=2')
    assert.equal(storedUri(router.match(aRequest('GET /')), aRequest('GET /')), 'http://api.test/')
  })

  test('a purged URL has one text for each way its routes reduce the query, and one for equivalent queries', () => {
    assert.deepEqual(purgedUris(router, aRequest('POST /list?page=2&b=1')).sort(), [
      'http://api.test/list',
      'http://api.test/list#',
      'http://api.test/list?b=1&page=2',
      'http://api.test/list?page=2',
    ])
  })

  test('what any request for a URL stores, a purge of that URL reaches', () => {
    const line = fc
      .tuple(
        fc.constantFrom('/', '/list', '/x', '/x/y'),
        fc.array(fc.constantFrom('page=1', 'page=2', 'utm_a=1', 'b', 'b=')),
      )
      .map(([path, query]) => `GET ${path}${query.length === 0 ? '' : `?${query.join('&')}`}`)
    const property = fc.property(line, fc.boolean(), (text, conditional) => {
      const request = aRequest(text, { fields: conditional ? ['X', '1'] : [] })
      assert.ok(purgedUris(router, request).includes(storedUri(router.match(request), request)))
    })
    fc.assert(property)
  })
})
