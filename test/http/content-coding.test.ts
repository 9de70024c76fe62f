// Codings a client accepts, and tags that tell coded forms apart (RFC 9110 §12.5.3,
// §8.8.3.3; contract §3, the line on ETag).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  acceptableCodings,
  acceptedCodings,
  baseTag,
  codingWeight,
  contentCodings,
  encodedTag,
  MADE_CODINGS,
  negotiateCoding,
  parseAcceptEncoding,
  withBaseTags,
} from '../../src/http/content-coding.ts'

const ours = ['zstd', 'br', 'gzip'] as const
const choose = (value: string) => negotiateCoding(parseAcceptEncoding([value]), ours)

describe('Accept-Encoding (RFC 9110 §12.5.3)', () => {
  test('the highest weight wins, equal weights leave the order to us', () => {
    assert.equal(choose('gzip, br'), 'br')
    assert.equal(choose('gzip;q=1.0, br;q=0.9, zstd;q=0.8'), 'gzip')
    assert.equal(choose('gzip, deflate, br, zstd'), 'zstd')
    assert.deepEqual(acceptableCodings(parseAcceptEncoding(['gzip, br;q=0.5']), ours), ['gzip', 'br'])
  })

  test('an absent or empty field gets identity', () => {
    assert.equal(negotiateCoding(acceptedCodings([]), ours), 'identity')
    assert.equal(choose(''), 'identity')
  })

  test('a star stands for what is not named', () => {
    assert.equal(choose('*'), 'zstd')
    assert.equal(choose('zstd;q=0, *'), 'br')
    assert.equal(choose('*;q=0, gzip'), 'gzip')
  })

  test('identity, where it is wanted more, wins', () => {
    assert.equal(choose('identity, gzip;q=0.5'), 'identity')
    assert.equal(choose('identity;q=0.5, gzip'), 'gzip')
    assert.equal(choose('identity;q=0.5, gzip;q=0.5'), 'gzip')
  })

  test('identity is acceptable unless it is excluded', () => {
    const identity = (value: string) => codingWeight(parseAcceptEncoding([value]), 'identity') > 0
    assert.deepEqual(['', 'gzip', '*;q=0', 'identity;q=0', '*;q=0, identity;q=0.1'].map(identity), [
      true,
      true,
      false,
      false,
      true,
    ])
  })

  test('zero and malformed weights refuse; names are caseless; x-gzip is gzip', () => {
    for (const value of ['gzip;q=0', 'gzip;q=0.000', 'gzip;q=x', 'gzip;q=2', 'gzip;q=-1', 'gzip;q=0.0001'])
      assert.equal(choose(value), 'identity', value)
    assert.equal(choose('GZip'), 'gzip')
    assert.equal(choose('x-gzip'), 'gzip')
    assert.equal(choose('gzip;q=0, gzip'), 'identity')
  })

  test('whatever is chosen has a weight above zero, for all fields', () => {
    const fieldLike = fc
      .array(fc.constantFrom('gzip', 'br', '*', 'identity', ';q=0', ';q=0.5', ', ', 'constructor'))
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fieldLike), value => {
        const chosen = choose(value)
        assert.ok(chosen === 'identity' || codingWeight(parseAcceptEncoding([value]), chosen) > 0)
      }),
    )
  })
})

describe('Content-Encoding (RFC 9110 §8.4)', () => {
  test('codings in the order applied, identity aside', () => {
    assert.deepEqual(contentCodings(['Content-Encoding', 'X-GZIP, identity', 'content-encoding', 'br']), ['gzip', 'br'])
    assert.deepEqual(contentCodings([]), [])
  })
})

describe('tags of coded forms (RFC 9110 §8.8.3.3)', () => {
  test('carry the suffix inside the quotes', () => {
    assert.equal(encodedTag('"abc"', 'br'), '"abc.pillion-br"')
    assert.equal(encodedTag('W/"abc"', 'gzip'), 'W/"abc.pillion-gzip"')
    assert.equal(encodedTag('abc', 'zstd'), 'abc.pillion-zstd')
  })

  test('map back to the tag they came from, and say which coding it was, for all tags', () => {
    const opaque = fc.stringMatching(/^[!#-~]*$/)
    fc.assert(
      fc.property(opaque, fc.boolean(), fc.constantFrom(...MADE_CODINGS), (text, weak, coding) => {
        const tag = `${weak ? 'W/' : ''}"${text}"`
        assert.deepEqual(baseTag(encodedTag(tag, coding)), { tag, coding })
      }),
    )
  })

  test('other tags stay as they are', () => {
    for (const tag of ['"abc"', '"abc-gzip"', '"a.pillion-lz4"', '*', '"a.pillion-br" '])
      assert.deepEqual(baseTag(tag), { tag, coding: undefined })
  })

  test('are mapped back in all conditions that are forwarded, each tag once', () => {
    const fields = [
      'If-None-Match',
      '"a.pillion-br", "a", W/"b,.pillion-br,c.pillion-gzip"',
      'if-match',
      '"a.pillion-zstd"',
      'If-Range',
      '"a.pillion-gzip"',
      'X',
      '"a.pillion-br"',
    ]
    assert.deepEqual(withBaseTags(fields), [
      'If-None-Match',
      '"a", W/"b,.pillion-br,c"',
      'if-match',
      '"a"',
      'If-Range',
      '"a"',
      'X',
      '"a.pillion-br"',
    ])
    assert.deepEqual(withBaseTags(['If-Range', 'Thu, 05 Nov 2026 12:00:00 GMT']), [
      'If-Range',
      'Thu, 05 Nov 2026 12:00:00 GMT',
    ])
  })
})
