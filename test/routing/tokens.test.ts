// When does what looks like a token end by its own word, and what does looking cost?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { claimedExpiry } from '../../src/routing/tokens.ts'

const tokenUntil = (exp: number) => {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ exp })}.c2ln`
}

describe('claimed expiry', () => {
  test('the earliest of all tokens counts, wherever they stand', () => {
    const cookies = `_ga=GA1.2.123456789.1600000000; session=${tokenUntil(300)}; other="${tokenUntil(200)}"`
    assert.equal(claimedExpiry([`Bearer ${tokenUntil(400)}`, cookies]), 200_000)
    assert.equal(claimedExpiry([`prefix.${tokenUntil(100)}`]), 100_000)
  })

  test('what is no token says nothing', () => {
    assert.equal(claimedExpiry(['Bearer opaque', 'a.b.c', '....', '']), undefined)
  })

  test('a long text without a token is looked through in linear time', () => {
    for (const text of ['a'.repeat(16_384), 'aaaa.'.repeat(3_000), 'a'.repeat(8_000).concat('.').repeat(2)]) {
      const started = performance.now()
      assert.equal(claimedExpiry([text]), undefined)
      const took = performance.now() - started
      // Quadratic, it took a second.
      assert.ok(took < 250, `${took} ms`)
    }
  })
})
