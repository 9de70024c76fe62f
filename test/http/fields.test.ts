// The flat list of field lines (RFC 9110 §5.2, §5.3): duplicates and order are facts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eachField, fieldLines, fieldValue, hasField, withField, withoutFields } from '../../src/http/fields.ts'

const fields = ['Accept', 'a', 'X', '1', 'ACCEPT', 'b']

describe('field lines (RFC 9110 §5.2, §5.3)', () => {
  test('are found in any letter case, in order', () => {
    assert.deepEqual(fieldLines(fields, 'accept'), ['a', 'b'])
    assert.equal(fieldValue(fields, 'accept'), 'a, b')
    assert.equal(fieldValue(fields, 'accep'), undefined)
    assert.equal(hasField(fields, 'x'), true)
    assert.equal(hasField(fields, 'y'), false)
  })

  test('a value is never mistaken for a name', () => {
    assert.equal(hasField(['x', 'accept'], 'accept'), false)
    assert.deepEqual(withoutFields(['x', 'accept', 'accept', 'x'], new Set(['accept'])), ['x', 'accept'])
  })

  test('are replaced by one at the end', () => {
    assert.deepEqual(withField(fields, 'Accept', 'c'), ['X', '1', 'Accept', 'c'])
    assert.deepEqual(fields.length, 6)
  })

  test('are visited with their names in lower case', () => {
    const seen: string[] = []
    eachField(fields, (name, value) => seen.push(`${name}=${value}`))
    assert.deepEqual(seen, ['accept=a', 'x=1', 'accept=b'])
  })
})
