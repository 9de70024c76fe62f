// Does a stored response survive its frame, and is every damage seen?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bytes, epochMs, milliseconds } from '../../src/base/units.ts'
import { decodeStoredResponse, encodeStoredResponse } from '../../src/store/codec.ts'
import { tagScope } from '../../src/store/scopes.ts'
import type { StoredResponse } from '../../src/store/stored-response.ts'
import { aStoredResponse } from './stored-responses.ts'

const text = fc.string({ unit: 'binary', maxLength: 30 })
const instant = fc.integer({ min: 0, max: 2 ** 45 }).map(epochMs)

const storedResponse: fc.Arbitrary<StoredResponse> = fc
  .record({
    status: fc.integer({ min: 100, max: 599 }),
    fields: fc.array(text, { maxLength: 12 }),
    requestTime: instant,
    responseTime: instant,
    date: instant,
    body: fc.uint8Array({ maxLength: 200 }).map(octets => Buffer.from(octets)),
    nominated: fc.array(
      fc
        .record({ name: text, value: fc.option(text, { nil: undefined }) })
        .chain(field =>
          fc
            .option(text, { nil: undefined })
            .map(language => (language === undefined ? field : { ...field, language })),
        ),
      { maxLength: 3 },
    ),
    scopes: fc.array(text.map(tagScope), { maxLength: 4 }),
    sequence: fc.double({ min: 0, max: 1e9, noNaN: true }),
    originTime: fc.double({ min: 0, max: 1e6, noNaN: true }).map(milliseconds),
    etagMade: fc.boolean(),
    jitterAt: fc.double({ min: -1, max: 1, noNaN: true }),
    usefulUntil: instant,
    headBytes: fc.nat().map(bytes),
  })
  .map(response => ({ ...response, nominated: response.nominated.map(field => ({ ...field })) }))

describe('the frame of a stored response (invariant 8)', () => {
  test('every stored response comes back as it was', () => {
    fc.assert(
      fc.property(storedResponse, response => {
        assert.deepEqual(decodeStoredResponse(encodeStoredResponse(response)), response)
      }),
    )
  })

  test('lone surrogates, wide text and any octet survive', () => {
    const response = aStoredResponse({ fields: { 'X-A': 'é\u20ac\ud800', 'X-B': '\u00ff\u0000' } })
    assert.deepEqual(decodeStoredResponse(encodeStoredResponse(response)), response)
  })

  test('every flipped bit is seen', () => {
    const frame = encodeStoredResponse(aStoredResponse())
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = Buffer.from(frame)
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(decodeStoredResponse(damaged), undefined, `bit ${bit}`)
    }
  })

  test('every truncation and every addition is seen', () => {
    const frame = encodeStoredResponse(aStoredResponse())
    for (let length = 0; length < frame.length; length++) {
      assert.equal(decodeStoredResponse(frame.subarray(0, length)), undefined, `${length} octets`)
    }
    assert.equal(decodeStoredResponse(Buffer.concat([frame, Buffer.from([0])])), undefined)
  })

  test('no octets whatever make decoding throw, even under a right checksum', () => {
    fc.assert(
      fc.property(storedResponse, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), (response, at, octets) => {
        const frame = encodeStoredResponse(response)
        frame.set(octets.subarray(0, frame.length), at % Math.max(1, frame.length - octets.length))
        decodeStoredResponse(frame)
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), octets => void decodeStoredResponse(Buffer.from(octets))))
  })

  test('a decoded body has memory of its own', () => {
    const frame = Buffer.concat([encodeStoredResponse(aStoredResponse({ body: 'x'.repeat(100) }))])
    const body = decodeStoredResponse(frame)?.body
    assert.equal(body?.buffer.byteLength, 100)
  })
})
