// Asking the origin, and what its answer changes (RFC 9111 §3.2, §4.3.1, §4.3.4, §4.3.5;
// RFC 9110 §15.4.5).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes } from '../../src/base/units.ts'
import { formatHttpDate } from '../../src/http/dates.ts'
import { fieldLines } from '../../src/http/fields.ts'
import {
  freshenedFields,
  headUpdates,
  notModifiedFields,
  selects,
  validationFields,
} from '../../src/http/validation.ts'
import { aResponse, type FieldRecord, fieldsFrom, noon, secondsAfter } from '../builders/messages.ts'

const at = (seconds: number) => formatHttpDate(secondsAfter(noon, seconds))
const stored = (fields: FieldRecord, etagMade = false) => ({ ...aResponse({ fields }), etagMade })

describe('validation requests (RFC 9111 §4.3.1)', () => {
  test('carry both validators exactly as the origin wrote them', () => {
    const fields = { ETag: 'abc', 'Last-Modified': 'Wednesday, 04-Nov-26 12:00:00 GMT' }
    assert.deepEqual(validationFields(stored(fields)), [
      'If-None-Match',
      'abc',
      'If-Modified-Since',
      'Wednesday, 04-Nov-26 12:00:00 GMT',
    ])
  })

  test('never carry a tag that Pillion made, nor a date that is none', () => {
    assert.deepEqual(validationFields(stored({ ETag: '"made"', 'Last-Modified': at(-1) }, true)), [
      'If-Modified-Since',
      at(-1),
    ])
    assert.deepEqual(validationFields(stored({ ETag: '"a"', 'Last-Modified': 'x' })), ['If-None-Match', '"a"'])
  })

  test('are not possible without a validator', () => {
    assert.equal(validationFields(stored({})), undefined)
    assert.equal(validationFields(stored({ ETag: '"made"' }, true)), undefined)
  })
})

describe('which stored response a 304 speaks of (RFC 9111 §4.3.4)', () => {
  const chosen = (own: FieldRecord, told: FieldRecord, made = false) => selects(stored(own, made), fieldsFrom(told))

  test('the one with the same tag, weak or strong', () => {
    assert.equal(chosen({ ETag: '"a"' }, { ETag: '"a"' }), true)
    assert.equal(chosen({ ETag: '"a"' }, { ETag: 'W/"a"' }), true)
    assert.equal(chosen({ ETag: '"a"' }, { ETag: '"b"' }), false)
    assert.equal(chosen({ ETag: '"a"', 'Last-Modified': at(-9) }, { ETag: '"a"', 'Last-Modified': at(-8) }), true)
  })

  test('without tags the one with the same Last-Modified', () => {
    assert.equal(chosen({ 'Last-Modified': at(-9) }, { 'Last-Modified': at(-9) }), true)
    assert.equal(chosen({ 'Last-Modified': at(-9) }, { 'Last-Modified': at(-8) }), false)
    assert.equal(
      chosen({ ETag: '"made"', 'Last-Modified': at(-9) }, { ETag: '"x"', 'Last-Modified': at(-9) }, true),
      true,
    )
  })

  test('a 304 without validators means the one that was asked about', () => {
    assert.equal(chosen({ ETag: '"a"' }, {}), true)
  })
})

describe('freshening (RFC 9111 §3.2)', () => {
  const freshen = (own: FieldRecord, update: FieldRecord) => freshenedFields(fieldsFrom(own), fieldsFrom(update))

  test('fields of the update replace all lines of the same name, others stay', () => {
    const fields = freshen(
      { A: ['1', '2'], B: '3', 'X-Content-Foo': 'a' },
      { a: '4', C: ['5', '6'], 'X-Content-Foo': 'b' },
    )
    assert.deepEqual(fields, ['B', '3', 'a', '4', 'C', '5', 'C', '6', 'X-Content-Foo', 'b'])
  })

  test('what the stored octets depend on stays', () => {
    const own = {
      'Content-Length': '36',
      'Content-Encoding': 'gzip',
      'Content-Range': 'x',
    }
    const update = {
      'Content-Length': '0',
      'Content-Encoding': 'br',
      'Content-Range': 'y',
    }
    assert.deepEqual(freshen(own, update), fieldsFrom(own))
  })

  test('Content-Type is a field like any other (§3.2: the prefix Content- means nothing)', () => {
    assert.deepEqual(freshen({ 'Content-Type': 'text/plain' }, { 'Content-Type': 'text/html' }), [
      'Content-Type',
      'text/html',
    ])
  })

  test('Set-Cookie and hop-by-hop fields are not taken over', () => {
    const update = { 'Set-Cookie': 'a=b', Connection: 'x', X: '1', 'Keep-Alive': '2', 'Proxy-Authenticate': '3' }
    assert.deepEqual(freshen({ A: '1' }, update), ['A', '1'])
  })

  test('what a new qualified private or no-cache names goes', () => {
    assert.deepEqual(freshen({ A: '1', B: '2' }, { 'Cache-Control': 'private="a"' }), [
      'B',
      '2',
      'Cache-Control',
      'private="a"',
    ])
  })

  test('the old Age and Date go even where the update has none', () => {
    assert.deepEqual(freshen({ Age: '9', Date: at(-9), A: '1' }, {}), ['A', '1'])
    assert.deepEqual(freshen({ Age: '9', Date: at(-9) }, { Date: at(0), Age: '1' }), ['Date', at(0), 'Age', '1'])
  })
})

describe('HEAD (RFC 9111 §4.3.5)', () => {
  const own = { ...stored({ ETag: '"a"', 'Last-Modified': at(-9) }), length: bytes(10) }
  const update = (fields: FieldRecord, status = 200) => headUpdates(own, { status, fields: fieldsFrom(fields) })

  test('a 200 with the same validators and length freshens', () => {
    assert.equal(update({}), 'freshen')
    assert.equal(update({ ETag: '"a"', 'Last-Modified': at(-9), 'Content-Length': '10' }), 'freshen')
  })

  test('any difference shows that the stored response is outdated', () => {
    assert.equal(update({ ETag: '"b"' }), 'outdated')
    assert.equal(update({ ETag: '"a"', 'Last-Modified': at(-8) }), 'outdated')
    assert.deepEqual(
      ['9', '10', '11'].map(length => update({ 'Content-Length': length })),
      ['outdated', 'freshen', 'outdated'],
    )
  })

  test('any other status says nothing', () => {
    assert.equal(update({ ETag: '"b"' }, 410), 'ignore')
    assert.equal(update({}, 304), 'ignore')
  })

  test('a tag of ours is not held against it', () => {
    assert.equal(headUpdates({ ...own, etagMade: true }, { status: 200, fields: [] }), 'freshen')
  })
})

describe('304 to a client (RFC 9110 §15.4.5)', () => {
  test('keeps what guides caches and drops representation metadata', () => {
    const fields = notModifiedFields(
      fieldsFrom({
        Date: at(0),
        ETag: '"a"',
        Vary: 'a',
        'Cache-Control': 'x',
        Expires: '0',
        'Content-Location': '/',
        'X-A': '1',
        'Content-Type': 'text/plain',
        'Content-Length': '5',
        'Content-Encoding': 'br',
        'Last-Modified': at(-1),
      }),
    )
    const names = fields.filter((_, index) => index % 2 === 0)
    assert.deepEqual(names, ['Date', 'ETag', 'Vary', 'Cache-Control', 'Expires', 'Content-Location', 'X-A'])
  })

  test('keeps Last-Modified where there is no ETag', () => {
    assert.deepEqual(fieldLines(notModifiedFields(['Last-Modified', at(-1)]), 'last-modified'), [at(-1)])
  })
})
