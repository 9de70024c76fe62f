// Validators and the conditions made of them (RFC 9110 §8.8, §13; RFC 9111 §4.3.2).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatHttpDate } from '../../src/http/dates.ts'
import { asksOrigin, evaluatePreconditions, rangeApplies, representationOf } from '../../src/http/preconditions.ts'
import {
  entityTagText,
  isStrongLastModified,
  parseEntityTag,
  parseEntityTags,
  stronglyEqual,
  strongValidator,
  weaklyEqual,
} from '../../src/http/validators.ts'
import { aRequest, aResponse, type FieldRecord, noon, secondsAfter } from '../builders/messages.ts'

const at = (seconds: number) => formatHttpDate(secondsAfter(noon, seconds))
const tagged = { ETag: '"abc"', 'Last-Modified': at(-3000), Date: at(0) }

function outcome(condition: FieldRecord, stored: FieldRecord = tagged, method = 'GET') {
  return evaluatePreconditions(aRequest({ method, fields: condition }), representationOf(aResponse({ fields: stored })))
}

describe('entity tags (RFC 9110 §8.8.3)', () => {
  test('strong, weak and malformed ones are told apart', () => {
    assert.deepEqual(parseEntityTag('"a,b\\"'), { weak: false, opaque: 'a,b\\' })
    assert.deepEqual(parseEntityTag(' W/"" '), { weak: true, opaque: '' })
    assert.deepEqual(parseEntityTag('abc'), { weak: true, opaque: 'abc' })
    assert.deepEqual(parseEntityTag('w/"abc"'), { weak: true, opaque: 'w/"abc"' })
    assert.equal(parseEntityTag('  '), undefined)
  })

  test('the comparison table of §8.8.3.2', () => {
    const [weak1, weak2] = [
      { weak: true, opaque: '1' },
      { weak: true, opaque: '2' },
    ]
    const strong1 = { weak: false, opaque: '1' }
    const pairs = [
      [weak1, weak1],
      [weak1, weak2],
      [weak1, strong1],
      [strong1, strong1],
    ] as const
    assert.deepEqual(
      pairs.map(([one, other]) => stronglyEqual(one, other)),
      [false, false, false, true],
    )
    assert.deepEqual(
      pairs.map(([one, other]) => weaklyEqual(one, other)),
      [true, false, true, true],
    )
  })

  test('two different ETag lines are none', () => {
    assert.equal(entityTagText(['ETag', '"a"', 'ETag', '"b"']), undefined)
    assert.equal(entityTagText(['ETag', '"a"', 'ETag', '"a"']), '"a"')
  })

  test('a list is read without throwing, for all strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const tags = parseEntityTags(text)
        assert.ok(tags === '*' || tags.every(tag => typeof tag.opaque === 'string'))
      }),
    )
  })
})

describe('strong validators (RFC 9110 §8.8.1, §8.8.2.2)', () => {
  test('Last-Modified is strong one second before Date', () => {
    assert.deepEqual(
      [-1, 0, 1].map(second => isStrongLastModified(secondsAfter(noon, second - 1), noon)),
      [true, true, false],
    )
  })

  test('a strong tag, else a strong Last-Modified; a weak tag hides it', () => {
    const of = (fields: FieldRecord) => strongValidator(aResponse({ fields }))
    assert.equal(of({ ETag: '"a"' }), 'etag a')
    assert.equal(of({ 'Last-Modified': at(-1), Date: at(0) }), `last-modified ${secondsAfter(noon, -1)}`)
    assert.equal(of({ 'Last-Modified': at(0), Date: at(0) }), undefined)
    assert.equal(of({ 'Last-Modified': at(-9) }), undefined)
    assert.equal(of({ 'Last-Modified': at(-9), Date: at(0), ETag: 'W/"a"' }), undefined)
    assert.equal(of({}), undefined)
  })
})

describe('If-None-Match (RFC 9110 §13.1.2)', () => {
  test('any member, compared weakly, means not modified', () => {
    for (const value of ['"abc"', 'W/"abc"', '"abc", "1", "2"', '"1", "abc", "2"', '"1", "2", "abc"', '*']) {
      assert.equal(outcome({ 'If-None-Match': value }), 'not-modified', value)
    }
    assert.equal(outcome({ 'If-None-Match': ['"1"', '"abc"'] }), 'not-modified')
    assert.equal(outcome({ 'If-None-Match': '"1", "2"' }), 'perform')
    assert.equal(outcome({ 'If-None-Match': '' }), 'perform')
  })

  test('unquoted and misspelt tags match their like', () => {
    for (const [stored, asked] of [
      ['"abc"', 'abc'],
      ['abc', 'abc'],
      ['abc', '"abc"'],
      ['w/"abc"', 'w/"abc"'],
      ['W"abc"', 'W"abc"'],
    ] as const) {
      assert.equal(outcome({ 'If-None-Match': asked }, { ETag: stored }), 'not-modified', `${stored} ${asked}`)
    }
  })

  test('takes precedence over If-Modified-Since, either way', () => {
    assert.equal(outcome({ 'If-None-Match': '"abc"', 'If-Modified-Since': at(-10000) }), 'not-modified')
    assert.equal(outcome({ 'If-None-Match': '"x"', 'If-Modified-Since': at(0) }), 'perform')
  })

  test('a star matches a representation without a tag, a tag does not', () => {
    assert.equal(outcome({ 'If-None-Match': '*' }, {}), 'not-modified')
    assert.equal(outcome({ 'If-None-Match': '"a"' }, {}), 'perform')
  })

  test('a method other than GET and HEAD fails instead', () => {
    assert.equal(outcome({ 'If-None-Match': '"abc"' }, tagged, 'HEAD'), 'not-modified')
    assert.equal(outcome({ 'If-None-Match': '"abc"' }, tagged, 'PUT'), 'precondition-failed')
  })
})

describe('If-Modified-Since (RFC 9110 §13.1.3, RFC 9111 §4.3.2)', () => {
  test('modified later means perform', () => {
    assert.deepEqual(
      [-3001, -3000, -2999].map(s => outcome({ 'If-Modified-Since': at(s) })),
      ['perform', 'not-modified', 'not-modified'],
    )
  })

  test('all three formats of a date are read', () => {
    assert.equal(outcome({ 'If-Modified-Since': 'Thursday, 05-Nov-26 11:10:00 GMT' }), 'not-modified')
  })

  test('without Last-Modified, Date is what counts', () => {
    assert.deepEqual(
      [-1, 0, 1].map(s => outcome({ 'If-Modified-Since': at(s) }, { Date: at(0) })),
      ['perform', 'not-modified', 'not-modified'],
    )
  })

  test('is ignored where it is unreadable, contradictory, or the method writes', () => {
    assert.equal(outcome({ 'If-Modified-Since': 'x' }), 'perform')
    assert.equal(outcome({ 'If-Modified-Since': [at(0), at(1)] }), 'perform')
    assert.equal(outcome({ 'If-Modified-Since': at(0) }, tagged, 'POST'), 'perform')
  })
})

describe('If-Match and If-Unmodified-Since (RFC 9110 §13.1.1, §13.1.4)', () => {
  test('are for the origin, unless the tag is ours', () => {
    assert.equal(asksOrigin(['If-Match', '*']), true)
    assert.equal(asksOrigin(['if-unmodified-since', 'x']), true)
    assert.equal(asksOrigin(['If-None-Match', '*']), false)
  })

  test('If-Match compares strongly and comes first', () => {
    assert.equal(outcome({ 'If-Match': '"x", "abc"' }), 'perform')
    assert.equal(outcome({ 'If-Match': 'W/"abc"' }), 'precondition-failed')
    assert.equal(outcome({ 'If-Match': '"x"', 'If-None-Match': '"abc"' }), 'precondition-failed')
    assert.equal(outcome({ 'If-Match': '*', 'If-None-Match': '"abc"' }), 'not-modified')
    assert.equal(outcome({ 'If-Match': '"abc"', 'If-Unmodified-Since': at(-9999) }), 'perform')
  })

  test('If-Unmodified-Since fails once modified', () => {
    assert.deepEqual(
      [-3001, -3000, -2999].map(s => outcome({ 'If-Unmodified-Since': at(s) })),
      ['precondition-failed', 'perform', 'perform'],
    )
    assert.equal(outcome({ 'If-Unmodified-Since': 'x' }), 'perform')
  })
})

describe('If-Range (RFC 9110 §13.1.5)', () => {
  const applies = (value: string | string[], stored: FieldRecord = tagged) =>
    rangeApplies(aRequest({ fields: { 'If-Range': value } }).fields, representationOf(aResponse({ fields: stored })))

  test('a strong tag that is equal, or exactly the strong Last-Modified', () => {
    assert.equal(rangeApplies([], representationOf(aResponse())), true)
    assert.equal(applies('"abc"'), true)
    assert.deepEqual(
      [-3001, -3000, -2999].map(s => applies(at(s))),
      [false, true, false],
    )
  })

  test('nothing weak, unreadable or repeated', () => {
    for (const value of ['"x"', 'W/"abc"', 'abc', 'x', '', '*', ['"abc"', '"abc"']])
      assert.equal(applies(value), false, String(value))
    assert.equal(applies('"abc"', { ETag: 'W/"abc"' }), false)
    assert.equal(applies(at(0), { 'Last-Modified': at(0), Date: at(0) }), false)
  })
})
