// What a response says this cache did (RFC 9211), in the forms of contract §3.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseList } from 'structured-headers'
import { milliseconds } from '../../src/base/units.ts'
import { formatCacheStatus } from '../../src/http/cache-status.ts'

const ttl = (seconds: number) => milliseconds(seconds * 1000)

describe('Cache-Status (RFC 9211, contract §3)', () => {
  test('the forms of the contract', () => {
    assert.equal(formatCacheStatus({ forwarded: undefined, ttl: ttl(60) }), 'pillion; hit; ttl=60')
    assert.equal(formatCacheStatus({ forwarded: undefined, ttl: ttl(-3) }), 'pillion; hit; ttl=-3')
    assert.equal(formatCacheStatus({ forwarded: 'stale', forwardStatus: 304 }), 'pillion; fwd=stale; fwd-status=304')
    assert.equal(
      formatCacheStatus({ forwarded: 'stale', detail: 'stale-if-error' }),
      'pillion; fwd=stale; detail=stale-if-error',
    )
    assert.equal(formatCacheStatus({ forwarded: 'uri-miss', collapsed: true }), 'pillion; fwd=uri-miss; collapsed')
    assert.equal(formatCacheStatus({ forwarded: 'bypass' }), 'pillion; fwd=bypass')
    assert.equal(
      formatCacheStatus({ forwarded: 'miss', detail: 'not-accepted' }),
      'pillion; fwd=miss; detail=not-accepted',
    )
    assert.equal(formatCacheStatus({ forwarded: 'uri-miss', stored: true }), 'pillion; fwd=uri-miss; stored')
  })

  test('only what is so is said', () => {
    assert.equal(formatCacheStatus({ forwarded: 'method', stored: false, collapsed: false }), 'pillion; fwd=method')
  })

  test('part of a second left is not a second', () => {
    assert.deepEqual(
      [-1, 0, 999, 1000].map(ms => formatCacheStatus({ forwarded: undefined, ttl: milliseconds(ms) })),
      ['pillion; hit; ttl=-1', 'pillion; hit; ttl=0', 'pillion; hit; ttl=0', 'pillion; hit; ttl=1'],
    )
  })

  test('is a structured field whatever key and detail hold, for all strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (key, detail) => {
        const [member] = parseList(formatCacheStatus({ forwarded: 'miss', key, detail }))
        assert.equal(String(member?.[0]), 'pillion')
        assert.ok(/^[\x20-\x7e]*$/.test(key) === false || member?.[1].get('key') === key)
      }),
    )
  })
})
