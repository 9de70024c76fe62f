// Do distinct requests have distinct keys, and equal ones the same (invariant 3)?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { cacheKey } from '../../src/routing/cache-key.ts'
import { aRequest, aRoute } from './builders.ts'

const plain = aRoute('share: everyone')
const key = (line: string, rest = {}) => cacheKey(plain, aRequest(line, rest), undefined)

describe('the cache key (contract §3)', () => {
  test('HEAD has the key of GET, other methods their own', () => {
    assert.equal(key('HEAD /a'), key('GET /a'))
    assert.notEqual(key('POST /a'), key('GET /a'))
  })

  const differing: [what: string, one: string, other: string][] = [
    ['path', key('GET /a/b'), key('GET /ab')],
    ['a trailing slash', key('GET /a'), key('GET /a/')],
    ['the case of an escape', key('GET /%c3'), key('GET /%C3')],
    ['a bare question mark', key('GET /a?'), key('GET /a')],
    ['a parameter without =', key('GET /a?x'), key('GET /a?x=')],
    ['host', key('GET /a', { host: 'one.test' }), key('GET /a', { host: 'two.test' })],
    ['scheme', key('GET /a', { scheme: 'https' }), key('GET /a')],
  ]
  for (const [what, one, other] of differing) test(`${what} makes a difference`, () => assert.notEqual(one, other))

  test('fields count only where the route names them, absent and empty apart', () => {
    const vary = aRoute('vary: [X-Lang, Accept]')
    const keyed = (...fields: string[]) => cacheKey(vary, aRequest('GET /', { fields }), undefined)
    assert.equal(key('GET /', { fields: ['X-Lang', 'de'] }), key('GET /'))
    assert.equal(keyed('x-lang', 'de'), keyed('X-LANG', 'de'))
    const all = [
      keyed(),
      keyed('x-lang', ''),
      keyed('x-lang', 'de'),
      keyed('accept', 'de'),
      keyed('x-lang', 'd', 'accept', 'e'),
    ]
    assert.equal(new Set(all).size, all.length)
  })

  test('the caller is part of it', () => {
    const [none, one, other] = [undefined, 'a', 'b'].map(caller => cacheKey(plain, aRequest(), caller))
    assert.equal(new Set([none, one, other]).size, 3)
  })

  test('a body digest counts where the route keys on bodies', () => {
    const search = aRoute('body: true')
    const of = (bodyDigest: string) => cacheKey(search, aRequest('POST /', { bodyDigest }), undefined)
    assert.notEqual(of('one'), of('two'))
    assert.equal(key('POST /', { bodyDigest: 'one' }), key('POST /', { bodyDigest: 'two' }))
  })

  test('what decides sharing is in the prefix, lifetimes are not', () => {
    const prefixes = [
      aRoute('share: everyone'),
      aRoute('share: auto'),
      aRoute('share: user'),
      aRoute('share: user', 'identity: { user: [{ header: X-User }] }'),
      aRoute('share: auto', 'credentials: [Authorization]'),
      aRoute('share: auto, vary: [Accept]'),
    ].map(route => route.keyPrefix)
    assert.equal(new Set(prefixes).size, prefixes.length)
    assert.equal(aRoute('share: user, ttl: 1m').keyPrefix, aRoute('share: user, ttl: 2m').keyPrefix)
  })

  test('distinct parts never meet in one key', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '-', '/', 's'), maxLength: 5 })
    const parts = fc.record({
      method: fc.constantFrom('GET', 'POST', 'QUERY'),
      scheme: fc.constantFrom('http' as const, 'https' as const),
      host: text,
      path: text.map(rest => `/${rest}`),
      query: fc.option(text, { nil: undefined }),
      bodyDigest: fc.option(text, { nil: undefined }),
      field: fc.option(text, { nil: undefined }),
      caller: fc.option(text, { nil: undefined }),
    })
    const route = aRoute('vary: [x], body: true')
    type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never
    const keyOf = ({ field, caller, bodyDigest, ...request }: Parts) => {
      const fields = field === undefined ? [] : ['X', field]
      const body = bodyDigest === undefined ? {} : { bodyDigest }
      return cacheKey(route, aRequest('GET /', { ...request, ...body, fields }), caller)
    }
    const property = fc.property(parts, parts, (one, other) => {
      assert.equal(keyOf(one) === keyOf(other), JSON.stringify(one) === JSON.stringify(other))
    })
    fc.assert(property, { numRuns: 2000 })
  })
})
