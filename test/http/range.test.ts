// Ranges asked for, served and joined (RFC 9110 §14, §15.3.7; RFC 9111 §3.4).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bytes } from '../../src/base/units.ts'
import { multipartEnd, multipartLength, multipartType, partHead } from '../../src/http/multipart-byteranges.ts'
import { combinable, combineParts, isWhole, type Part, partOf } from '../../src/http/partial.ts'
import {
  contentRange,
  parseContentRange,
  parseRange,
  rangeOf,
  resolveRanges,
  unsatisfiedContentRange,
} from '../../src/http/range.ts'
import { aResponse, type FieldRecord } from '../builders/messages.ts'

function resolved(value: string, length = 10) {
  const found = resolveRanges(value, bytes(length))
  return found.kind === 'ranges' ? found.ranges.map(({ first, last }) => `${first}-${last}`).join() : found.kind
}

describe('Range (RFC 9110 §14.1, §14.2)', () => {
  test('all three forms, clipped to the representation', () => {
    assert.deepEqual(
      ['bytes=0-1', 'bytes=1-', 'bytes=-1', 'bytes=5-99', 'bytes=-99'].map(value => resolved(value)),
      ['0-1', '1-9', '9-9', '5-9', '0-9'],
    )
  })

  test('the first position against the length, in threes', () => {
    assert.deepEqual(
      ['bytes=8-', 'bytes=9-', 'bytes=10-'].map(value => resolved(value)),
      ['8-9', '9-9', 'unsatisfiable'],
    )
  })

  test('several ranges keep their order, unsatisfiable ones drop out', () => {
    assert.equal(resolved('bytes=7-8, 0-1 ,, 20-30'), '7-8,0-1')
    assert.equal(resolved('bytes=20-30, -0'), 'unsatisfiable')
  })

  test('what is malformed or of another unit is ignored', () => {
    for (const value of [
      '',
      'bytes',
      'bytes=',
      'bytes=-',
      'bytes=a-b',
      'bytes=2-1',
      'bytes=0-1,x',
      'bytes 0-1',
      'items=0-1',
      'bytes=1--2',
      'bytes= -',
      '0-1',
    ]) {
      assert.equal(resolved(value), 'ignore', value)
    }
    assert.equal(resolved('BYTES=0-1'), '0-1')
  })

  test('nothing has no parts', () => {
    assert.deepEqual(
      ['bytes=-5', 'bytes=0-', 'bytes=-0'].map(value => resolved(value, 0)),
      ['ignore', 'unsatisfiable', 'unsatisfiable'],
    )
  })

  test('abuse is answered with the whole', () => {
    const many = (count: number) => `bytes=${Array.from({ length: count }, (_, at) => `${at * 10}-${at * 10}`).join()}`
    assert.deepEqual(
      [15, 16, 17].map(count => resolved(many(count), 1000) === 'ignore'),
      [false, false, true],
    )
    const overlapping = (count: number) => `bytes=0-9${',0-9'.repeat(count)}`
    assert.deepEqual(
      [1, 2, 3].map(count => resolved(overlapping(count), 1000) === 'ignore'),
      [false, false, true],
    )
    assert.equal(resolved('bytes=0-,0-'), 'ignore')
  })

  test('a repeated field is none', () => {
    assert.equal(rangeOf(['Range', 'bytes=0-1']), 'bytes=0-1')
    assert.equal(rangeOf(['Range', 'bytes=0-1', 'Range', 'bytes=2-3']), undefined)
  })

  test('resolved ranges lie inside the representation, for all fields and lengths', () => {
    const number = fc.oneof(fc.nat(200).map(String), fc.constant(''), fc.constant('9'.repeat(30)))
    const rangeLike = fc
      .array(fc.tuple(number, number))
      .map(pairs => `bytes=${pairs.map(pair => pair.join('-')).join()}`)
    fc.assert(
      fc.property(fc.oneof(fc.string(), rangeLike), fc.nat(150), (value, length) => {
        parseRange(value)
        const found = resolveRanges(value, bytes(length))
        const ranges = found.kind === 'ranges' ? found.ranges : []
        assert.ok(ranges.every(({ first, last }) => first >= 0 && first <= last && last < length))
        assert.ok(found.kind !== 'ranges' || ranges.length > 0)
      }),
    )
  })
})

describe('Content-Range (RFC 9110 §14.4)', () => {
  test('is read back as written', () => {
    const range = { first: bytes(2), last: bytes(4) }
    assert.deepEqual(parseContentRange(contentRange(range, bytes(10))), { ...range, complete: 10 })
    assert.deepEqual(parseContentRange('bytes 2-4/*'), { ...range, complete: undefined })
    assert.equal(unsatisfiedContentRange(bytes(10)), 'bytes */10')
  })

  test('is nothing where it contradicts itself', () => {
    for (const value of [
      '',
      'bytes */10',
      'bytes 4-2/10',
      'bytes 2-10/10',
      'bytes 2-4',
      'items 2-4/10',
      'bytes=2-4/10',
      'bytes 2-4/x',
      'x'.repeat(99),
    ]) {
      assert.equal(parseContentRange(value), undefined, value)
    }
  })
})

describe('multipart/byteranges (RFC 9110 §14.6)', () => {
  test('heads, content and end have the length announced', () => {
    const multipart = { boundary: 'edge', type: 'text/plain', length: bytes(10) }
    const ranges = [
      { first: bytes(0), last: bytes(1) },
      { first: bytes(5), last: bytes(9) },
    ]
    const body = `${ranges.map(range => partHead(multipart, range) + 'x'.repeat(range.last - range.first + 1)).join('')}${multipartEnd(multipart)}`
    assert.equal(body.length, multipartLength(multipart, ranges))
    assert.equal(
      body,
      '\r\n--edge\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nxx' +
        '\r\n--edge\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\nxxxxx\r\n--edge--\r\n',
    )
    assert.equal(multipartType(multipart), 'multipart/byteranges; boundary=edge')
  })
})

const octets = (text: string) => new TextEncoder().encode(text)
const text = (part: Part | undefined) => part && new TextDecoder().decode(part.body)

function aPart(first: number, body: string, fields: FieldRecord = {}, complete: number | '*' = 10): Part {
  const range = `bytes ${first}-${first + body.length - 1}/${complete}`
  const part = partOf(
    aResponse({ status: 206, fields: { ETag: '"a"', 'Content-Range': range, ...fields } }),
    octets(body),
  )
  assert.ok(part !== undefined)
  return part
}

describe('combining parts (RFC 9111 §3.4, RFC 9110 §15.3.7.3)', () => {
  test('parts that touch or overlap become one, the newer octets win', () => {
    assert.equal(text(combineParts(aPart(0, '01234'), aPart(5, '56'))), '0123456')
    assert.equal(text(combineParts(aPart(2, '234'), aPart(0, 'ab'))), 'ab234')
    assert.equal(text(combineParts(aPart(0, '01234'), aPart(1, 'bc'))), '0bc34')
  })

  test('a gap keeps them apart', () => {
    assert.deepEqual(
      [4, 5, 6].map(first => combinable(aPart(0, '01234'), aPart(first, 'x'))),
      [true, true, false],
    )
  })

  test('all of it is a 200 without Content-Range', () => {
    const whole = combineParts(aPart(0, '01234', { A: '1', B: '1' }), aPart(5, '56789', { A: '2' }))
    assert.ok(whole !== undefined)
    assert.equal(isWhole(whole), true)
    assert.equal(whole.head.status, 200)
    assert.deepEqual(whole.head.fields, ['B', '1', 'ETag', '"a"', 'A', '2'])
    assert.equal(isWhole(aPart(0, '01234')), false)
  })

  test('only the same strong validator and the same length join', () => {
    const stored = aPart(0, '01234')
    assert.equal(combineParts(stored, aPart(5, '5', { ETag: '"b"' })), undefined)
    assert.equal(combineParts(stored, aPart(5, '5', {}, 11)), undefined)
    assert.equal(combineParts(aPart(0, '0', { ETag: 'W/"a"' }), aPart(1, '1', { ETag: 'W/"a"' })), undefined)
    assert.equal(combineParts(stored, aPart(5, '5', {}, '*'))?.complete, 10)
  })

  test('a 206 whose Content-Range disagrees with its content is no part', () => {
    const fields = { ETag: '"a"', 'Content-Range': 'bytes 4-9/10' }
    assert.equal(partOf(aResponse({ status: 206, fields }), octets('01234')), undefined)
    assert.equal(partOf(aResponse({ status: 206 }), octets('01234')), undefined)
    assert.equal(partOf(aResponse({ status: 416, fields }), octets('012345')), undefined)
  })

  test('a 200 is the whole', () => {
    const part = partOf(aResponse(), octets('01'))
    assert.equal(part !== undefined && isWhole(part), true)
  })

  test('joining gives the original back, for all cuts', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9), (a, b, c, d) => {
        const whole = '0123456789'
        const [one, other] = [
          [Math.min(a, b), Math.max(a, b)],
          [Math.min(c, d), Math.max(c, d)],
        ] as [[number, number], [number, number]]
        const joined = combineParts(
          aPart(one[0], whole.slice(one[0], one[1] + 1)),
          aPart(other[0], whole.slice(other[0], other[1] + 1)),
        )
        if (joined !== undefined)
          assert.equal(text(joined), whole.slice(joined.first, joined.first + joined.body.length))
      }),
    )
  })
})
