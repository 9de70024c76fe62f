// HTTP-dates are read strictly in three formats and written in one (RFC 9110 §5.6.7).
// What is refused matters as much as what is read: an Expires that can't be read means
// "already expired", so a lenient parser would serve too long.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { epochMs } from '../../src/base/units.ts'
import { dateField, dateOf, formatHttpDate, parseHttpDate, withDate } from '../../src/http/dates.ts'
import { noon } from '../builders/messages.ts'

const read = (text: string) => parseHttpDate(text, noon)
const instant = (text: string) => Date.parse(text)

describe('HTTP-date (RFC 9110 §5.6.7)', () => {
  test('all three formats name the same instant', () => {
    const expected = instant('1994-11-06T08:49:37Z')
    assert.equal(read('Sun, 06 Nov 1994 08:49:37 GMT'), expected)
    assert.equal(read('Sunday, 06-Nov-94 08:49:37 GMT'), expected)
    assert.equal(read('Sun Nov  6 08:49:37 1994'), expected)
  })

  test('letter case is free, as RFC 9111 §4.2 asks of caches', () => {
    for (const text of [
      'THU, 18 Aug 2050 02:01:18 GMT',
      'Thu, 18 AUG 2050 02:01:18 GMT',
      'thu, 18 aug 2050 02:01:18 gMT',
    ]) {
      assert.equal(read(text), instant('2050-08-18T02:01:18Z'), text)
    }
  })

  test("the day's name is not held against the date", () => {
    assert.equal(read('Thu Aug  8 02:01:18 2050'), instant('2050-08-08T02:01:18Z'))
  })

  test('whatever departs from the grammar is no date', () => {
    const wrong = [
      '',
      '0',
      '-1',
      'Thu, 18 Aug 2050 02:01:18 UTC',
      'Thu, 18 Aug 2050 02:01:18 AEST',
      'Thu, 18 Aug 2050 02:01:18 +0000',
      'Thu, 18 Aug 2050 02:01:18',
      'Thu, 18 Aug 50 02:01:18 GMT',
      'Thu 18 Aug 2050 02:01:18 GMT',
      'Thu, 18  Aug  2050 02:01:18 GMT',
      'Thu, 18-Aug-2050 02:01:18 GMT',
      'Thu, 18 Aug 2050 02.01.18 GMT',
      'Thu, 18 Aug 2050 2:01:18 GMT',
      'Thu, 8 Aug 2050 02:01:18 GMT',
      'Xyz, 18 Aug 2050 02:01:18 GMT',
      'Thu, 18 Aug 2050 24:01:18 GMT',
      'Thu, 18 Aug 2050 02:60:18 GMT',
      'Thu, 18 Aug 2050 02:01:61 GMT',
      'Thu, 31 Jun 2050 02:01:18 GMT',
      'Wed, 29 Feb 2023 00:00:00 GMT',
      'Thu, 00 Jun 2050 02:01:18 GMT',
      'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT',
      '2050-08-18T02:01:18Z',
      'Thu Aug 8 02:01:18 2050',
    ]
    assert.deepEqual(
      wrong.filter(text => read(text) !== undefined),
      [],
    )
  })

  test('a leap second and a leap day are dates', () => {
    assert.equal(read('Sat, 31 Dec 2016 23:59:60 GMT'), instant('2017-01-01T00:00:00Z'))
    assert.equal(read('Thu, 29 Feb 2024 00:00:00 GMT'), instant('2024-02-29T00:00:00Z'))
  })

  test('a two-digit year reaches at most 50 years ahead', () => {
    assert.equal(read('Friday, 04-Nov-76 12:00:00 GMT'), instant('2076-11-04T12:00:00Z'))
    assert.equal(read('Friday, 05-Nov-76 12:00:00 GMT'), instant('2076-11-05T12:00:00Z'))
    assert.equal(read('Friday, 05-Nov-76 12:00:01 GMT'), instant('1976-11-05T12:00:01Z'))
  })

  test('near the end of a century, a small year is the next one’s', () => {
    assert.equal(
      parseHttpDate('Friday, 05-Nov-10 12:00:00 GMT', epochMs(instant('2090-01-01T00:00:00Z'))),
      instant('2110-11-05T12:00:00Z'),
    )
  })

  test('what is written is read back to the second, for all instants', () => {
    const seconds = fc.integer({
      min: instant('0001-01-01T00:00:00Z') / 1000,
      max: instant('9999-12-31T23:59:59Z') / 1000,
    })
    fc.assert(fc.property(seconds, second => assert.equal(read(formatHttpDate(epochMs(second * 1000))), second * 1000)))
  })

  test('reading is total, for all strings', () => {
    const dateLike = fc.stringMatching(/^(Thu|Thursday),? \d{1,2}[ -]Aug[ -]\d{2,4} \d{1,2}:\d\d:\d\d GMT$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), dateLike), text => {
        const found = read(text)
        assert.ok(found === undefined || Number.isInteger(found))
      }),
    )
  })
})

describe('date fields (RFC 9111 §4.2.1, RFC 9110 §6.6.1)', () => {
  const one = 'Thu, 18 Aug 2050 02:01:18 GMT'

  test('lines that agree are one date, lines that differ none', () => {
    assert.equal(dateField(['Expires', one, 'Expires', one], 'expires', noon), instant('2050-08-18T02:01:18Z'))
    assert.equal(dateField(['Expires', one, 'Expires', one.replace('18 GMT', '19 GMT')], 'expires', noon), 'invalid')
    assert.equal(dateField(['Expires', '0'], 'expires', noon), 'invalid')
    assert.equal(dateField([], 'expires', noon), undefined)
  })

  test('a missing or unreadable Date is the time of receipt', () => {
    assert.equal(dateOf([], noon), noon)
    assert.equal(dateOf(['Date', 'foo'], noon), noon)
    assert.deepEqual(withDate(['Date', 'foo', 'A', '1'], noon), ['A', '1', 'Date', 'Thu, 05 Nov 2026 12:00:00 GMT'])
  })

  test('a readable Date stays untouched', () => {
    assert.deepEqual(withDate(['date', one], noon), ['date', one])
  })
})
