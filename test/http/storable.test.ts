// What may be stored, and the reason why not (RFC 9111 §3, §3.5, §5.2.2; contract §2, §3).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds, ratio } from '../../src/base/units.ts'
import { requestDirectives, responseDirectives } from '../../src/http/cache-control.ts'
import { formatHttpDate } from '../../src/http/dates.ts'
import { freshnessLifetime, type LifetimeRules } from '../../src/http/freshness.ts'
import { staleWindows } from '../../src/http/staleness.ts'
import { answersGet, isStorable, type StorableFacts } from '../../src/http/storable.ts'
import {
  aRequest,
  aResponse,
  type FieldRecord,
  lifetimeRules,
  noon,
  type RequestParts,
  secondsAfter,
} from '../builders/messages.ts'

interface Case {
  readonly status?: number
  readonly fields?: FieldRecord
  readonly request?: RequestParts
  readonly rules?: Partial<LifetimeRules>
  readonly facts?: Partial<StorableFacts>
}

function reason({ status = 200, fields = {}, request = {}, rules = {}, facts = {} }: Case): string {
  const response = aResponse({ status, fields })
  const policy = responseDirectives(response.fields)
  const all = lifetimeRules(rules)
  const lifetime = freshnessLifetime(response, all, policy)
  const presented = aRequest(request)
  const found = isStorable({
    request: presented,
    requestDirectives: requestDirectives(presented.fields),
    credentials: 'none',
    keyedBody: false,
    answersGet: false,
    response,
    policy,
    lifetime,
    windows: staleWindows(policy, all, lifetime),
    setCookie: 'refuse',
    parts: false,
    ...facts,
  })
  return found.storable ? 'storable' : found.reason
}

const cacheControl = (value: string) => ({ 'Cache-Control': value })
const fresh = cacheControl('max-age=60')
const ttl = { ttl: milliseconds(60_000) }

describe('storing responses (RFC 9111 §3)', () => {
  test('an explicitly fresh response of any final status is storable', () => {
    const statuses = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599]
    assert.deepEqual(
      statuses.filter(status => reason({ status, fields: fresh }) !== 'storable'),
      [],
    )
  })

  test('no-store and private are not, in any letter case', () => {
    assert.equal(reason({ fields: cacheControl('No-StOrE, max-age=60') }), 'no-store')
    assert.equal(reason({ fields: cacheControl('private, max-age=60') }), 'private')
    assert.equal(reason({ fields: { ...fresh, 'CDN-Cache-Control': 'private' } }), 'private')
  })

  test('private for some fields leaves the rest storable', () => {
    assert.equal(reason({ fields: cacheControl('private="a", max-age=60') }), 'storable')
  })

  test('a targeted field decides although Cache-Control says no-store', () => {
    assert.equal(reason({ fields: { ...cacheControl('no-store'), 'CDN-Cache-Control': 'max-age=9' } }), 'storable')
    assert.equal(reason({ fields: { ...fresh, 'CDN-Cache-Control': 'no-store' } }), 'no-store')
  })

  test("the client's no-store holds", () => {
    assert.equal(reason({ fields: fresh, request: { fields: cacheControl('no-store') } }), 'request-no-store')
  })

  test('an overriding rule wins over no-store, private and no-cache, not over Set-Cookie', () => {
    const rules = { ...ttl, origin: 'override' } as const
    for (const value of ['no-store', 'private', 'no-cache', 'no-store, must-understand']) {
      assert.equal(reason({ fields: cacheControl(value), rules }), 'storable', value)
    }
    assert.equal(reason({ fields: { 'Set-Cookie': 'a=b' }, rules }), 'set-cookie')
  })

  test('only GET, unless the content is part of the key', () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS', 'get', 'M-SEARCH', 'QUERY']) {
      assert.equal(reason({ fields: fresh, request: { method } }), 'method', method)
    }
    assert.equal(reason({ fields: fresh, request: { method: 'POST' }, facts: { keyedBody: true } }), 'storable')
    assert.equal(reason({ fields: fresh, request: { method: 'QUERY' }, facts: { keyedBody: true } }), 'storable')
    assert.equal(reason({ fields: fresh, request: { method: 'POST' }, facts: { answersGet: true } }), 'storable')
  })

  test('what would never be of use is not stored', () => {
    assert.equal(reason({}), 'no-freshness')
    assert.equal(reason({ fields: cacheControl('max-age=0') }), 'no-freshness')
    assert.equal(reason({ fields: cacheControl('no-cache, max-age=60') }), 'no-freshness')
    assert.equal(reason({ rules: { staleIfError: milliseconds(1000) } }), 'no-freshness')
  })

  test('a validator or a stale window makes it of use', () => {
    assert.equal(reason({ fields: { ETag: '"a"' } }), 'storable')
    assert.equal(reason({ fields: { ...cacheControl('no-cache'), ETag: '"a"' } }), 'storable')
    assert.equal(reason({ fields: cacheControl('max-age=0, stale-while-revalidate=9') }), 'storable')
    assert.equal(reason({ fields: cacheControl('max-age=0'), rules: { staleIfError: milliseconds(1000) } }), 'storable')
  })

  test('Vary: * matches nobody, so it is not stored', () => {
    assert.equal(reason({ fields: { ...fresh, Vary: 'a, *' } }), 'vary')
  })
})

describe('status codes (RFC 9111 §3, §4.2.2, §5.2.2.3; RFC 6585)', () => {
  test('beyond 599 nothing is known of a status, so it is not stored (RFC 9110 §15)', () => {
    assert.equal(reason({ status: 600, fields: fresh }), 'status')
    assert.equal(reason({ status: 999, fields: fresh }), 'status')
  })

  test('without explicit freshness only heuristically cacheable ones, or those marked public', () => {
    const fields = { 'Last-Modified': formatHttpDate(secondsAfter(noon, -1000)), Date: formatHttpDate(noon) }
    const rules = { heuristic: ratio(0.1) }
    assert.equal(reason({ status: 404, fields, rules }), 'storable')
    assert.equal(reason({ status: 201, fields, rules }), 'status')
    assert.equal(reason({ status: 599, fields, rules }), 'status')
    assert.equal(reason({ status: 599, fields: { ...fields, ...cacheControl('public') }, rules }), 'storable')
  })

  test('ttl stores what it speaks about, statuses what they name', () => {
    assert.equal(reason({ rules: ttl }), 'storable')
    assert.equal(reason({ status: 302, rules: ttl }), 'status')
    assert.equal(reason({ status: 429, rules: { statuses: new Map([[429, milliseconds(1000)]]) } }), 'storable')
  })

  test('challenges and what RFC 6585 forbids are never stored by themselves', () => {
    const refused = [304, 401, 407, 428, 429, 431, 511].filter(status => reason({ status, fields: fresh }) === 'status')
    assert.deepEqual(refused, [304, 401, 407, 428, 429, 431, 511])
  })

  test('interim responses are not stored', () => {
    assert.equal(reason({ status: 103, fields: fresh }), 'status')
  })

  test('must-understand lifts no-store where the status is understood, and forbids where it is not', () => {
    const fields = cacheControl('max-age=3600, no-store, must-understand')
    assert.equal(reason({ status: 200, fields }), 'storable')
    assert.equal(reason({ status: 599, fields }), 'status')
    assert.equal(reason({ status: 599, fields: cacheControl('max-age=3600, must-understand') }), 'status')
  })

  test('a 206 is a part, with a strong validator and a readable Content-Range alone', () => {
    const part = { ...fresh, 'Content-Range': 'bytes 0-4/10', ETag: '"a"' }
    assert.equal(reason({ status: 206, fields: part }), 'partial')
    assert.equal(reason({ status: 206, fields: part, facts: { parts: true } }), 'storable')
    assert.equal(reason({ status: 206, fields: { ...part, ETag: 'W/"a"' }, facts: { parts: true } }), 'partial')
    assert.equal(
      reason({ status: 206, fields: { ...part, 'Content-Range': 'bytes 4-1/10' }, facts: { parts: true } }),
      'partial',
    )
    assert.equal(reason({ status: 206, fields: { ...fresh, ETag: '"a"' }, facts: { parts: true } }), 'partial')
  })
})

describe('credentials and cookies (RFC 9111 §3.5, contract §2 share: auto)', () => {
  const allowed = (credentials: 'authorization' | 'other') =>
    [
      'max-age=60',
      'max-age=60, public',
      's-maxage=60',
      'max-age=60, must-revalidate',
      'max-age=60, proxy-revalidate',
    ].map(value => reason({ fields: cacheControl(value), facts: { credentials } }) === 'storable')

  test('Authorization needs public, s-maxage or must-revalidate', () => {
    assert.deepEqual(allowed('authorization'), [false, true, true, true, false])
  })

  test('any other credential needs public or s-maxage', () => {
    assert.deepEqual(allowed('other'), [false, true, true, false, false])
  })

  test('Set-Cookie is refused, or stripped where the route says so', () => {
    const fields = { ...fresh, 'Set-Cookie': 'a=b' }
    assert.equal(reason({ fields }), 'set-cookie')
    assert.equal(reason({ fields, facts: { setCookie: 'strip' } }), 'storable')
    assert.equal(reason({ fields: { ...fresh, 'Set-Cookie2': 'a=b' } }), 'storable')
  })
})

describe('a POST that answers later GETs (RFC 9110 §9.3.3)', () => {
  const post = aRequest({ method: 'POST', target: '/a?b' })
  const answer = (fields: FieldRecord, status = 200) => answersGet(post, aResponse({ status, fields }))

  test('needs explicit freshness and a Content-Location that is its target', () => {
    assert.equal(answer({ ...fresh, 'Content-Location': '/a?b' }), true)
    assert.equal(answer({ ...fresh, 'Content-Location': 'http://clinic.example/a?b' }), true)
    assert.equal(answer({ ...fresh, 'Content-Location': '/a' }), false)
    assert.equal(answer({ ...fresh, 'Content-Location': 'http://other.example/a?b' }), false)
    assert.equal(answer({ 'Content-Location': '/a?b' }), false)
    assert.equal(answer(fresh), false)
    assert.equal(answer({ ...fresh, 'Content-Location': '/a?b' }, 404), false)
  })
})
