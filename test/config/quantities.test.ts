// Do quantities come out in the right unit, and back in the spelling of the file?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bytes, milliseconds } from '../../src/base/units.ts'
import {
  formatDuration,
  formatPercentage,
  formatSize,
  parseDuration,
  parsePercentage,
  parseSize,
} from '../../src/config/quantities.ts'

const amountOf = (parsed: ReturnType<typeof parseDuration | typeof parseSize | typeof parsePercentage>) =>
  parsed.ok ? parsed.value : parsed.message

describe('durations', () => {
  test('every unit comes out in milliseconds', () => {
    const spellings = ['500ms', '30s', '5m', '2h', '1d', '0s', '1.5s']
    assert.deepEqual(
      spellings.map(text => amountOf(parseDuration(text))),
      [500, 30_000, 300_000, 7_200_000, 86_400_000, 0, 1500],
    )
  })

  test('a fraction that floating point blurs still comes out whole', () => {
    assert.equal(amountOf(parseDuration('0.1s')), 100)
    assert.equal(amountOf(parseDuration('1.001s')), 1001)
  })

  test('2^31 seconds are accepted and one more is not', () => {
    assert.equal(parseDuration('2147483648s').ok, true)
    assert.equal(parseDuration('2147483649s').ok, false)
  })

  test('whatever is printed reads as the same duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), amount => {
        assert.equal(amountOf(parseDuration(formatDuration(milliseconds(amount)))), amount)
      }),
    )
  })
})

describe('sizes', () => {
  test('units are of 1024', () => {
    const spellings = ['512B', '64KiB', '8MiB', '1GiB', '0.5KiB']
    assert.deepEqual(
      spellings.map(text => amountOf(parseSize(text))),
      [512, 65_536, 8_388_608, 1_073_741_824, 512],
    )
  })

  test('whatever is printed reads as the same size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), amount => {
        assert.equal(amountOf(parseSize(formatSize(bytes(amount)))), amount)
      }),
    )
  })
})

describe('percentages', () => {
  test('0%, 10% and 100% are shares of one, and 100.1% is refused', () => {
    assert.deepEqual(
      ['0%', '10%', '12.5%', '100%'].map(text => amountOf(parsePercentage(text))),
      [0, 0.1, 0.125, 1],
    )
    assert.equal(parsePercentage('100.1%').ok, false)
  })

  test('7% is printed as 7%, not as what floating point makes of it', () => {
    const parsed = parsePercentage('7%')
    assert.ok(parsed.ok)
    assert.equal(formatPercentage(parsed.value), '7%')
  })
})

test('no text makes a parser throw, and a refusal always says what to write', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const parsed of [parseDuration(text), parseSize(text), parsePercentage(text)]) {
        if (!parsed.ok) assert.ok(parsed.message !== '' && parsed.hint !== '')
      }
    }),
  )
})
