// Is a head that is moved on the head that would be written then?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { type Instant, QuickHead } from '../../src/cache/quick-head.ts'
import { ageValue } from '../../src/http/age.ts'
import { formatCacheStatus } from '../../src/http/cache-status.ts'

const instant = (age: number, remaining: number): Instant => ({
  age: milliseconds(age),
  remaining: milliseconds(remaining),
})

function headAt({ age, remaining }: Instant, tellsRemaining = true): QuickHead {
  const left = Math.floor(remaining / 1000)
  const fields = ['X-Age', '12', 'Cache-Control', `public, max-age=${left}`, 'Cache-Status', 'upstream; hit; ttl=48']
  fields.push('Cache-Status', formatCacheStatus({ forwarded: undefined, ttl: remaining }), 'Age', ageValue(age))
  return new QuickHead('HTTP/1.1 200 OK\r\n', { status: 200, fields }, { age, remaining }, tellsRemaining)
}

const textOf = ({ octets }: QuickHead) => octets.toString('latin1')

describe('a head that is kept', () => {
  test('moved on, it is what would be written at that instant', () => {
    const head = headAt(instant(12_000, 48_000))

    assert.equal(head.moveTo(instant(15_400, 44_600)), true)

    assert.equal(textOf(head), textOf(headAt(instant(15_400, 44_600))))
  })

  test('it stays as it was where a number needs another digit', () => {
    const head = headAt(instant(9_999, 50_001))

    assert.equal(head.moveTo(instant(10_000, 50_000)), false)

    assert.equal(textOf(head), textOf(headAt(instant(9_999, 50_001))))
  })

  test('it stays as it was where a number needs a digit less', () => {
    const head = headAt(instant(50_000, 10_000))

    assert.equal(head.moveTo(instant(50_001, 9_999)), false)
    assert.equal(textOf(head), textOf(headAt(instant(50_000, 10_000))))
  })

  test("a max-age that is the origin's own never moves", () => {
    const head = headAt(instant(12_000, 48_000), false)

    head.moveTo(instant(13_000, 47_000))

    assert.match(textOf(head), /\r\nCache-Control: public, max-age=48\r\n/)
  })

  test('what a cache further up said stays as that cache said it', () => {
    const head = headAt(instant(12_000, 48_000))

    head.moveTo(instant(13_000, 47_000))

    assert.match(textOf(head), /\r\nCache-Status: upstream; hit; ttl=48\r\nCache-Status: pillion; hit; ttl=47\r\n/)
  })
})
