// When stale may stand in, and what the client's directives ask for
// (RFC 9111 §4.2.4, §5.2.1, §5.2.2; RFC 5861; contract §2 staleWhileRevalidate, staleIfError).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { parseCacheControl, responseDirectives } from '../../src/http/cache-control.ts'
import type { LifetimeRules } from '../../src/http/freshness.ts'
import { heededDirectives, requestAllows, staleWindows } from '../../src/http/staleness.ts'
import { lifetimeRules } from '../builders/messages.ts'

const ms = (seconds: number) => milliseconds(seconds * 1000)
const routeWindows = { staleWhileRevalidate: ms(5), staleIfError: ms(600) }

function windows(cacheControl: string, rules: Partial<LifetimeRules> = {}, overrides = false) {
  const policy = responseDirectives(['Cache-Control', cacheControl])
  const found = staleWindows(policy, lifetimeRules({ ...routeWindows, ...rules }), { overrides })
  return [found.whileRevalidate / 1000, found.ifError / 1000, found.mustValidate]
}

describe('stale windows (RFC 5861, RFC 9111 §4.2.4)', () => {
  test("the route's where the origin says nothing", () => {
    assert.deepEqual(windows('max-age=1'), [5, 600, false])
  })

  test("the origin's own win under obey, longer or shorter", () => {
    assert.deepEqual(windows('stale-while-revalidate=60, stale-if-error=1'), [60, 1, false])
    assert.deepEqual(windows('stale-while-revalidate=x, stale-if-error=0'), [0, 0, false])
  })

  test('the shorter under cap', () => {
    assert.deepEqual(windows('stale-while-revalidate=60, stale-if-error=1', { origin: 'cap' }), [5, 1, false])
  })

  test('closed by must-revalidate, proxy-revalidate, s-maxage and no-cache, even beside its own windows', () => {
    for (const said of ['must-revalidate', 'proxy-revalidate', 's-maxage=2', 's-maxage=x', 'no-cache']) {
      assert.deepEqual(windows(`max-age=2, stale-if-error=60, ${said}`), [0, 0, true], said)
    }
  })

  test('no-cache for some fields alone closes nothing: those are not stored', () => {
    assert.deepEqual(windows('no-cache="a"'), [5, 600, false])
  })

  test('an overriding rule opens them', () => {
    assert.deepEqual(windows('must-revalidate, no-cache', { origin: 'override' }, true), [5, 600, false])
  })
})

function verdict(request: string, age: number, response = 'max-age=60') {
  const policy = responseDirectives(['Cache-Control', response])
  const facts = { age: ms(age), lifetime: ms(60), windows: staleWindows(policy, lifetimeRules(), { overrides: false }) }
  return requestAllows(parseCacheControl(request === '' ? [] : [request]), facts)
}

describe("the client's directives (RFC 9111 §5.2.1)", () => {
  test('fresh until the lifetime is over', () => {
    assert.deepEqual(
      [59.999, 60, 60.001].map(age => verdict('', age)),
      ['fresh', 'stale', 'stale'],
    )
  })

  test('max-age', () => {
    assert.deepEqual(
      [9.999, 10, 10.001].map(age => verdict('max-age=10', age)),
      ['fresh', 'fresh', 'request-max-age'],
    )
  })

  test('min-fresh', () => {
    assert.deepEqual(
      [49.999, 50, 50.001].map(age => verdict('min-fresh=10', age)),
      ['fresh', 'fresh', 'request-min-fresh'],
    )
  })

  test('max-stale', () => {
    assert.deepEqual(
      [59, 70, 70.001].map(age => verdict('max-stale=10', age)),
      ['fresh', 'stale-accepted', 'stale'],
    )
    assert.equal(verdict('max-stale', 1e6), 'stale-accepted')
  })

  test('max-age still binds beside max-stale', () => {
    assert.deepEqual(
      [10, 10.001].map(age => verdict('max-age=10, max-stale', age)),
      ['fresh', 'request-max-age'],
    )
  })

  test("must-revalidate overrules the client's max-stale", () => {
    assert.equal(verdict('max-stale=30', 61, 'max-age=60, must-revalidate'), 'stale')
  })

  test("no-cache, the client's or the origin's, always asks", () => {
    assert.equal(verdict('no-cache', 0), 'request-no-cache')
    assert.equal(verdict('max-stale', 0, 'no-cache, max-age=60'), 'no-cache')
  })

  test('ignore heeds no-store and only-if-cached alone', () => {
    const directives = parseCacheControl(['no-cache, no-store, max-age=0, only-if-cached'])
    const heeded = heededDirectives(directives, 'ignore')
    assert.deepEqual(
      [heeded.noStore, heeded.onlyIfCached, heeded.noCache, heeded.maxAge],
      [true, true, false, undefined],
    )
    assert.equal(heededDirectives(directives, 'obey'), directives)
  })
})
