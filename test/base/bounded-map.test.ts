// Is what is remembered about clients' keys bounded, whatever they are?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BoundedMap } from '../../src/base/bounded-map.ts'

describe('a bounded map', () => {
  test('what was set longest ago goes first', () => {
    const map = new BoundedMap<number>({ keys: 2, characters: 100 })
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      map.set(key, value)
    assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [3, undefined, 4])
  })

  test('long keys take the place of many short ones, too long ones are not remembered', () => {
    const map = new BoundedMap<number>({ keys: 100, characters: 10 })
    for (const key of ['a', 'b', 'c'.repeat(9), 'd'.repeat(11)]) map.set(key, 1)
    assert.deepEqual([map.get('a'), map.get('b'), map.size], [undefined, 1, 2])
  })

  test('neither bound is ever exceeded, and the newest is there if it fits, for all keys', () => {
    const property = fc.property(fc.array(fc.string({ maxLength: 12 })), keys => {
      const map = new BoundedMap<true>({ keys: 3, characters: 10 })
      for (const key of keys) {
        map.set(key, true)
        const held = [...new Set(keys)].filter(each => map.get(each) === true)
        assert.ok(held.length <= 3 && held.join('').length <= 10)
        assert.equal(map.get(key), key.length <= 10 ? true : undefined)
      }
    })
    fc.assert(property)
  })
})
