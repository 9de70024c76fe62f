// When is a fresh response asked for again?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { milliseconds } from '../../src/base/units.ts'
import { longestHeadStart, refreshesAhead } from '../../src/cache/refresh-ahead.ts'

const origin = milliseconds(100)

describe('refreshesAhead (XFetch)', () => {
  test('the head start is the origin’s time at a chance of 1 - 1/e', () => {
    const chance = 1 - 1 / Math.E
    assert.equal(refreshesAhead(milliseconds(99), origin, chance), true)
    assert.equal(refreshesAhead(milliseconds(101), origin, chance), false)
  })

  test('never with more left than the longest head start, whatever the chance', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(10_000), (chance, time) => {
        const originTime = milliseconds(time)
        return !refreshesAhead(milliseconds(longestHeadStart(originTime) + 1), originTime, chance)
      }),
    )
  })
})
