// How long a response is fresh (RFC 9111 §4.2.1, §4.2.2) and how a route's rules meet
// what the origin says (contract §2: ttl, origin, statuses, heuristic).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Milliseconds, milliseconds, ratio } from '../../src/base/units.ts'
import { formatHttpDate } from '../../src/http/dates.ts'
import { freshnessLifetime, type LifetimeRules } from '../../src/http/freshness.ts'
import { aResponse, type FieldRecord, lifetimeRules, noon, secondsAfter } from '../builders/messages.ts'

const at = (seconds: number) => formatHttpDate(secondsAfter(noon, seconds))
const seconds = (count: number): Milliseconds => milliseconds(count * 1000)

function lifetime(fields: FieldRecord, rules: Partial<LifetimeRules> = {}, status = 200) {
  const found = freshnessLifetime(aResponse({ status, fields }), lifetimeRules(rules))
  return `${found.lifetime / 1000} ${found.source}${found.explicit ? '' : ' implied'}${found.overrides ? ' overriding' : ''}`
}

describe("the origin's word (RFC 9111 §4.2.1)", () => {
  test('s-maxage before max-age before Expires', () => {
    const expires = { Date: at(0), Expires: at(30) }
    assert.equal(lifetime({ 'Cache-Control': 'max-age=1, s-maxage=2', ...expires }), '2 s-maxage')
    assert.equal(lifetime({ 'Cache-Control': 'max-age=1', ...expires }), '1 max-age')
    assert.equal(lifetime({ 'Cache-Control': 'public', ...expires }), '30 expires')
  })

  test('s-maxage wins over max-age=0 and a past Expires', () => {
    assert.equal(lifetime({ Expires: at(-10), 'Cache-Control': 'max-age=0, s-maxage=3600' }), '3600 s-maxage')
  })

  test('Expires counts from Date, whatever our clock says', () => {
    assert.equal(lifetime({ Date: at(400), Expires: at(300) }), '0 expires')
    assert.equal(lifetime({ Date: at(-400), Expires: at(-300) }), '100 expires')
    assert.equal(lifetime({ Date: at(0), Expires: at(0) }), '0 expires')
  })

  test('without a readable Date, Expires counts from receipt', () => {
    assert.equal(lifetime({ Date: 'foo', Expires: at(10) }), '10 expires')
  })

  test('an unreadable or contradictory Expires is expired', () => {
    assert.equal(lifetime({ Date: at(0), Expires: '0' }), '0 expires')
    assert.equal(lifetime({ Date: at(0), Expires: [at(10), at(20)] }), '0 expires')
  })

  test('nothing said is nothing known', () => {
    assert.equal(lifetime({}), '0 none implied')
  })

  test('a targeted field decides alone, Expires is not looked at (RFC 9213 §2.2)', () => {
    const fields = { 'Cache-Control': 'max-age=1', Date: at(0), Expires: at(30) }
    assert.equal(lifetime({ ...fields, 'CDN-Cache-Control': 'max-age=9' }), '9 cdn-cache-control')
    assert.equal(lifetime({ ...fields, 'CDN-Cache-Control': 'foo' }), '0 none implied')
    assert.equal(
      lifetime({ ...fields, 'CDN-Cache-Control': 'max-age=9', 'Pillion-Cache-Control': 's-maxage=7, max-age=8' }),
      '7 pillion-cache-control',
    )
  })
})

describe('origin: obey (contract §2)', () => {
  const rules = { ttl: seconds(60) }

  test('ttl counts where the origin is silent', () => {
    assert.equal(lifetime({}, rules), '60 ttl implied')
    assert.equal(lifetime({ 'Cache-Control': 'public, must-revalidate' }, rules), '60 ttl implied')
  })

  test('any of the named statements silences ttl', () => {
    for (const value of ['no-cache', 'no-store', 'private', 'no-cache="a"', 'private="a"']) {
      assert.equal(lifetime({ 'Cache-Control': value }, rules), '0 none implied', value)
    }
    assert.equal(lifetime({ 'Cache-Control': 'max-age=0' }, rules), '0 max-age')
    assert.equal(lifetime({ Expires: 'never' }, rules), '0 expires')
    assert.equal(lifetime({ 'CDN-Cache-Control': 'public' }, rules), '0 none implied')
    assert.equal(lifetime({ Pragma: 'no-cache' }, rules), '0 none implied')
  })

  test('ttl speaks about 200, 203, 301 and 308 alone', () => {
    const ruled = [200, 201, 203, 204, 301, 302, 308, 404, 500].filter(status =>
      lifetime({}, rules, status).startsWith('60'),
    )
    assert.deepEqual(ruled, [200, 203, 301, 308])
  })

  test('statuses give a lifetime of their own', () => {
    const own = {
      ...rules,
      statuses: new Map([
        [404, seconds(5)],
        [200, seconds(7)],
      ]),
    }
    assert.equal(lifetime({}, own, 404), '5 statuses implied')
    assert.equal(lifetime({}, own, 200), '7 statuses implied')
    assert.equal(lifetime({ 'Cache-Control': 'max-age=3' }, own, 404), '3 max-age')
  })
})

describe('origin: cap and override (contract §2)', () => {
  test('cap takes the shorter, and ttl where the origin is silent', () => {
    const rules = { ttl: seconds(60), origin: 'cap' } as const
    assert.equal(lifetime({ 'Cache-Control': 'max-age=59' }, rules), '59 max-age')
    assert.equal(lifetime({ 'Cache-Control': 'max-age=60' }, rules), '60 max-age')
    assert.equal(lifetime({ 'Cache-Control': 'max-age=61' }, rules), '60 ttl implied')
    assert.equal(lifetime({}, rules), '60 ttl implied')
    assert.equal(lifetime({ 'Cache-Control': 'no-store' }, rules), '0 none implied')
  })

  test('override replaces whatever the origin said', () => {
    const rules = { ttl: seconds(60), origin: 'override' } as const
    for (const value of ['max-age=9999', 'no-store', 'private', 'no-cache']) {
      assert.equal(lifetime({ 'Cache-Control': value }, rules), '60 ttl implied overriding', value)
    }
  })

  test('where no rule speaks about the status, override leaves it to the origin', () => {
    const rules = { ttl: seconds(60), origin: 'override' } as const
    assert.equal(lifetime({ 'Cache-Control': 'max-age=5' }, rules, 404), '5 max-age')
  })
})

describe('heuristics (RFC 9111 §4.2.2)', () => {
  const rules = { heuristic: ratio(0.1) }
  const modified = { Date: at(0), 'Last-Modified': at(-1000) }

  test('a share of the time since Last-Modified', () => {
    assert.equal(lifetime(modified, rules), '100 heuristic implied')
    assert.equal(lifetime(modified), '0 none implied')
  })

  test('only for heuristically cacheable statuses, or any marked public', () => {
    const statuses = [200, 201, 202, 203, 204, 300, 301, 302, 308, 403, 404, 405, 410, 414, 501, 502, 503, 599]
    const fresh = statuses.filter(status => lifetime(modified, rules, status).startsWith('100'))
    assert.deepEqual(fresh, [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
    assert.equal(lifetime({ ...modified, 'Cache-Control': 'public' }, rules, 599), '100 heuristic implied')
  })

  test('never where an explicit time or ttl speaks', () => {
    assert.equal(lifetime({ ...modified, 'Cache-Control': 'max-age=0' }, rules), '0 max-age')
    assert.equal(lifetime({ ...modified, Expires: '0' }, rules), '0 expires')
    assert.equal(lifetime(modified, { ...rules, ttl: seconds(5) }), '5 ttl implied')
    assert.equal(lifetime({ ...modified, Pragma: 'no-cache' }, rules), '0 none implied')
  })

  test('a Last-Modified in the future, or an unreadable one, says nothing', () => {
    assert.equal(lifetime({ Date: at(0), 'Last-Modified': at(1) }, rules), '0 none implied')
    assert.equal(lifetime({ Date: at(0), 'Last-Modified': 'x' }, rules), '0 none implied')
  })
})
