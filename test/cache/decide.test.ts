// Is it reuse, a forward request or a refusal, and for which reason?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Decision, decide, mayServeOnError, termsOf } from '../../src/cache/decide.ts'
import { noon, secondsAfter } from '../builders/messages.ts'
import { aRoute } from '../routing/builders.ts'
import { aStoredResponse } from '../store/stored-responses.ts'
import { type FactParts, someFacts } from './surroundings.ts'

function outcome(parts: FactParts): string {
  const decision: Decision = decide(someFacts(parts))
  if (decision.kind !== 'forward') return `${decision.kind} ${decision.reason}`
  return `forward ${decision.because}${decision.detail === undefined ? '' : ` ${decision.detail}`}`
}

const stored = aStoredResponse()
const at = (age: number) => secondsAfter(noon, age)
const asks = (control: string) => ({ fields: { 'Cache-Control': control } })

describe('what no stored response could answer', () => {
  const cases: [string, FactParts, string][] = [
    ['an unsafe method', { request: { method: 'POST' }, stored }, 'forward method'],
    ['a safe method that is neither GET nor HEAD', { request: { method: 'OPTIONS' }, stored }, 'forward method'],
    ['cache: off', { route: 'cache: off', stored }, 'forward bypass cache-off'],
    ['a GET with content', { request: { hasBody: true }, stored }, 'forward bypass request-content'],
    [
      'a method override',
      { request: { fields: { 'X-HTTP-Method-Override': 'DELETE' } }, stored },
      'forward bypass method-override',
    ],
    [
      'a caller nobody can name',
      { sharing: { refusal: 'identity-missing', credentials: 'none' }, stored },
      'forward bypass identity-missing',
    ],
    ["the client's no-store", { request: asks('no-store'), stored }, 'forward request no-store'],
    [
      'a keyed POST is not one of them',
      { request: { method: 'POST', hasBody: true, bodyDigest: 'd' }, route: 'ttl: 1m, body: true', stored },
      'reuse fresh',
    ],
  ]
  for (const [name, parts, expected] of cases) {
    test(name, () => {
      assert.equal(outcome(parts), expected)
    })
  }

  test('none of them may be stored, collapsed or freshened', () => {
    for (const [, parts] of cases.slice(0, -1)) {
      const decision = decide(someFacts(parts))
      assert.ok(decision.kind === 'forward')
      assert.deepEqual([decision.mayStore, decision.mayCollapse, decision.stored], [false, false, undefined])
    }
  })
})

describe('misses', () => {
  test('nothing stored is a uri-miss, other variants alone a vary-miss, a hard purge a miss', () => {
    assert.equal(outcome({}), 'forward uri-miss')
    assert.equal(outcome({ otherVariants: true }), 'forward vary-miss')
    assert.equal(outcome({ stored, standing: 'hard' }), 'forward uri-miss')
  })

  const misses: [string, FactParts, boolean, boolean][] = [
    ['a plain GET is stored and collapsed', {}, true, true],
    ['a HEAD neither', { request: { method: 'HEAD' } }, false, false],
    ['a range neither', { request: { fields: { Range: 'bytes=0-1' } } }, false, false],
    [
      'credentials are stored if the origin says so, never collapsed',
      { sharing: { refusal: undefined, credentials: 'authorization' } },
      true,
      false,
    ],
    ["the client's no-cache waits for nobody", { request: asks('no-cache') }, true, false],
    ['an event stream is waited for by nobody', { request: { fields: { Accept: 'text/event-stream' } } }, true, false],
  ]
  for (const [name, parts, mayStore, mayCollapse] of misses) {
    test(name, () => {
      const decision = decide(someFacts(parts))
      assert.ok(decision.kind === 'forward')
      assert.deepEqual([decision.mayStore, decision.mayCollapse], [mayStore, mayCollapse])
    })
  }

  test('with credentials what the origin did not make public is not taken', () => {
    const sharing = { refusal: undefined, credentials: 'other' } as const
    assert.equal(outcome({ stored, sharing }), 'forward bypass credentials')
    const open = aStoredResponse({ fields: { 'Cache-Control': 'public' } })
    assert.equal(outcome({ stored: open, sharing }), 'reuse fresh')
  })
})

describe('freshness (RFC 9111 §4.2)', () => {
  test('a response is fresh before the end of its lifetime, stale at it and after it', () => {
    assert.deepEqual(
      [59, 60, 61].map(age => outcome({ stored, now: at(age) })),
      ['reuse fresh', 'forward stale', 'forward stale'],
    )
  })

  test('what is left and the age are said, a stale one is what the origin is asked about', () => {
    const fresh = decide(someFacts({ stored, now: at(20) }))
    assert.ok(fresh.kind === 'reuse')
    assert.deepEqual([fresh.age, fresh.remaining, fresh.refresh], [20_000, 40_000, false])
    const asked = decide(someFacts({ stored, now: at(60) }))
    assert.ok(asked.kind === 'forward')
    assert.equal(asked.stored, stored)
  })

  test('a soft purge ends freshness', () => {
    assert.equal(outcome({ stored, standing: 'soft', now: at(1) }), 'forward stale')
  })

  test('a soft purge is when stale windows begin', () => {
    const route = 'ttl: 1m, staleWhileRevalidate: 5s, staleIfError: 5s'
    const facts = { stored, route, standing: 'soft', staleSince: at(10) } as const
    assert.equal(outcome({ ...facts, now: at(14) }), 'reuse stale-while-revalidate')
    assert.equal(outcome({ ...facts, now: at(15) }), 'forward stale')
    const onError = (age: number) => mayServeOnError(someFacts({ ...facts, now: at(age) }), stored)
    assert.deepEqual([14, 15, 16].map(onError), [true, true, false])
  })

  test('a lowered ttl holds at once', () => {
    assert.equal(outcome({ stored, now: at(30), route: 'ttl: 20s' }), 'forward stale')
  })

  test('jitter moves the end by where the response was put, and leaves what the origin stated alone', () => {
    const route = aRoute('ttl: 100s, jitter: 10%')
    assert.equal(termsOf(aStoredResponse({ jitterAt: -1 }), route).lifetime, 90_000)
    assert.equal(termsOf(aStoredResponse({ jitterAt: 0.5 }), route).lifetime, 105_000)
    const explicit = aStoredResponse({ jitterAt: 1, fields: { 'Cache-Control': 'max-age=100' } })
    assert.equal(termsOf(explicit, route).lifetime, 100_000)
  })
})

describe("the client's directives (RFC 9111 §5.2.1)", () => {
  const cases: [string, number, string][] = [
    ['no-cache', 1, 'forward request'],
    ['max-age=10', 10, 'reuse fresh'],
    ['max-age=10', 11, 'forward request'],
    ['min-fresh=30', 30, 'reuse fresh'],
    ['min-fresh=30', 31, 'forward request'],
    ['max-stale=5', 65, 'reuse max-stale'],
    ['max-stale=5', 66, 'forward stale'],
    ['only-if-cached', 1, 'reuse fresh'],
    ['only-if-cached', 60, 'refuse only-if-cached'],
  ]
  for (const [control, age, expected] of cases) {
    test(`${control} at ${age} s: ${expected}`, () => {
      assert.equal(outcome({ stored, now: at(age), request: asks(control) }), expected)
    })
  }

  test("must-revalidate overrules the client's max-stale", () => {
    const strict = aStoredResponse({ fields: { 'Cache-Control': 'max-age=60, must-revalidate' } })
    assert.equal(outcome({ stored: strict, now: at(61), request: asks('max-stale=30') }), 'forward stale')
  })
})

describe('serving stale (RFC 5861)', () => {
  const route = 'ttl: 60s, staleWhileRevalidate: 10s, staleIfError: 20s'

  test('stale-while-revalidate reuses up to the end of its window and asks for a refresh', () => {
    assert.deepEqual(
      [60, 69, 70].map(age => outcome({ stored, now: at(age), route })),
      ['reuse stale-while-revalidate', 'reuse stale-while-revalidate', 'forward stale'],
    )
    const decision = decide(someFacts({ stored, now: at(65), route }))
    assert.ok(decision.kind === 'reuse')
    assert.deepEqual([decision.refresh, decision.remaining], [true, -5_000])
  })

  test('stale-if-error ends with its window, a hard purge ends it at once', () => {
    const may = (age: number, standing: 'kept' | 'hard' = 'kept') =>
      mayServeOnError(someFacts({ now: at(age), route, standing }), stored)
    assert.deepEqual(
      [79, 80, 81].map(age => may(age)),
      [true, true, false],
    )
    assert.equal(may(70, 'hard'), false)
  })

  for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
    test(`${directive} forbids both`, () => {
      const strict = aStoredResponse({ fields: { 'Cache-Control': `max-age=60, ${directive}` } })
      assert.equal(outcome({ stored: strict, now: at(61), route }), 'forward stale')
      assert.equal(mayServeOnError(someFacts({ now: at(61), route }), strict), false)
    })
  }
})
