// How often does a resource change, and how stale would answers be for a given lifetime?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds, ratio } from '../../src/base/units.ts'
import { changeRate, expectedStaleness, lifetimeFor } from '../../src/insight/change-rate.ts'

const second = milliseconds(1000)

describe('change rate', () => {
  test('is unknown where nothing was looked at twice', () => {
    assert.equal(changeRate({ intervals: [] }), undefined)
    assert.equal(changeRate({ intervals: [{ apart: second, looks: 0, changed: 0 }] }), undefined)
  })

  test('comes back from looks that a process of known rate would give', () => {
    for (const rate of [0.002, 0.1, 2]) {
      const intervals = [1, 10, 60].map(apart => {
        const looks = 100_000
        return { apart: milliseconds(apart * 1000), looks, changed: Math.round(looks * (1 - Math.exp(-rate * apart))) }
      })
      const found = changeRate({ intervals }) as number
      assert.ok(Math.abs(found / rate - 1) < 0.02, `${found} for ${rate}`)
    }
  })

  test('of a few looks without a change is small but not zero, of nothing but changes large but not endless', () => {
    const still = changeRate({ intervals: [{ apart: second, looks: 20, changed: 0 }] }) as number
    assert.ok(still > 0.01 && still < 0.05, `${still}`)
    const restless = changeRate({ intervals: [{ apart: second, looks: 20, changed: 20 }] }) as number
    assert.ok(restless > 2 && restless < 5, `${restless}`)
  })
})

describe('expected staleness 1 − (1 − e^(−λT)) / (λT)', () => {
  test('is 1/e where one change is expected in a lifetime', () => {
    assert.ok(Math.abs(expectedStaleness(1, second) - 1 / Math.E) < 1e-12)
  })

  test('rises from 0 towards 1 with the lifetime', () => {
    const shares = [1e-9, 1e-6, 1e-3, 1, 1e3, 1e6].map(each => expectedStaleness(1, milliseconds(each * 1000)))
    assert.ok(shares.every((share, at) => share >= 0 && share < 1 && (at === 0 || share > (shares[at - 1] as number))))
  })

  test('the lifetime for a target is as stale as the target', () => {
    const lifetime = lifetimeFor(0.01, ratio(0.05))
    assert.ok(Math.abs(expectedStaleness(0.01, lifetime) - 0.05) < 1e-9)
    assert.ok(Math.abs(lifetime - 10_340) < 100, `${lifetime} ms`)
  })
})
