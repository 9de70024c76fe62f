// When do looks at what callers are owed show that answers are personal?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Digest, OwedHistory } from '../../src/cache/owed-history.ts'

/** `A1 B2`: caller A is owed 1, then B 2. True where one of the looks showed it. */
function personal(looks: string): boolean {
  const history = new OwedHistory()
  return looks
    .split(' ')
    .map(look => history.note(look.slice(0, 1), look.slice(1) as Digest))
    .includes(true)
}

describe('owed history (contract §2 `verify`)', () => {
  test('A d1, B d2, A again d1 is personal', () => {
    assert.equal(personal('A1 B2 A1'), true)
    assert.equal(personal('A1 B1 A1 B2 C1 A1'), true)
  })

  test('a change that all see is not', () => {
    assert.equal(personal('A1 B2 A2 B3 A3'), false)
    assert.equal(personal('A1 B1 A2 B2 A2 B2'), false)
  })

  test('one caller alone is never personal, whatever comes', () => {
    assert.equal(personal('A1 A2 A1 A2 A1'), false)
  })

  test('looks that differ once and are not confirmed are not', () => {
    assert.equal(personal('A1 B2'), false)
    assert.equal(personal('A1 B2 A3 B4'), false)
  })

  test('content that never goes back is never personal, whoever asks when', () => {
    const asked = fc.array(fc.record({ caller: fc.constantFrom('A', 'B', 'C'), step: fc.nat(2) }), { maxLength: 100 })
    fc.assert(
      fc.property(asked, looks => {
        const history = new OwedHistory()
        let version = 0
        return looks.every(({ caller, step }) => !history.note(caller, String((version += step)) as Digest))
      }),
    )
  })

  test('content of each caller’s own is found out at the first return, however many ask in between', () => {
    const others = Array.from({ length: 20 }, (_, at) => `${String.fromCharCode(66 + at)}${at}`)
    assert.equal(personal(['A9', ...others, 'A9'].join(' ')), true)
  })
})
