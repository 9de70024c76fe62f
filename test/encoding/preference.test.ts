// Which coding does an Accept-Encoding ask for?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { preferenceOf } from '../../src/encoding/preference.ts'

const AUTO = ['zstd', 'br', 'gzip'] as const

describe('what a client prefers (RFC 9110 §12.5.3)', () => {
  test("equal weights keep the route's order, unequal ones the client's", () => {
    assert.equal(preferenceOf(AUTO, 'gzip, br, zstd').best, 'zstd')
    assert.equal(preferenceOf(AUTO, 'gzip, br;q=0.9, zstd;q=0.8').best, 'gzip')
    assert.equal(preferenceOf(['gzip'], 'gzip;q=0.1, br').best, 'gzip')
  })

  test('identity that is excluded is told, by name and by *', () => {
    assert.equal(preferenceOf(AUTO, 'gzip, identity;q=0').identity, false)
    assert.equal(preferenceOf(AUTO, 'gzip, *;q=0').identity, false)
    assert.equal(preferenceOf(AUTO, 'gzip').identity, true)
    assert.equal(preferenceOf(AUTO, undefined).identity, true)
  })

  test('a coding that only * stands for is the oldest', () => {
    assert.equal(preferenceOf(AUTO, '*').best, 'gzip')
    assert.equal(preferenceOf(AUTO, 'gzip;q=0, *').best, 'br')
  })

  test('the same field is weighed once, and what is remembered is bounded', () => {
    assert.equal(preferenceOf(AUTO, 'br'), preferenceOf(AUTO, 'br'))
    const first = preferenceOf(AUTO, 'x-first, br')
    for (let at = 0; at < 1000; at++) preferenceOf(AUTO, `x-${at}, br`)
    assert.notEqual(preferenceOf(AUTO, 'x-first, br'), first)
    const long = `br, ${'x'.repeat(300)}`
    assert.notEqual(preferenceOf(AUTO, long), preferenceOf(AUTO, long))
  })
})
