// Which directives decide about a message (RFC 9111 §5.2, RFC 9213, §5.4 Pragma).
// The cases follow one rule: what is malformed or contradictory may cost a hit, never
// let a response live longer than its origin meant.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  isTargeted,
  MAX_DELTA_SECONDS,
  NO_DIRECTIVES,
  parseCacheControl,
  parseTargeted,
  requestDirectives,
  responseDirectives,
} from '../../src/http/cache-control.ts'

const parse = (...lines: string[]) => parseCacheControl(lines)

describe('Cache-Control (RFC 9111 §5.2)', () => {
  test('names are caseless, unknown directives are ignored', () => {
    assert.deepEqual(parse('No-StOrE, foobar, MaX-aGe=3600, x="y, private"'), {
      ...NO_DIRECTIVES,
      noStore: true,
      maxAge: 3600,
    })
  })

  test('lines count together', () => {
    const directives = parse('s-maxage=1', 'max-age=2, must-revalidate')
    assert.equal(directives.sMaxage, 1)
    assert.equal(directives.maxAge, 2)
    assert.equal(directives.mustRevalidate, true)
  })

  test('a directive inside a quoted string is none', () => {
    assert.equal(parse('extension="max-age=3600", max-age=1').maxAge, 1)
    assert.equal(parse('max-age=1, extension="max-age=3600"').maxAge, 1)
    assert.equal(parse('extension="max-age=3600"').maxAge, undefined)
  })

  test('after a quote that never closes a lifetime is not believed, a restriction is', () => {
    const directives = parse('extension="a, max-age=3600, no-store')
    assert.equal(directives.maxAge, 0)
    assert.equal(directives.noStore, true)
  })

  test('names of fields come from quoted and unquoted arguments', () => {
    assert.deepEqual(parse('no-cache="Set-Cookie, A", private=B').noCacheFields, ['set-cookie', 'a'])
    assert.deepEqual(parse('no-cache="Set-Cookie, A", private=B').privateFields, ['b'])
    assert.equal(parse('no-cache="Set-Cookie"').noCache, false)
  })

  test('names that cannot be read mean the whole response', () => {
    for (const text of ['private=""', 'private="a b"', 'private= "a"', 'private="a', 'private']) {
      assert.equal(parse(text).private, true, text)
    }
  })

  test('restrictions count with any argument, permissions only without', () => {
    const directives = parse('no-store=0, must-revalidate=x, public=x, must-understand=x, immutable=1')
    assert.equal(directives.noStore, true)
    assert.equal(directives.mustRevalidate, true)
    assert.equal(directives.public || directives.mustUnderstand || directives.immutable, false)
  })
})

describe('delta-seconds (RFC 9111 §1.2.2, §4.2.1)', () => {
  test('digits alone are a lifetime, quoted ones too', () => {
    assert.equal(parse('max-age=3600').maxAge, 3600)
    assert.equal(parse('max-age=003600').maxAge, 3600)
    assert.equal(parse('max-age="3600"').maxAge, 3600)
  })

  test('whatever else is stale', () => {
    const malformed = [
      '',
      '=',
      '=-3600',
      '=3600.0',
      '=3600.5',
      '=a3600',
      '=3600a',
      "='3600'",
      ' =3600',
      '= 3600',
      '=1e9',
      '="36',
    ]
    for (const argument of malformed) assert.equal(parse(`max-age${argument}`).maxAge, 0, argument)
  })

  test('values are clamped to 2^31', () => {
    assert.equal(parse('max-age=2147483647').maxAge, 2147483647)
    assert.equal(parse('max-age=2147483648').maxAge, MAX_DELTA_SECONDS)
    assert.equal(parse('max-age=2147483649').maxAge, MAX_DELTA_SECONDS)
    assert.equal(parse(`max-age=${'9'.repeat(400)}`).maxAge, MAX_DELTA_SECONDS)
  })

  test('the same value twice is one, two values are stale', () => {
    assert.equal(parse('max-age=10, max-age=10').maxAge, 10)
    assert.equal(parse('max-age=1800, max-age=1').maxAge, 0)
    assert.equal(parse('max-age=1800', 'max-age=1').maxAge, 0)
    assert.equal(parse('max-age=1, max-age=2, max-age=1').maxAge, 0)
  })

  test('of two min-fresh the longer, of two max-stale the shorter counts; malformed ones are ignored', () => {
    const directives = parse('min-fresh=1, min-fresh=5, min-fresh=x, max-stale=9, max-stale=3, max-stale=-1')
    assert.equal(directives.minFresh, 5)
    assert.equal(directives.maxStale, 3)
  })

  test('a bare max-stale accepts any staleness', () => {
    assert.equal(parse('max-stale').maxStale, MAX_DELTA_SECONDS)
  })
})

describe('requests (RFC 9111 §5.2.1, §5.4)', () => {
  test('Pragma counts only without Cache-Control', () => {
    assert.equal(requestDirectives(['Pragma', 'No-Cache']).noCache, true)
    assert.equal(requestDirectives(['Pragma', 'no-cache', 'Cache-Control', 'x']).noCache, false)
    assert.equal(requestDirectives(['Pragma', 'foo']).noCache, false)
  })

  test('no-cache with an argument is no-cache', () => {
    assert.equal(requestDirectives(['Cache-Control', 'no-cache="a"']).noCache, true)
  })
})

describe('targeted fields (RFC 9213)', () => {
  test('the first valid one decides alone', () => {
    const policy = responseDirectives([
      'Cache-Control',
      'no-store',
      'CDN-Cache-Control',
      'max-age=10',
      'Pillion-Cache-Control',
      'max-age=20, foo=1;x',
    ])
    assert.equal(policy.source, 'pillion-cache-control')
    assert.deepEqual(policy.directives, { ...NO_DIRECTIVES, maxAge: 20 })
    assert.equal(isTargeted(policy), true)
  })

  test('an invalid or empty one is as if absent', () => {
    const invalid = [
      '',
      'max-age=10000, &&&&&',
      'max-age="10000"',
      'MaX-aGe=1',
      'max-age=1.0',
      'max-age=-1',
      'max-age',
      'no-store=?0',
      'no-store=1',
      'private=(a b)',
      'max-age =100',
      'max-age= 100',
      'max-age=1,',
    ]
    for (const value of invalid) {
      const policy = responseDirectives(['CDN-Cache-Control', value, 'Cache-Control', 'max-age=5'])
      assert.equal(policy.source, 'cache-control', value)
      assert.equal(policy.directives.maxAge, 5, value)
    }
  })

  test('one that names only extensions still decides alone', () => {
    const policy = responseDirectives(['CDN-Cache-Control', 'foo', 'Cache-Control', 'max-age=5'])
    assert.equal(policy.source, 'cdn-cache-control')
    assert.equal(policy.directives.maxAge, undefined)
  })

  test('qualified forms are strings', () => {
    assert.deepEqual(parseTargeted('private="a, B"')?.privateFields, ['a', 'b'])
    assert.equal(parseTargeted('no-cache')?.noCache, true)
  })

  test('large integers are clamped', () => {
    assert.equal(parseTargeted('max-age=99999999999')?.maxAge, MAX_DELTA_SECONDS)
  })

  test('lines are one dictionary, in which the last of a name counts', () => {
    assert.equal(
      responseDirectives(['CDN-Cache-Control', 'max-age=1', 'cdn-cache-control', 'max-age=2']).directives.maxAge,
      2,
    )
  })

  test('Pragma: no-cache of a response counts where nothing else speaks', () => {
    assert.deepEqual(responseDirectives(['Pragma', 'no-cache']).source, 'pragma')
    assert.equal(responseDirectives(['Pragma', 'no-cache', 'Cache-Control', 'max-age=1']).source, 'cache-control')
    assert.equal(responseDirectives([]).source, 'none')
  })
})

describe('for all values', () => {
  const piece = fc.constantFrom(
    'max-age',
    's-maxage',
    'no-cache',
    'private',
    '=',
    '"',
    ',',
    ' ',
    '1',
    '9',
    '\\',
    ';',
    'x',
    '?1',
    '(',
    ')',
    ':',
  )
  const field = fc.oneof(
    fc.string(),
    fc.array(piece).map(pieces => pieces.join('')),
  )

  test('reading never throws and durations lie between 0 and 2^31', () => {
    fc.assert(
      fc.property(fc.array(field), field, (lines, targeted) => {
        for (const directives of [parseCacheControl(lines), parseTargeted(targeted) ?? NO_DIRECTIVES]) {
          for (const value of Object.values(directives)) {
            if (typeof value === 'number') assert.ok(value >= 0 && value <= MAX_DELTA_SECONDS)
          }
        }
      }),
    )
  })

  test('another line never makes max-age longer', () => {
    fc.assert(
      fc.property(field, field, (one, other) => {
        const [alone, both] = [parse(one).maxAge, parse(one, other).maxAge]
        if (alone !== undefined) assert.ok(both !== undefined && both <= alone)
      }),
    )
  })
})
