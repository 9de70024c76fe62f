// Which requests end here?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endsHere, withOneHopLess } from '../../src/http/max-forwards.ts'
import { aRequest } from '../builders/messages.ts'

const request = (method: string, hops: string | readonly string[]) =>
  aRequest({ method, fields: { 'Max-Forwards': hops } })

describe('Max-Forwards (RFC 9110 §7.6.2)', () => {
  test('OPTIONS and TRACE end at zero', () => {
    assert.ok(endsHere(request('OPTIONS', '0')))
    assert.ok(endsHere(request('TRACE', '0')))
    assert.ok(!endsHere(request('OPTIONS', '1')))
    assert.ok(!endsHere(aRequest({ method: 'OPTIONS' })))
  })

  test('OPTIONS * is about us', () => {
    assert.ok(endsHere({ ...aRequest({ method: 'OPTIONS' }), path: '*' }))
  })

  test('it means nothing on other methods, twice, or as no number', () => {
    for (const each of [request('GET', '0'), request('OPTIONS', ['0', '0']), request('OPTIONS', '-1')]) {
      assert.ok(!endsHere(each))
      assert.equal(withOneHopLess(each), each.fields)
    }
  })

  test('a hop takes one off', () => {
    assert.deepEqual(withOneHopLess(request('OPTIONS', '10')), ['Max-Forwards', '9'])
  })
})
