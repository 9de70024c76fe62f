// Names to purge by, and queries the origin calls equivalent (RFC 9875, surrogate tags,
// No-Vary-Search).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CACHE_ONLY_FIELDS, cacheGroups, invalidatedGroups, responseTags } from '../../src/http/groups.ts'
import { canonicalQuery, equivalentQuery, searchVariance } from '../../src/http/no-vary-search.ts'

describe('cache groups (RFC 9875)', () => {
  test('a list of strings, over lines, each once', () => {
    assert.deepEqual(cacheGroups(['Cache-Groups', '"a", "b c";x=1', 'cache-groups', '"a"']), ['a', 'b c'])
    assert.deepEqual(invalidatedGroups(['Cache-Group-Invalidation', '"a"']), ['a'])
    assert.deepEqual(cacheGroups([]), [])
  })

  test('anything else in it makes it nothing', () => {
    for (const value of ['a', '"a", b', '"a', '1', '("a")', '"a",'])
      assert.deepEqual(cacheGroups(['Cache-Groups', value]), [], value)
  })
})

describe('surrogate tags', () => {
  test('come from three fields in their own separators', () => {
    const fields = ['Surrogate-Key', 'a  b', 'Cache-Tag', 'c d, e,', 'xkey', 'f g,a']
    assert.deepEqual(responseTags(fields), ['a', 'b', 'c d', 'e', 'f', 'g'])
  })

  test('are not for clients, groups are', () => {
    assert.deepEqual([...CACHE_ONLY_FIELDS].sort(), ['cache-tag', 'pillion-cache-control', 'surrogate-key', 'xkey'])
  })
})

const rule = (value: string) => searchVariance(['No-Vary-Search', value])
const same = (value: string, one: string | undefined, other: string | undefined) =>
  equivalentQuery(one, other, rule(value))

describe('No-Vary-Search', () => {
  test('key-order: the order of names means nothing, that of equal names does', () => {
    assert.equal(same('key-order', 'a=1&b=2', 'b=2&a=1'), true)
    assert.equal(same('key-order', 'a=1&a=2', 'a=2&a=1'), false)
    assert.equal(same('key-order=?0', 'a=1&b=2', 'b=2&a=1'), false)
  })

  test('params: none of them count, or none of those named', () => {
    assert.equal(same('params', 'a=1', 'b=2'), true)
    assert.equal(same('params', 'a=1', undefined), true)
    assert.equal(same('params=("utm" "x y")', 'a=1&utm=2', 'utm=3&x+y=1&a=1'), true)
    assert.equal(same('params=("utm")', 'a=1', 'a=2'), false)
  })

  test('except: those count', () => {
    assert.equal(same('params, except=("a")', 'a=1&b=2', 'c=3&a=1'), true)
    assert.equal(same('params, except=("a")', 'a=1', 'a=2'), false)
  })

  test('queries are read as forms', () => {
    assert.equal(same('key-order', '%61=1', 'a=1'), true)
    assert.equal(same('key-order', 'a=1+2', 'a=1%202'), true)
    assert.equal(same('params=("a%26")', 'a%26=1', ''), true)
    assert.equal(same('params=("a&b")', 'a%26b=1', ''), true)
  })

  test('octets that are no UTF-8 are never called equal', () => {
    assert.equal(same('key-order', 'a=%ff', 'a=%fe'), false)
    assert.equal(same('key-order', 'a=%ff', 'a=%ff'), true)
  })

  test('whatever is malformed says nothing', () => {
    for (const value of [
      '',
      'key-order=1',
      'params=1',
      'params=("a" b)',
      'except=("a")',
      'params=("a"), except=("b")',
      'params, except',
      'params, except="a"',
      'params=(',
      'params=?0, except=("a")',
    ]) {
      assert.equal(rule(value), undefined, value)
    }
    assert.equal(equivalentQuery('a', 'b', undefined), false)
    assert.equal(equivalentQuery(undefined, '', undefined), false)
  })

  test('what still counts tells queries apart, for all queries', () => {
    const pairs = fc.array(fc.tuple(fc.string(), fc.string()))
    const counting = (list: [string, string][]) => list.filter(([name]) => name !== 'ignored')
    const form = (list: [string, string][]) =>
      canonicalQuery(new URLSearchParams(list).toString(), rule('params=("ignored")'))
    fc.assert(
      fc.property(pairs, pairs, (one, other) => {
        const equal = JSON.stringify(counting(one)) === JSON.stringify(counting(other))
        assert.equal(form(one) === form(other), equal)
      }),
    )
  })

  test('reading is total, for all strings', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (field, query) =>
        assert.equal(typeof canonicalQuery(query, rule(field)), 'string'),
      ),
    )
  })
})
