// How old a stored response is (RFC 9111 §4.2.3), and how Age is read (§5.1).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { epochMs, milliseconds } from '../../src/base/units.ts'
import { ageOnArrival, ageValue, currentAge, parseAge } from '../../src/http/age.ts'
import { formatHttpDate } from '../../src/http/dates.ts'
import { aResponse, noon, secondsAfter } from '../builders/messages.ts'

describe('Age (RFC 9111 §5.1)', () => {
  test('the first member counts, of one line or of several', () => {
    assert.equal(parseAge(['7200, 0']), 7200)
    assert.equal(parseAge(['0, 7200']), 0)
    assert.equal(parseAge(['7200', '0']), 7200)
    assert.equal(parseAge(['0', '7200']), 0)
  })

  test('what is not digits is ignored', () => {
    for (const text of ['abc', '-7200', '7200.0', '7200;foo=bar', '7200;foo=111', '', '1 2', 'abc, 7200']) {
      assert.equal(parseAge([text]), undefined, text)
    }
  })

  test('values are clamped to 2^31', () => {
    assert.deepEqual(
      [['2147483647'], ['2147483648'], ['2147483649']].map(parseAge),
      [2147483647, 2147483648, 2147483648],
    )
  })
})

describe('age on arrival (RFC 9111 §4.2.3)', () => {
  test('Age and the time the exchange took add up', () => {
    const stored = aResponse({ fields: { Age: '30' }, requestTime: secondsAfter(noon, -2) })
    assert.equal(ageOnArrival(stored), 32_000)
  })

  test('the larger of Age and the difference of clocks counts', () => {
    const slow = { Date: formatHttpDate(secondsAfter(noon, -10)) }
    assert.equal(ageOnArrival(aResponse({ fields: { ...slow, Age: '25' } })), 25_000)
    assert.equal(ageOnArrival(aResponse({ fields: { ...slow, Age: '5' } })), 10_000)
  })

  test('a Date in the future makes nothing younger than zero', () => {
    const fast = { Date: formatHttpDate(secondsAfter(noon, 10)) }
    assert.equal(ageOnArrival(aResponse({ fields: fast })), 0)
    assert.equal(ageOnArrival(aResponse({ fields: { ...fast, Age: '15' } })), 15_000)
  })

  test('a second of Date that has begun is not a second of age', () => {
    const received = (ms: number) =>
      aResponse({ fields: { Date: formatHttpDate(noon) }, responseTime: epochMs(noon + ms) })
    assert.deepEqual(
      [999, 1000, 1001].map(ms => ageOnArrival(received(ms))),
      [0, 1000, 1000],
    )
  })

  test('a clock that was set back during the exchange adds no delay', () => {
    assert.equal(ageOnArrival(aResponse({ requestTime: secondsAfter(noon, 5) })), 0)
  })
})

describe('current age (RFC 9111 §4.2.3)', () => {
  test('grows with the time it has been here', () => {
    const stored = aResponse({ fields: { Age: '30' } })
    assert.equal(ageValue(currentAge(stored, secondsAfter(noon, 3))), '33')
  })

  test('is told in whole seconds, never below zero', () => {
    assert.deepEqual(
      [0, 999, 1000, -5].map(ms => ageValue(milliseconds(ms))),
      ['0', '0', '1', '0'],
    )
    assert.equal(ageValue(milliseconds(1e18)), '2147483648')
  })

  test('never falls as time goes on, nor below the age on arrival, for all clocks', () => {
    const offset = fc.integer({ min: -1e9, max: 1e9 })
    const facts = fc.record({
      date: offset,
      sent: offset,
      age: fc.oneof(fc.nat().map(String), fc.string()),
      one: offset,
      other: offset,
    })
    fc.assert(
      fc.property(facts, ({ date, sent, age, one, other }) => {
        const fields = { Date: formatHttpDate(epochMs(noon + date)), Age: age }
        const stored = aResponse({ fields, requestTime: epochMs(noon + sent) })
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)].map(ms =>
          currentAge(stored, epochMs(noon + ms)),
        )
        assert.ok((later as number) >= (earlier as number))
        assert.ok((earlier as number) >= ageOnArrival(stored) && ageOnArrival(stored) >= 0)
      }),
    )
  })
})
