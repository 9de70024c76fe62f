// Which parameters reach the key and the origin, and in which order?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KeptQuery } from '../../src/config/route-values.ts'
import { forwardedQuery, keyedQuery } from '../../src/routing/query.ts'

const ALL: KeptQuery = { kind: 'all' }
const only = (...names: string[]): KeptQuery => ({ kind: 'only', names })
const except = (...names: string[]): KeptQuery => ({ kind: 'except', names })

describe('query parameters in the key (contract §3)', () => {
  const table: [
    rule: KeptQuery,
    query: string | undefined,
    keyed: string | undefined,
    forwarded: string | undefined,
  ][] = [
    [ALL, undefined, undefined, undefined],
    [ALL, '', '', ''],
    [ALL, 'b=2&a=1', 'a=1&b=2', 'b=2&a=1'],
    [ALL, 'a=2&b=1&a=1', 'a=2&a=1&b=1', 'a=2&b=1&a=1'],
    [ALL, 'a&a=', 'a&a=', 'a&a='],
    [ALL, 'b&&a', '&a&b', 'b&&a'],
    [ALL, 'q=%61+b', 'q=%61+b', 'q=%61+b'],
    [{ kind: 'none' }, 'a=1', undefined, undefined],
    [{ kind: 'none' }, '', undefined, undefined],
    [only('page', 'limit'), 'utm=1&page=2&limit=3', 'limit=3&page=2', 'page=2&limit=3'],
    [only('page'), 'utm=1', undefined, undefined],
    [only('page'), 'p%61ge=2&Page=3', undefined, undefined],
    [only('filter*'), 'filter[a]=1&filter=2&fil=3', 'filter=2&filter[a]=1', 'filter[a]=1&filter=2'],
    [except('utm_*', 'fbclid'), 'utm_source=x&a=1&fbclid=9', 'a=1', 'a=1'],
    [except('utm_*'), 'utm_source=x', undefined, undefined],
  ]
  for (const [rule, query, keyed, forwarded] of table) {
    test(`${JSON.stringify(rule)}: ${JSON.stringify(query)} is keyed as ${JSON.stringify(keyed)}`, () => {
      assert.equal(keyedQuery(rule, query), keyed)
      assert.equal(forwardedQuery(rule, query), forwarded)
    })
  }

  test('one name in two spellings keeps its order, for the origin reads it as one', () => {
    assert.equal(keyedQuery(ALL, 'a=1&%61=2'), 'a=1&%61=2')
    assert.equal(keyedQuery(ALL, '%61=2&a=1'), '%61=2&a=1')
  })

  const parameter = fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'aa', 'A'), fc.constantFrom('', '=', '=1', '=2'))
    .map(parts => parts.join(''))
  const names = fc.subarray(['a', 'b', 'c', 'a*'])
  const rule = fc.oneof(
    fc.constant(ALL),
    names.map(list => only(...list)),
    names.map(list => except(...list)),
  )

  test('order never matters between parameters of different names', () => {
    const distinct = fc.uniqueArray(parameter, { selector: text => text.split('=')[0], minLength: 1 })
    const property = fc.property(
      rule,
      distinct.chain(list => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      (kept, [list, shuffled]) => {
        assert.equal(keyedQuery(kept, list.join('&')), keyedQuery(kept, shuffled.join('&')))
      },
    )
    fc.assert(property)
  })

  test('what is keyed is what is forwarded, but for the order', () => {
    const property = fc.property(rule, fc.array(parameter, { minLength: 1 }), (kept, list) => {
      const forwarded = forwardedQuery(kept, list.join('&'))
      assert.deepEqual(keyedQuery(kept, list.join('&'))?.split('&').sort(), forwarded?.split('&').sort())
      assert.equal(keyedQuery(kept, forwarded), keyedQuery(kept, list.join('&')))
    })
    fc.assert(property)
  })
})
